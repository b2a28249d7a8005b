//! A log, a server that serves it in any way it is allowed to, and a client that must end with the server's rows.

use crate::client::replica::{Event, Events, Replica, Row};
use crate::protocol::{Cursor, Op, Seq, Snapshot, SubscriptionOps, Transition, Welcome};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The oracle: the rows as they were after each position of the log.
struct Log {
    epoch: String,
    states: Vec<BTreeMap<u8, (Seq, bool)>>,
}

/// What happens next in a run.
#[derive(Clone, Debug)]
enum Step {
    /// Rows are put (or with `None` deleted), each in a commit of its own.
    Write(Vec<(u8, Option<bool>)>),
    /// The client is brought to the head by a transition, whose operations are net or not, and may be there already.
    Push { net: bool, twice: bool },
    /// A watermark: only where the client is at the head anyway.
    Watermark,
    /// A second subscription is opened, or closed.
    Toggle,
    /// The connection breaks in the middle of a snapshot of so many pages, if there is one.
    Reconnect {
        reset: bool,
        pages: usize,
        whole: bool,
    },
    /// The database is restored from a backup.
    Restore { back: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = prop::collection::vec((0..6u8, prop::option::of(any::<bool>())), 1..5);
    let reconnect = (any::<bool>(), 1..4usize, prop::bool::weighted(0.7));
    prop::collection::vec(
        prop_oneof![
            6 => write.prop_map(Step::Write),
            4 => (any::<bool>(), any::<bool>()).prop_map(|(net, twice)| Step::Push { net, twice }),
            1 => Just(Step::Watermark),
            1 => Just(Step::Toggle),
            2 => reconnect.prop_map(|(reset, pages, whole)| Step::Reconnect { reset, pages, whole }),
            1 => (1..5usize).prop_map(|back| Step::Restore { back }),
        ],
        1..60,
    )
}

impl Log {
    fn head(&self) -> Seq {
        self.states.len() as Seq - 1
    }

    fn state(&self, at: Seq) -> &BTreeMap<u8, (Seq, bool)> {
        &self.states[at as usize]
    }

    fn write(&mut self, id: u8, value: Option<bool>) {
        let mut rows = self.state(self.head()).clone();
        match value {
            Some(value) => drop(rows.insert(id, (self.head() + 1, value))),
            None => drop(rows.remove(&id)),
        }
        self.states.push(rows);
    }

    /// The operations from one state to the next.
    fn between(&self, from: Seq, to: Seq) -> Vec<Op> {
        let (old, new) = (self.state(from), self.state(to));
        let gone = old.keys().filter(|id| !new.contains_key(id));
        let gone = gone.map(|id| Op::Leave(json!(id), "d".into()));
        let put = new.iter().filter(|(id, row)| old.get(id) != Some(row));
        let put = put.map(|(id, (v, value))| match old.get(id) {
            Some(_) => Op::Change(
                json!(id),
                *v,
                Map::from_iter([("x".into(), json!([v, value]))]),
            ),
            None => Op::Enter(json!(id), *v, vec![json!(id), json!([v, value])]),
        });
        gone.chain(put).collect()
    }

    fn ops(&self, from: Seq, to: Seq, net: bool) -> Vec<Op> {
        if net {
            self.between(from, to)
        } else {
            (from..to).flat_map(|at| self.between(at, at + 1)).collect()
        }
    }
}

/// A client, its consumer's copy of each subscription's rows, and the server's side of its connection.
struct Run {
    log: Log,
    replica: Replica,
    seen: BTreeMap<u32, Option<BTreeMap<String, Value>>>,
}

impl Run {
    fn fold(&mut self, events: Events) {
        for (sid, event) in events {
            let seen = self
                .seen
                .get_mut(&sid)
                .expect("events are about open subscriptions");
            let key = |row: &Row| row.id.to_string();
            match event {
                Event::Snapshot(rows) => {
                    assert!(seen.is_none(), "one snapshot a subscription");
                    *seen = Some(
                        rows.iter()
                            .map(|row| (key(row), json!(row.values)))
                            .collect(),
                    );
                }
                Event::Put { before, after } => {
                    let before = before.map(|row| json!(row.values));
                    assert_ne!(before, Some(json!(after.values)), "nothing is told twice");
                    let rows = seen.as_mut().expect("a snapshot comes first");
                    assert_eq!(rows.insert(key(&after), json!(after.values)), before);
                }
                Event::Gone { row, .. } => {
                    let rows = seen.as_mut().expect("a snapshot comes first");
                    assert_eq!(rows.remove(&key(&row)), Some(json!(row.values)));
                }
                Event::Failed(error) => panic!("{error}"),
            }
        }
    }

    fn transition(&mut self, from: Seq, net: bool) {
        let ops = self.log.ops(from, self.log.head(), net);
        let parts = self
            .seen
            .keys()
            .map(|sid| SubscriptionOps(*sid, ops.clone()))
            .collect();
        let mut events = Vec::new();
        let transition = Transition(from, self.log.head(), 0, parts);
        self.replica.transition(transition, &mut events).unwrap();
        self.fold(events);
    }

    fn snapshot(&mut self, sid: u32, pages: usize, whole: bool) {
        let head = self.log.head();
        let rows: Vec<(Seq, Vec<Value>)> = (self.log.state(head).iter())
            .map(|(id, (v, value))| (*v, vec![json!(id), json!([v, value])]))
            .collect();
        let size = rows.len().div_ceil(pages).max(1);
        let mut parts: Vec<Vec<_>> = rows.chunks(size).map(<[_]>::to_vec).collect();
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        let count = parts.len();
        for (number, part) in parts.into_iter().enumerate() {
            let last = number + 1 == count;
            if last && !whole {
                // Changes that arrive between two pages belong after the snapshot.
                break;
            }
            let mut events = Vec::new();
            let page = Snapshot(sid, number as u32, part, last);
            self.replica.snapshot(page, &mut events).unwrap();
            self.fold(events);
        }
    }

    fn connect(&mut self, reset: bool, pages: usize, whole: bool) {
        let openings = self.replica.openings();
        let mut verdicts = BTreeMap::new();
        let mut from = None;
        for opening in &openings {
            match &opening.2 {
                Some(Cursor(epoch, seq))
                    if *epoch == self.log.epoch && *seq <= self.log.head() && !reset =>
                {
                    assert!(
                        from.is_none_or(|from| from == *seq),
                        "one position a client"
                    );
                    from = Some(*seq);
                    verdicts.insert(opening.0, "replay".to_string());
                }
                _ => drop(verdicts.insert(opening.0, "reset".to_string())),
            }
        }
        let welcome = json!({
            "v": 1, "epoch": self.log.epoch, "seq": self.log.head(), "last_mid": 0,
            "cols": {"todos": ["id", "x"]}, "ids": {"todos": "id"}, "subs": verdicts,
        });
        let welcome: Welcome = serde_json::from_value(welcome).unwrap();
        self.replica.welcome(&welcome);
        if let Some(from) = from
            && from < self.log.head()
        {
            let ops = self.log.ops(from, self.log.head(), true);
            let replayed = verdicts.iter().filter(|(_, verdict)| *verdict == "replay");
            let parts = replayed
                .map(|(sid, _)| SubscriptionOps(*sid, ops.clone()))
                .collect();
            let mut events = Vec::new();
            let transition = Transition(from, self.log.head(), 0, parts);
            self.replica.transition(transition, &mut events).unwrap();
            self.fold(events);
        }
        for (sid, verdict) in &verdicts {
            if verdict == "reset" {
                self.snapshot(*sid, pages, whole);
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write(writes) => {
                for (id, value) in writes {
                    self.log.write(id, value);
                }
            }
            Step::Push { net, twice } => {
                let from = self.replica.position();
                self.transition(from, net);
                if twice && from < self.log.head() {
                    self.transition(from, net);
                }
            }
            Step::Watermark => {
                if self.replica.position() == self.log.head() {
                    self.log
                        .states
                        .push(self.log.state(self.log.head()).clone());
                    self.replica.watermark(self.log.head());
                }
            }
            Step::Toggle => {
                if self.seen.remove(&2).is_some() {
                    self.replica.close(2);
                } else {
                    self.seen.insert(2, None);
                    self.replica.open(2, json!({"collection": "todos"}));
                    // The server brings the client to the snapshot's position first.
                    self.transition(self.replica.position(), true);
                    self.snapshot(2, 2, true);
                }
            }
            Step::Reconnect {
                reset,
                pages,
                whole,
            } => self.connect(reset, pages, whole),
            Step::Restore { back } => {
                let left = self.log.states.len().saturating_sub(back).max(1);
                self.log.states.truncate(left);
                self.log.epoch.push('+');
                self.connect(false, 1, true);
            }
        }
    }

    fn check(&mut self) {
        self.connect(false, 1, true);
        let head = self.log.state(self.log.head());
        let expected: BTreeMap<String, Value> = (head.iter())
            .map(|(id, (v, value))| (id.to_string(), json!({"id": id, "x": [v, value]})))
            .collect();
        for (sid, seen) in &self.seen {
            let rows = self.replica.rows(*sid).unwrap();
            let rows = rows
                .iter()
                .map(|(id, row): (&Value, &Arc<Row>)| (id.to_string(), json!(row.values)));
            assert_eq!(rows.collect::<BTreeMap<_, _>>(), expected);
            assert_eq!(seen.as_ref(), Some(&expected));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn the_rows_and_the_folded_events_are_the_servers_rows(steps in steps()) {
        let mut replica = Replica::default();
        replica.open(1, json!({"collection": "todos"}));
        let log = Log { epoch: "e".into(), states: vec![BTreeMap::new()] };
        let mut run = Run { log, replica, seen: [(1, None)].into() };
        run.connect(false, 1, true);
        for step in steps {
            run.step(step);
        }
        run.check();
    }
}

#[test]
fn changes_between_two_pages_come_after_the_snapshot() {
    let mut replica = Replica::default();
    replica.open(1, json!({"collection": "todos"}));
    let welcome = json!({"v": 1, "epoch": "e", "seq": 5, "last_mid": 0,
        "cols": {"todos": ["id", "x"]}, "subs": {"1": "reset"}});
    replica.welcome(&serde_json::from_value(welcome).unwrap());
    let mut events = Vec::new();
    let page = |n, id: &str, last| Snapshot(1, n, vec![(3, vec![json!(id), json!(1)])], last);
    replica.snapshot(page(0, "a", false), &mut events).unwrap();
    let gone = SubscriptionOps(1, vec![Op::Leave(json!("b"), "d".into())]);
    replica
        .transition(Transition(5, 6, 0, vec![gone]), &mut events)
        .unwrap();
    assert_eq!(events, []);
    replica.snapshot(page(1, "b", true), &mut events).unwrap();
    let ids: Vec<&Value> = replica.rows(1).unwrap().keys().collect();
    assert_eq!(ids, [&json!("a")]);
    assert_eq!(
        events.len(),
        2,
        "the snapshot, and the row that left: {events:?}"
    );
}

#[test]
fn a_change_of_an_unknown_row_gives_up_the_cursor_of_its_subscription_only() {
    let mut replica = Replica::default();
    for sid in [1, 2] {
        replica.open(sid, json!({"collection": "todos"}));
    }
    let welcome = json!({"v": 1, "epoch": "e", "seq": 5, "last_mid": 0,
        "cols": {"todos": ["id", "x"]}, "subs": {"1": "reset", "2": "reset"}});
    replica.welcome(&serde_json::from_value(welcome).unwrap());
    let mut events = Vec::new();
    for sid in [1, 2] {
        replica
            .snapshot(Snapshot(sid, 0, vec![], true), &mut events)
            .unwrap();
    }
    let change = SubscriptionOps(1, vec![Op::Change(json!("a"), 6, Map::new())]);
    let enter = SubscriptionOps(
        2,
        vec![Op::Enter(json!("a"), 6, vec![json!("a"), json!(1)])],
    );
    let outcome = replica.transition(Transition(5, 6, 0, vec![change, enter]), &mut events);
    assert!(outcome.is_err());
    let cursors: Vec<bool> = replica
        .openings()
        .iter()
        .map(|one| one.2.is_some())
        .collect();
    assert_eq!(cursors, [false, true]);
    assert_eq!(
        events.len(),
        3,
        "what happened elsewhere is told: {events:?}"
    );
}

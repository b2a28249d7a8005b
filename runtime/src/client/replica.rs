//! What the client knows of its subscriptions: server frames in, rows and events out.
//!
//! Invariant: no I/O and no clock. After every frame, the events that a subscription has given, folded from the first
//! snapshot on, are its rows: nothing is missing and nothing is there twice, whatever was replayed or reset.

use crate::protocol::{
    Code, Cursor, Digest, Error, Have, Op, Opening, Seq, Sid, Snapshot, SubscriptionOps,
    Transition, Welcome,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A row as it is on the wire, at a version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: Value,
    pub(super) v: Seq,
    pub(super) values: Map<String, Value>,
}

/// Why a row is no longer among those of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It was deleted.
    Deleted,
    /// It is no longer one of the rows that the query chooses.
    Left,
    /// The caller may no longer see it.
    Revoked,
    /// It was gone after an interruption that was too long for the server to say what happened meanwhile.
    Missing,
    /// It is there, but has become something that this program's model is not.
    Unreadable,
}

/// What happened to the rows of a subscription.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The first complete state.
    Snapshot(Vec<Arc<Row>>),
    /// A row is new (`before` is `None`) or different.
    Put {
        before: Option<Arc<Row>>,
        after: Arc<Row>,
    },
    /// A row, as it was last known, is gone.
    Gone { row: Arc<Row>, why: Why },
    /// The subscription has ended.
    Failed(Error),
}

/// The client is no longer in step with the server, and must resume.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OutOfStep(pub(super) String);

/// What happened, by subscription, in order.
pub(super) type Events = Vec<(Sid, Event)>;
/// Whether the client is still in step.
pub(super) type Outcome = Result<(), OutOfStep>;

/// All subscriptions of a client, at one position of the log.
#[derive(Debug, Default)]
pub(super) struct Replica {
    epoch: String,
    position: Seq,
    columns: BTreeMap<String, Arc<[String]>>,
    ids: BTreeMap<String, String>,
    subscriptions: BTreeMap<Sid, Subscription>,
}

#[derive(Debug)]
struct Subscription {
    query: Value,
    collection: String,
    rows: HashMap<Value, Arc<Row>>,
    /// Whether there was ever a complete state: the next one is then told as the differences to it.
    known: bool,
    /// Whether `rows` are those at the replica's position, so that a cursor may be sent for them.
    current: bool,
    /// The pages of a snapshot so far, and the operations that came after its first page.
    incoming: Option<Incoming>,
}

#[derive(Debug, Default)]
struct Incoming {
    pages: u32,
    rows: HashMap<Value, Arc<Row>>,
    order: Vec<Value>,
    later: Vec<Op>,
}

impl Replica {
    /// Where the client is in the log.
    pub(super) fn position(&self) -> Seq {
        self.position
    }

    /// The incarnation of the log that the position is in.
    #[cfg(test)]
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The rows of a subscription, once there was a complete state.
    #[cfg(test)]
    pub(super) fn rows(&self, sid: Sid) -> Option<&HashMap<Value, Arc<Row>>> {
        let subscription = self.subscriptions.get(&sid)?;
        subscription.known.then_some(&subscription.rows)
    }

    /// A new subscription; the query must be `{collection, …}`.
    pub(super) fn open(&mut self, sid: Sid, query: Value) {
        let collection = query["collection"].as_str().unwrap_or_default().to_string();
        self.subscriptions.insert(
            sid,
            Subscription {
                query,
                collection,
                rows: HashMap::new(),
                known: false,
                current: false,
                incoming: None,
            },
        );
    }

    /// Forgets a subscription; frames about it are ignored from now on.
    pub(super) fn close(&mut self, sid: Sid) {
        self.subscriptions.remove(&sid);
    }

    /// A subscription as it is opened or resumed.
    pub(super) fn opening(&self, sid: Sid) -> Option<Opening> {
        let subscription = self.subscriptions.get(&sid)?;
        let cursor = (subscription.current).then(|| Cursor(self.epoch.clone(), self.position));
        let have = (subscription.current).then(|| subscription.have());
        Some(Opening(sid, subscription.query.clone(), cursor, have))
    }

    /// All subscriptions, for a hello.
    pub(super) fn openings(&self) -> Vec<Opening> {
        let sids = self.subscriptions.keys();
        sids.filter_map(|sid| self.opening(*sid)).collect()
    }

    /// `W`: the columns, which subscriptions will be replayed, which come anew, and which are as they were.
    pub(super) fn welcome(&mut self, welcome: &Welcome) {
        let columns = welcome.cols.iter();
        self.columns = columns
            .map(|(name, columns)| (name.clone(), columns.as_slice().into()))
            .collect();
        self.ids.clone_from(&welcome.ids);
        let same_log = self.epoch == welcome.epoch;
        self.epoch.clone_from(&welcome.epoch);
        let mut replayed = false;
        for (sid, subscription) in &mut self.subscriptions {
            subscription.incoming = None;
            let verdict = welcome.subs.get(sid).map(String::as_str);
            subscription.current &= same_log && matches!(verdict, Some("replay" | "diff"));
            replayed |= subscription.current && verdict == Some("replay");
        }
        // A replay brings the client from where it was; without one there is nothing before the welcome's position.
        if !replayed {
            self.position = welcome.seq;
        }
    }

    /// `G`: nothing for this client up to here.
    pub(super) fn watermark(&mut self, to: Seq) {
        self.position = self.position.max(to);
    }

    /// `C`: a page of a snapshot. With the last one the new state replaces the old one.
    /// What happened is added to `events`, also when the outcome is an error.
    pub(super) fn snapshot(&mut self, page: Snapshot, events: &mut Events) -> Outcome {
        let Snapshot(sid, number, rows, last) = page;
        let Some(subscription) = self.subscriptions.get_mut(&sid) else {
            return Ok(());
        };
        if number == 0 {
            subscription.incoming = Some(Incoming::default());
            subscription.current = false;
        }
        let incoming = match &mut subscription.incoming {
            Some(incoming) if incoming.pages == number => incoming,
            _ => {
                return Err(OutOfStep(format!(
                    "page {number} of the snapshot of subscription {sid} came out of order"
                )));
            }
        };
        incoming.pages += 1;
        let layout = Layout::of(&self.columns, &self.ids, &subscription.collection);
        for (v, tuple) in rows {
            let Some(row) = layout.row(None, v, tuple) else {
                self.subscriptions.remove(&sid);
                events.push((sid, Event::Failed(no_id())));
                return Ok(());
            };
            let row = Arc::new(row);
            if incoming.rows.insert(row.id.clone(), row.clone()).is_none() {
                incoming.order.push(row.id.clone());
            }
        }
        if !last {
            return Ok(());
        }
        let incoming = subscription.incoming.take().unwrap_or_default();
        subscription.current = true;
        let mut found = subscription.replace(incoming.rows, &incoming.order);
        let outcome = subscription.apply(&layout, incoming.later, &mut found);
        events.extend(found.into_iter().map(|event| (sid, event)));
        outcome
    }

    /// `T`: one step of all subscriptions together. One that is contained in the state already is passed over; one
    /// that doesn't begin where the client is changes nothing.
    /// What happened is added to `events`, also when the outcome is an error.
    pub(super) fn transition(&mut self, transition: Transition, events: &mut Events) -> Outcome {
        let Transition(from, to, _, parts) = transition;
        if to <= self.position {
            return Ok(());
        }
        if from != self.position {
            let position = self.position;
            return Err(OutOfStep(format!(
                "a change from position {from} came at position {position}"
            )));
        }
        let mut outcome = Ok(());
        for SubscriptionOps(sid, ops) in parts {
            let Some(subscription) = self.subscriptions.get_mut(&sid) else {
                continue;
            };
            if let Some(incoming) = &mut subscription.incoming {
                incoming.later.extend(ops);
                continue;
            }
            // Not there yet: what happens before a snapshot is contained in it.
            if !subscription.current {
                continue;
            }
            let layout = Layout::of(&self.columns, &self.ids, &subscription.collection);
            let mut found = Vec::new();
            outcome = outcome.and(subscription.apply(&layout, ops, &mut found));
            events.extend(found.into_iter().map(|event| (sid, event)));
        }
        self.position = to;
        outcome
    }
}

impl Replica {
    /// A `T` that cannot be read as a whole, for an operation in it is of a kind that this version does not know. What
    /// can be read of it is applied; a subscription of which something cannot has lost its rows, and gets no cursor.
    pub(super) fn unreadable(&mut self, frame: &[Value], events: &mut Events) {
        let [kind, from, to, last_mid, Value::Array(parts), ..] = frame else {
            return;
        };
        let (Some("T"), Some(from), Some(to)) = (kind.as_str(), from.as_u64(), to.as_u64()) else {
            return;
        };
        let (readable, lost): (Vec<_>, Vec<_>) = parts
            .iter()
            .map(|part| SubscriptionOps::deserialize(part).map_err(|_| part[0].as_u64()))
            .partition(Result::is_ok);
        let readable = readable.into_iter().flatten().collect();
        let last_mid = last_mid.as_u64().unwrap_or_default();
        // The client resumes in any case: this frame could not be read.
        let _ = self.transition(Transition(from, to, last_mid, readable), events);
        for sid in lost.into_iter().filter_map(Result::err).flatten() {
            let subscription = Sid::try_from(sid).map(|sid| self.subscriptions.get_mut(&sid));
            if let Ok(Some(subscription)) = subscription {
                subscription.current = false;
            }
        }
    }
}

impl Subscription {
    /// Puts a complete state in the place of the rows, and tells the difference.
    fn replace(&mut self, rows: HashMap<Value, Arc<Row>>, order: &[Value]) -> Vec<Event> {
        let old = std::mem::replace(&mut self.rows, rows);
        let new = order.iter().filter_map(|id| self.rows.get(id));
        if !self.known {
            self.known = true;
            return vec![Event::Snapshot(new.cloned().collect())];
        }
        let gone = old
            .values()
            .filter(|row| !self.rows.contains_key(&row.id))
            .map(|row| Event::Gone {
                row: row.clone(),
                why: Why::Missing,
            });
        let put = new.filter_map(|row| difference(old.get(&row.id).cloned(), row));
        gone.chain(put).collect()
    }

    /// How many rows there are, and their digest.
    fn have(&self) -> Have {
        let mut digest = Digest::default();
        for row in self.rows.values() {
            digest.add(&row.id, row.v);
        }
        digest.have()
    }

    /// Applies operations in order. One that is not newer than the row it is about changes nothing.
    fn apply(&mut self, layout: &Layout<'_>, ops: Vec<Op>, events: &mut Vec<Event>) -> Outcome {
        for op in ops {
            match op {
                Op::Enter(id, v, tuple) => {
                    let before = self.rows.get(&id).cloned();
                    if before.as_ref().is_some_and(|row| v <= row.v) {
                        continue;
                    }
                    if let Some(row) = layout.row(Some(id), v, tuple) {
                        self.put(before, row, events);
                    }
                }
                Op::Change(id, v, patch) => {
                    let Some(before) = self.rows.get(&id).cloned() else {
                        // Without the rest of the row there is nothing to patch: only a new snapshot helps.
                        self.current = false;
                        return Err(OutOfStep(format!("row {id} changed, and is not known")));
                    };
                    if v <= before.v {
                        continue;
                    }
                    let mut row = Row::clone(&before);
                    row.v = v;
                    row.values.extend(patch);
                    self.put(Some(before), row, events);
                }
                Op::Leave(id, why) => {
                    if let Some(row) = self.rows.remove(&id) {
                        let why = match why.as_str() {
                            "d" => Why::Deleted,
                            "r" => Why::Revoked,
                            _ => Why::Left,
                        };
                        events.push(Event::Gone { row, why });
                    }
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, before: Option<Arc<Row>>, row: Row, events: &mut Vec<Event>) {
        let row = Arc::new(row);
        events.extend(difference(before, &row));
        self.rows.insert(row.id.clone(), row);
    }
}

/// The event of a row, or none where what can be seen of it is the same.
fn difference(before: Option<Arc<Row>>, after: &Arc<Row>) -> Option<Event> {
    if before
        .as_ref()
        .is_some_and(|before| before.values == after.values)
    {
        return None;
    }
    Some(Event::Put {
        before,
        after: after.clone(),
    })
}

fn no_id() -> Error {
    Error::new(Code::Schema, "the server sent a row without an id")
}

/// How the tuples of a collection are read.
struct Layout<'a> {
    columns: &'a [String],
    id: &'a str,
}

impl<'a> Layout<'a> {
    fn of(
        columns: &'a BTreeMap<String, Arc<[String]>>,
        ids: &'a BTreeMap<String, String>,
        collection: &str,
    ) -> Layout<'a> {
        Layout {
            columns: columns
                .get(collection)
                .map(|all| &**all)
                .unwrap_or_default(),
            id: ids.get(collection).map_or("id", String::as_str),
        }
    }

    /// `None` if the row has no id.
    fn row(&self, id: Option<Value>, v: Seq, tuple: Vec<Value>) -> Option<Row> {
        let values: Map<String, Value> = self.columns.iter().cloned().zip(tuple).collect();
        let id = match id {
            Some(id) => id,
            None => values.get(self.id)?.clone(),
        };
        Some(Row { id, v, values })
    }
}

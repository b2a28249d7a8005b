//! However slowly a consumer reads, what it reads adds up, and what waits for it is bounded.

use crate::client::feed::Feed;
use crate::client::replica::{Event, Row, Why};
use crate::protocol::{Code, Error};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

type Rows = BTreeMap<u8, Arc<Row>>;

fn row(id: u8, v: u64, value: u8) -> Arc<Row> {
    Arc::new(Row {
        id: json!(id),
        v,
        values: Map::from_iter([("x".to_string(), json!(value))]),
    })
}

/// The event of a put or a delete, if it makes a difference.
fn event(rows: &mut Rows, v: u64, id: u8, value: Option<u8>) -> Option<Event> {
    match value {
        Some(value) => {
            let after = row(id, v, value);
            let before = rows.insert(id, after.clone());
            let same = before
                .as_ref()
                .is_some_and(|before| before.values == after.values);
            (!same).then_some(Event::Put { before, after })
        }
        None => rows.remove(&id).map(|row| Event::Gone {
            row,
            why: Why::Deleted,
        }),
    }
}

fn fold(seen: &mut BTreeMap<String, Value>, event: Event) {
    match event {
        Event::Put { before, after } => {
            let before = before.map(|row| json!(row.values));
            assert_ne!(before, Some(json!(after.values)), "nothing is told twice");
            assert_eq!(
                seen.insert(after.id.to_string(), json!(after.values)),
                before
            );
        }
        Event::Gone { row, .. } => {
            assert_eq!(seen.remove(&row.id.to_string()), Some(json!(row.values)));
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_slow_consumer_reads_net_changes_that_add_up(
        limit in 1..12usize,
        steps in prop::collection::vec((0..6u8, prop::option::of(0..3u8), 0..3usize), 0..300),
    ) {
        let mut feed = Feed::new(limit);
        let (mut rows, mut seen) = (Rows::new(), BTreeMap::new());
        let mut waiting = 0;
        for (v, (id, value, reads)) in steps.into_iter().enumerate() {
            if let Some(event) = event(&mut rows, v as u64, id, value) {
                feed.push(event);
                waiting = feed.len();
            }
            // Six rows at most: two bounds of the rule in the head comment of `feed`.
            prop_assert!(waiting <= limit.max(2 * 6), "{waiting} wait");
            // Reads less than is written, so that a backlog grows.
            for _ in 0..reads / 2 {
                if let Some(Some(event)) = feed.next(Waker::noop()) {
                    fold(&mut seen, event);
                }
            }
        }
        while let Some(Some(event)) = feed.next(Waker::noop()) {
            fold(&mut seen, event);
        }
        let rows: BTreeMap<String, Value> =
            rows.values().map(|row| (row.id.to_string(), json!(row.values))).collect();
        prop_assert_eq!(seen, rows);
    }
}

#[test]
fn a_consumer_that_keeps_up_sees_every_change() {
    let mut feed = Feed::new(100);
    let mut rows = Rows::new();
    for v in 0..100 {
        feed.push(event(&mut rows, v, 1, Some(v as u8)).unwrap());
    }
    let mut count = 0;
    while feed.next(Waker::noop()).is_some() {
        count += 1;
    }
    assert_eq!(count, 100);
}

#[test]
fn the_end_comes_after_what_happened_before_it() {
    let mut feed = Feed::new(1);
    feed.push(Event::Snapshot(vec![row(1, 1, 0)]));
    feed.push(event(&mut Rows::new(), 2, 2, Some(1)).unwrap());
    feed.fail(Error::new(Code::Forbidden, "no longer"));
    feed.push(event(&mut Rows::new(), 3, 3, Some(1)).unwrap());
    assert!(matches!(
        feed.next(Waker::noop()),
        Some(Some(Event::Snapshot(_)))
    ));
    assert!(matches!(
        feed.next(Waker::noop()),
        Some(Some(Event::Put { .. }))
    ));
    assert!(matches!(
        feed.next(Waker::noop()),
        Some(Some(Event::Failed(_)))
    ));
    assert!(matches!(feed.next(Waker::noop()), Some(None)));
}

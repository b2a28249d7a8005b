//! What a subscription's consumer has not read yet.
//!
//! A consumer that keeps up sees every change. One that falls behind by more than `limit` changes sees net changes:
//! those of one row are merged into one, from what the consumer last saw to what is now, and a row that
//! came and went is not mentioned. Invariant: what waits is bounded by `limit`, the rows that the consumer has
//! seen and the rows that are there now, however many changes there were.

use super::replica::{Event, Row};
use crate::protocol::Error;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

#[derive(Debug)]
pub(super) struct Feed {
    events: VecDeque<Event>,
    /// How many may wait before they are merged.
    limit: usize,
    /// The same, above what was left by the last merge, so that merging stays cheap.
    threshold: usize,
    /// Whether the last event was given: the stream is at its end.
    ended: bool,
    waker: Option<Waker>,
}

impl Feed {
    pub(super) fn new(limit: usize) -> Feed {
        Feed {
            events: VecDeque::new(),
            limit,
            threshold: limit,
            ended: false,
            waker: None,
        }
    }

    /// Adds an event, and wakes the consumer.
    pub(super) fn push(&mut self, event: Event) {
        if self.ended {
            return;
        }
        // What follows the end would never be read.
        if !matches!(self.events.back(), Some(Event::Failed(_))) {
            self.events.push_back(event);
        }
        if self.events.len() > self.threshold {
            self.events = merge(std::mem::take(&mut self.events));
            self.threshold = self.limit.max(self.events.len() * 2);
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The subscription has ended; what happened before is still read first.
    pub(super) fn fail(&mut self, error: Error) {
        self.push(Event::Failed(error));
    }

    /// The next event, if there is one; otherwise `waker` is woken when there is. `Some(None)` is the end.
    pub(super) fn next(&mut self, waker: &Waker) -> Option<Option<Event>> {
        if self.ended {
            return Some(None);
        }
        let Some(event) = self.events.pop_front() else {
            self.threshold = self.limit;
            self.waker = Some(waker.clone());
            return None;
        };
        self.ended = matches!(event, Event::Failed(_));
        Some(Some(event))
    }

    /// How many events wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }
}

/// The net change of each row, in the order of the last ones.
fn merge(events: VecDeque<Event>) -> VecDeque<Event> {
    let mut places: HashMap<Value, usize> = HashMap::new();
    let mut merged: Vec<Option<Event>> = Vec::new();
    for event in events {
        let id = match &event {
            Event::Put { after, .. } => &after.id,
            Event::Gone { row, .. } => &row.id,
            Event::Snapshot(_) | Event::Failed(_) => {
                merged.push(Some(event));
                continue;
            }
        };
        let earlier = places.remove(id).and_then(|place| merged[place].take());
        let id = id.clone();
        if let Some(event) = net(earlier, event) {
            places.insert(id, merged.len());
            merged.push(Some(event));
        }
    }
    merged.into_iter().flatten().collect()
}

/// Two events of one row as one, or none if nothing is different in the end.
fn net(earlier: Option<Event>, later: Event) -> Option<Event> {
    /// What the consumer knew before: outer `None` if the event is the only one.
    fn known(event: Option<Event>) -> Option<Option<Arc<Row>>> {
        match event? {
            Event::Put { before, .. } => Some(before),
            Event::Gone { row, .. } => Some(Some(row)),
            Event::Snapshot(_) | Event::Failed(_) => None,
        }
    }
    let Some(known) = known(earlier) else {
        return Some(later);
    };
    match (known, later) {
        (Some(known), Event::Put { after, .. }) if known.values == after.values => None,
        (before, Event::Put { after, .. }) => Some(Event::Put { before, after }),
        (Some(row), Event::Gone { why, .. }) => Some(Event::Gone { row, why }),
        (None, Event::Gone { .. }) => None,
        (_, other) => Some(other),
    }
}

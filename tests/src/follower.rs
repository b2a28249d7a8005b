//! A subscriber that checks every change that it is told.
//!
//! Invariant: whatever is wrong with a change is written down; the rows are the changes folded over the first snapshot.

use crate::load::counter;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::time::Duration;
use todo::models::Todo;
use uuid::Uuid;
use vertebra::client::{Change, Changes, Why};

/// What was told so far.
#[derive(Debug, Default)]
pub struct Follower {
    /// The rows.
    pub rows: HashMap<Uuid, Todo>,
    /// How many changes there were.
    pub told: u64,
    /// How many of them the server could not say more of than that a row is gone.
    pub missing: u64,
    /// What was wrong.
    pub faults: Vec<String>,
    known: bool,
}

impl Follower {
    /// Takes a change in. Rows' titles end in a counter, which only goes up; one that goes back, or stays, was told
    /// twice or in the wrong order. After the log's incarnation has changed, rows may go back: `any` allows it.
    pub fn take(&mut self, change: Change<Todo>, any: bool) {
        match change {
            Change::Snapshot(rows) => {
                if self.known {
                    self.faults.push("a second snapshot".into());
                }
                self.known = true;
                self.rows = rows.into_iter().map(|row| (row.id, row)).collect();
            }
            Change::New(row) => {
                self.told += 1;
                if let Some(known) = self.rows.insert(row.id, row.clone()) {
                    self.faults
                        .push(format!("{known:?} is new, again: {row:?}"));
                }
            }
            Change::Changed { row, before } => {
                self.told += 1;
                if !any && counter(&row.title) <= counter(&before.title) {
                    self.faults.push(format!("{before:?} went to {row:?}"));
                }
                let known = self.rows.insert(row.id, row);
                if known.as_ref() != Some(&before) {
                    self.faults.push(format!("{known:?} was {before:?}"));
                }
            }
            Change::Removed { row, why } => {
                self.told += 1;
                self.missing += u64::from(why == Why::Missing);
                let known = self.rows.remove(&row.id);
                if known.as_ref() != Some(&row) {
                    self.faults
                        .push(format!("{known:?} was {row:?} and is gone"));
                }
            }
        }
    }

    /// Reads changes until the rows are these, or nothing has come for a long time, which is written down.
    pub async fn converge(
        &mut self,
        changes: &mut Changes<Todo>,
        any: bool,
        expected: &HashMap<Uuid, Todo>,
    ) {
        while self.rows != *expected {
            match tokio::time::timeout(Duration::from_secs(60), changes.next()).await {
                Ok(Some(Ok(change))) => self.take(change, any),
                Ok(Some(Err(error))) => self.faults.push(format!("the stream said {error}")),
                Ok(None) => return self.faults.push("the stream has ended".into()),
                Err(_) => return self.faults.push(self.difference(expected)),
            }
        }
    }

    fn difference(&self, expected: &HashMap<Uuid, Todo>) -> String {
        let lacking = expected.keys().filter(|id| !self.rows.contains_key(id));
        let wrong = expected
            .iter()
            .filter(|(id, row)| self.rows.get(id).is_some_and(|known| known != *row));
        let odd = self.rows.keys().filter(|id| !expected.contains_key(id));
        format!(
            "the rows never became those of the server: {} missing, {} different, {} too many",
            lacking.count(),
            wrong.count(),
            odd.count()
        )
    }
}

//! What the change log holds.
//!
//! Invariant: commits are numbered in commit order, and a change carries the whole row before and after it.

use crate::protocol::{Mid, Seq};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A row as it was at a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The position in the log of its last write.
    pub v: Seq,
    /// One value for each field of the model, secret ones included, in canonical wire form.
    pub values: Arc<[Value]>,
}

/// A change set that is durable: one position of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Its position.
    pub seq: Seq,
    /// Whose mutations it was.
    pub origin: Option<Origin>,
    /// In the order in which they were made.
    pub changes: Vec<Change>,
}

/// One row's change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The collection's name.
    pub collection: Arc<str>,
    /// The row's id in canonical wire form.
    pub id: Value,
    /// `None`: it was created.
    pub before: Option<Row>,
    /// `None`: it was deleted.
    pub after: Option<Row>,
}

/// A client's numbers for the writes of a set: the first one's, the others follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The client.
    pub cid: Uuid,
    /// The number of the first write.
    pub mid: Mid,
}

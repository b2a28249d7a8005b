//! What can be asked of the engine: every face decodes into a `Request`.
//!
//! Invariant: a request names its collection and carries its data as the client sent it; the engine checks both.

use super::Seq;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request, from any face.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// One row by its id.
    Get {
        /// The collection's name.
        collection: String,
        /// As the client sent it.
        id: Value,
    },
    /// Rows by a query, `{collection, where?, sort?, limit?, after?}`.
    List(Value),
    /// One change of one row.
    Write {
        /// Which.
        operation: Operation,
        /// The collection's name.
        collection: String,
        /// The row; may be `null` for a create, and where `data` names it.
        id: Value,
        /// Attributes; `null` for a delete.
        data: Value,
        /// The version that the client expects the row to have.
        expected: Option<Seq>,
        /// Names this request: sent again under the same key it is not done again, but answered again. Has 1 to 255 bytes.
        key: Option<String>,
    },
    /// A message that is no row.
    Signal {
        /// Whom it is for.
        topic: String,
        /// Anything.
        payload: Value,
    },
}

/// How a row changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A new row.
    Create,
    /// All fields are replaced.
    Update,
    /// Some fields are replaced; `null` clears.
    Patch,
    /// The row goes.
    Delete,
}

/// What the engine answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// One row as an object, and its version.
    Row {
        /// Attributes by name; only the id after a delete.
        row: Value,
        /// The row's version; after a write also the write's position in the log.
        seq: Seq,
    },
    /// Rows as objects, and the position of the log at which they were read.
    Rows {
        /// In the query's order.
        rows: Vec<Value>,
        /// The position.
        seq: Seq,
    },
    /// Done; nothing to tell.
    Done,
}

//! Frames: what they mean, and how they are written down.
//!
//! A text message is one frame (an array that begins with a letter) or a batch (an array of frames).
//! Invariant: reading never panics, and a frame that cannot be read names itself in the error.

mod client;
mod server;

pub use client::{ClientFrame, Hello, Mutation, Opening};
pub use server::{Op, ServerFrame, Snapshot, SubscriptionOps, Transition, Welcome};

use super::{Error, Seq};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A position in a log's incarnation: `[epoch, seq]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(
    /// The incarnation.
    pub String,
    /// The position.
    pub Seq,
);

/// The frames of a message: one, or those of a batch. A message that is no JSON array is an error; a frame
/// that is none is an error at its own place.
///
/// ```
/// use vertebra::protocol::frames;
///
/// assert_eq!(frames(r#"["U",1]"#).unwrap().len(), 1);
/// assert_eq!(frames(r#"[["U",1],["U",2]]"#).unwrap().len(), 2);
/// assert!(frames("{}").is_err());
/// ```
pub fn frames(message: &str) -> Result<Vec<Vec<Value>>, Error> {
    let parts: Vec<Value> = serde_json::from_str(message)
        .map_err(|cause| Error::malformed(format!("a message is a JSON array: {cause}")))?;
    if parts.first().is_some_and(Value::is_array) {
        parts
            .into_iter()
            .map(|frame| match frame {
                Value::Array(parts) => Ok(parts),
                _ => Err(Error::malformed("every frame of a batch is an array")),
            })
            .collect()
    } else {
        Ok(vec![parts])
    }
}

/// The parts of a frame after its letter, taken one by one.
struct Parts {
    name: String,
    parts: std::vec::IntoIter<Value>,
}

impl Parts {
    fn next<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        let part = self.parts.next().unwrap_or_default();
        serde_json::from_value(part).map_err(|cause| self.wrong(what, cause))
    }

    fn optional<T: DeserializeOwned>(&mut self, what: &str) -> Result<Option<T>, Error> {
        match self.parts.next() {
            None | Some(Value::Null) => Ok(None),
            Some(part) => serde_json::from_value(part)
                .map(Some)
                .map_err(|cause| self.wrong(what, cause)),
        }
    }

    /// All that is left, as one tuple.
    fn rest<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        let parts = Value::Array(self.parts.by_ref().collect());
        serde_json::from_value(parts).map_err(|cause| self.wrong(what, cause))
    }

    fn wrong(&self, what: &str, cause: impl std::fmt::Display) -> Error {
        Error::malformed(format!("frame {:?}: {what}: {cause}", self.name))
    }
}

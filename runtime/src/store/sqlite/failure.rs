//! What the database's errors mean to a caller.
//!
//! Invariant: `unavailable` is said of what can pass (space, locks, I/O), `internal` of what is a fault of this code.

use crate::protocol::{Code, Error};
use rusqlite::ffi::ErrorCode;

/// Why a change set stopped: the row does not allow it, or the database failed.
#[derive(Debug)]
pub(super) enum Stop {
    /// The caller's affair; the set is undone, the others go on.
    Refused(Box<Error>),
    /// The whole group is undone.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Stop {
        Stop::Failed(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(Box::new(error))
    }
}

impl Stop {
    /// The error for the caller, where it makes no difference.
    pub(super) fn into_error(self) -> Error {
        match self {
            Stop::Refused(error) => *error,
            Stop::Failed(error) => failure(&error),
        }
    }
}

/// Whether the same can work later, or in a smaller group.
pub(super) fn passes(error: &rusqlite::Error) -> bool {
    reason(error).is_some()
}

/// A failure of the database, as callers see it.
pub(super) fn failure(error: &rusqlite::Error) -> Error {
    match reason(error) {
        Some(reason) => {
            tracing::warn!(cause = %error, "the database is not available");
            unavailable(reason)
        }
        None => Error::internal(error),
    }
}

fn reason(error: &rusqlite::Error) -> Option<&'static str> {
    Some(match error.sqlite_error_code()? {
        ErrorCode::DiskFull => "the disk of the database is full",
        ErrorCode::SystemIoFailure => "the disk of the database does not work",
        ErrorCode::ReadOnly => "the database cannot be written to",
        ErrorCode::CannotOpen => "the database cannot be opened",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "the database is in use",
        ErrorCode::OutOfMemory => "there is no memory for the database",
        ErrorCode::DatabaseCorrupt => "the database file is damaged",
        _ => return None,
    })
}

/// Something that can work a second later.
pub(super) fn unavailable(message: impl Into<String>) -> Error {
    Error {
        retry_ms: Some(1000),
        ..Error::new(Code::Unavailable, message)
    }
}

/// What every call answers after `close`.
pub(super) fn closed() -> Error {
    Error::new(Code::Unavailable, "the store is closed")
}

/// A queue is full.
pub(super) fn overloaded() -> Error {
    Error {
        retry_ms: Some(100),
        ..Error::new(Code::Overloaded, "the database has too much to do")
    }
}

/// What a caller gets whose work was dropped: only a panic drops it.
pub(super) fn dropped() -> Error {
    Error::internal("the database's thread dropped its work")
}

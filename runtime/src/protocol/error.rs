//! The one error that crosses a wire.
//!
//! Invariant: the set of codes is closed, and an internal error tells a client nothing but an id that is also in the log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What went wrong, as every face says it: `{code, status, message, fields?, retry, retry_ms?, current?, last?}`.
///
/// ```
/// use vertebra::protocol::{Code, Error};
///
/// let error = Error::field("title", "is required");
/// assert_eq!(error.code, Code::Validation);
/// assert_eq!(serde_json::to_value(&error).unwrap()["status"], 422);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Incoming", into = "Outgoing")]
pub struct Error {
    /// Which kind.
    pub code: Code,
    /// A sentence for people.
    pub message: String,
    /// What is wrong, by field.
    pub fields: BTreeMap<String, String>,
    /// How long to wait before trying again, in milliseconds.
    pub retry_ms: Option<u32>,
    /// With `conflict`: the row as it is now.
    pub current: Option<Value>,
    /// With `out_of_order`: the last mutation number that was run.
    pub last: Option<u64>,
}

/// The kinds of errors; shared by all generated clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is wrong; `fields` says where.
    Validation,
    /// The row is newer than expected, or another row has a unique value.
    Conflict,
    /// There is no such row, collection or operation.
    NotFound,
    /// The caller may not do this.
    Forbidden,
    /// The caller is not known.
    Unauthenticated,
    /// Too many requests.
    RateLimited,
    /// The server has too much to do.
    Overloaded,
    /// A mutation number was left out.
    OutOfOrder,
    /// Client and server disagree about the schema.
    Schema,
    /// More than a limit allows.
    TooLarge,
    /// The server cannot do this now, as when its disk is full.
    Unavailable,
    /// A fault of the server's; the message carries the id under which it is in the log.
    #[serde(other)]
    Internal,
}

/// What a client should do with a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It will fail again.
    No,
    /// Try the same again at once.
    Same,
    /// Try again later.
    Backoff,
    /// Authenticate first.
    Reauth,
    /// Get the current state first.
    Resync,
}

impl Code {
    /// The HTTP status of the same meaning.
    fn status(self) -> u16 {
        match self {
            Code::Validation => 422,
            Code::Conflict | Code::OutOfOrder => 409,
            Code::NotFound => 404,
            Code::Forbidden => 403,
            Code::Unauthenticated => 401,
            Code::RateLimited => 429,
            Code::Overloaded | Code::Unavailable => 503,
            Code::Schema => 426,
            Code::TooLarge => 413,
            Code::Internal => 500,
        }
    }

    /// What a client should do.
    pub fn retry(self) -> Retry {
        match self {
            Code::Validation | Code::NotFound | Code::Forbidden | Code::TooLarge | Code::Schema => {
                Retry::No
            }
            Code::Conflict | Code::OutOfOrder => Retry::Resync,
            Code::Unauthenticated => Retry::Reauth,
            Code::RateLimited | Code::Overloaded | Code::Unavailable | Code::Internal => {
                Retry::Backoff
            }
        }
    }
}

impl Error {
    /// The HTTP status of the same meaning: a request that cannot be read is 400, one whose fields are wrong 422.
    pub fn status(&self) -> u16 {
        match self.code {
            Code::Validation if self.fields.is_empty() => 400,
            code => code.status(),
        }
    }

    /// An error with nothing but a kind and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error {
            code,
            message: message.into(),
            fields: BTreeMap::new(),
            retry_ms: None,
            current: None,
            last: None,
        }
    }

    /// A `validation` error about one field.
    pub fn field(name: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::fields([(name.into(), problem.into())].into())
    }

    /// A `validation` error about several fields at once.
    pub fn fields(fields: BTreeMap<String, String>) -> Error {
        let named: Vec<String> = fields
            .iter()
            .map(|(name, problem)| format!("{name} {problem}"))
            .collect();
        Error {
            fields,
            ..Error::new(Code::Validation, named.join("; "))
        }
    }

    /// A request that cannot be read.
    pub fn malformed(message: impl Into<String>) -> Error {
        Error::new(Code::Validation, message)
    }

    /// There is no collection of that name.
    pub fn no_collection(name: &str) -> Error {
        Error::new(Code::NotFound, format!("there is no collection {name:?}"))
    }

    /// There is no row of that id.
    pub fn no_row(collection: &str, id: &Value) -> Error {
        Error::new(
            Code::NotFound,
            format!("there is no row {id} in {collection}"),
        )
    }

    /// A fault of the server's: the cause goes to the log, the client gets the id under which it is there.
    pub fn internal(cause: impl fmt::Display) -> Error {
        let id = uuid::Uuid::new_v4();
        tracing::error!(%id, %cause, "internal error");
        Error::new(Code::Internal, format!("internal error {id}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[derive(Deserialize)]
struct Incoming {
    code: Code,
    #[serde(default)]
    message: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    retry_ms: Option<u32>,
    current: Option<Value>,
    last: Option<u64>,
}

#[derive(Serialize)]
struct Outgoing {
    code: Code,
    status: u16,
    message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    retry: Retry,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
}

impl From<Incoming> for Error {
    fn from(error: Incoming) -> Error {
        Error {
            code: error.code,
            message: error.message,
            fields: error.fields,
            retry_ms: error.retry_ms,
            current: error.current,
            last: error.last,
        }
    }
}

impl From<Error> for Outgoing {
    fn from(error: Error) -> Outgoing {
        Outgoing {
            status: error.status(),
            code: error.code,
            message: error.message,
            fields: error.fields,
            retry: error.code.retry(),
            retry_ms: error.retry_ms,
            current: error.current,
            last: error.last,
        }
    }
}

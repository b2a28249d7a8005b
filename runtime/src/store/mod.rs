//! Where rows and the change log live.
//!
//! A store keeps one table a model, the change log, and the last mutation of every client, in one database, so that
//! a row, its log entry and the result of the mutation are one transaction.
//!
//! Invariant: nothing is answered or shown in the log before it is durable. A store knows no socket and no caller.

#[cfg(test)]
#[macro_use]
mod conformance;
mod log;
mod sqlite;

pub use log::{Change, Commit, Origin, Row};
pub use sqlite::{Options, Retention, Sqlite, Synchronous};

use crate::protocol::{Error, Mid, Operation, Query, Seq};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;
use vertebra_schema::Schema;

/// What a store's methods return: a future that is independent of the caller's borrow.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'static>>;

/// A database behind Vertebra. SQLite and Postgres both fit; `conformance` says what each must do.
pub trait Store: Send + Sync + 'static {
    /// Makes the tables of a schema, or adds to them what is new. A change that would lose data is refused with a
    /// message that says what to do, and nothing is changed.
    fn migrate(&self, schema: Arc<Schema>) -> Answer<()>;

    /// Runs one change set: all of its writes or none, as one position of the log.
    ///
    /// Sets are queued in the order of the calls, before the returned future is first polled; waiting sets share
    /// one sync. The future resolves when the set is durable, and before the set is seen by [`Store::tail`]. A set of
    /// no writes answers the head of the log.
    ///
    /// Errors: `not_found` (no such row or collection), `conflict` with `current` (the id exists, or the row is at another
    /// version than expected) or with `fields` (`is taken`), `validation` (a strict collection without an expected
    /// version, a missing value), `out_of_order` with `last`, `overloaded` (the queue is full), `unavailable`.
    /// `overloaded`, `unavailable` and `out_of_order` consume no mutation number; every other error does.
    fn write(&self, set: ChangeSet) -> Answer<Written>;

    /// Reads everything that is asked for, in one read transaction.
    fn read(&self, ask: Ask) -> Answer<View>;

    /// The commits after a position, oldest first, at least one and not always all: waits until there is one.
    /// An `unavailable` error without `retry_ms` means that the log no longer reaches back to `after` (see [`View::floor`]),
    /// or that the store was closed.
    /// Changes of collections that are not in the schema any more are left out; their commits are not.
    fn tail(&self, after: Seq) -> Answer<Vec<Arc<Commit>>>;

    /// Finishes the writes that were queued, ends waiting tails, and closes the files. Later calls answer `unavailable`.
    fn close(&self) -> Answer<()>;
}

/// Writes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// The client's numbers for the writes, when it numbers them. Numbers that were run before get their kept results,
    /// whatever the writes are; where these are no longer kept, `out_of_order`.
    pub origin: Option<Origin>,
    /// What the client asked for, in short, where it must not ask for something else under the same number: a set whose
    /// number was run for another request is refused as a `validation` error of the field `key`.
    pub request: Option<i64>,
    /// The writes in order; or the reason for which the set is refused, kept with the client's number so that
    /// a retry gets the same answer and the next number can follow. A reason stands for one number: where several
    /// numbered writes are refused together, each is a set of its own.
    pub writes: Result<Vec<Write>, Error>,
}

/// One row's write, already checked against the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// How the row changes.
    pub operation: Operation,
    /// The collection's name.
    pub collection: Arc<str>,
    /// The row. `Value::Null` for a create whose id the database makes.
    pub id: Value,
    /// Positions of fields and their values in canonical wire form: every field but a database-made id for a create
    /// and an update, the changed ones for a patch, none for a delete. An update and a patch leave out what must stay.
    pub values: Vec<(usize, Value)>,
    /// The version that the row must have.
    pub expected: Option<Seq>,
}

/// What became of a change set.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Its position in the log.
    pub seq: Seq,
    /// One for each write: the row after it; for a delete the row before it.
    pub rows: Vec<Row>,
}

/// What to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// Each is answered in its place.
    pub wants: Vec<Want>,
    /// The client whose last mutation number is asked for.
    pub cid: Option<Uuid>,
}

/// One thing to read.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// One row.
    Row {
        /// The collection's name.
        collection: Arc<str>,
        /// In canonical wire form.
        id: Value,
    },
    /// The rows of a query.
    Rows(Query),
    /// All commits after a position; where the log no longer reaches back or never came so far, or where the rows of the
    /// query cost less than the commits, these rows.
    Since {
        /// The position, of this store's epoch.
        seq: Seq,
        /// What to read instead.
        otherwise: Query,
    },
}

/// What was read, all at one position of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The incarnation of the log.
    pub epoch: Arc<str>,
    /// The position of the log at which everything was read.
    pub seq: Seq,
    /// Where the log begins: what was committed up to here can no longer be replayed.
    pub floor: Seq,
    /// The last mutation of the client that was asked for; 0 if there was none, or none is remembered.
    pub last_mid: Mid,
    /// When the last write was of any client that is no longer remembered, in milliseconds since 1970; 0 if there is none.
    /// A client that is not remembered, and wrote after this, has written nothing.
    pub forgotten_at: i64,
    /// One for each want.
    pub found: Vec<Found>,
}

/// The answer to one want.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Of `Want::Row`.
    Row(Option<Row>),
    /// In the query's order.
    Rows(Vec<Row>),
    /// Oldest first; may be empty.
    Commits(Vec<Arc<Commit>>),
}

//! A subscription as a stream of typed changes.
//!
//! Invariant: folded over the first snapshot, the changes are the rows that the server has: none is missing and none is
//! told twice.

use super::Client;
use super::following::Following;
use super::replica::{Event, Row, Why};
use crate::Model;
use crate::protocol::Error;
use futures_util::Stream;
use serde_json::Value;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What happened to the rows of a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<M> {
    /// All rows as they are now. The first item, and only that.
    Snapshot(Vec<M>),
    /// A row that was not there: it was created, or is now one of those that the query chooses.
    New(M),
    /// A row is different.
    Changed {
        /// As it is now.
        row: M,
        /// As the stream told it last.
        before: M,
    },
    /// A row is no longer there.
    Removed {
        /// As the stream told it last.
        row: M,
        /// What became of it.
        why: Why,
    },
}

/// A stream of the changes of a subscription: first a snapshot, then what happens, in the order of the server's commits.
///
/// - **Nothing is missed, nothing comes twice**, whatever happens to the connection. After an interruption the stream
///   goes on where it was. Where the server's log doesn't reach back so far, or the database was restored from a backup,
///   the client gets the whole state and the stream the difference to what it told before: rows that
///   are gone come as [`Change::Removed`] with [`Why::Missing`].
/// - **A slow reader costs little.** As long as it is at most as many changes behind as
///   [`ClientBuilder::buffer`](super::ClientBuilder::buffer) says, it gets each of them. When it is further behind, those of
///   one row are merged into one, from what the reader knows to what is now, at the place of the last of
///   them; a row that came and went is not mentioned. What waits is so bounded by the number of rows.
/// - **An item may be an error.** A row that is no `M`, as the server's model may be newer, is one with the code `schema`: the
///   row counts as not there, and the stream goes on. The error that ends the subscription is the last item.
///
/// Dropping the stream ends the subscription.
#[derive(Debug)]
pub struct Changes<M> {
    following: Following,
    /// Rows of the snapshot that could not be read, to be told after it.
    problems: VecDeque<Error>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Changes<M> {
    pub(super) async fn open(client: &Client, query: Value) -> Result<Changes<M>, Error> {
        let following = Following::open(client, query)?.accepted().await?;
        Ok(Changes {
            following,
            problems: VecDeque::new(),
            model: PhantomData,
        })
    }

    /// What an event is to a reader; `None` if it is nothing, being about a row that the reader was never told of.
    fn read(&mut self, event: Event) -> Option<Result<Change<M>, Error>> {
        match event {
            Event::Snapshot(rows) => {
                let mut good = Vec::new();
                for row in rows {
                    match read::<M>(&row) {
                        Ok(row) => good.push(row),
                        Err(error) => self.problems.push_back(error),
                    }
                }
                Some(Ok(Change::Snapshot(good)))
            }
            Event::Put { before, after } => {
                let before = before.and_then(|row| read::<M>(&row).ok());
                Some(match (read::<M>(&after), before) {
                    (Ok(row), Some(before)) => Ok(Change::Changed { row, before }),
                    (Ok(row), None) => Ok(Change::New(row)),
                    // What can no longer be read is gone for the reader, and that is why.
                    (Err(error), Some(row)) => {
                        self.problems.push_back(error);
                        let why = Why::Unreadable;
                        Ok(Change::Removed { row, why })
                    }
                    (Err(error), None) => Err(error),
                })
            }
            Event::Gone { row, why } => {
                let row = read::<M>(&row).ok()?;
                Some(Ok(Change::Removed { row, why }))
            }
            Event::Failed(error) => Some(Err(error)),
        }
    }
}

/// A row as the model's type.
pub(super) fn read<M: Model>(row: &Row) -> Result<M, Error> {
    super::row(Value::Object(row.values.clone()))
}

impl<M: Model> Stream for Changes<M> {
    type Item = Result<Change<M>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(problem) = self.problems.pop_front() {
                return Poll::Ready(Some(Err(problem)));
            }
            let Some(event) = ready!(self.following.poll_next(context)) else {
                return Poll::Ready(None);
            };
            if let Some(item) = self.read(event) {
                return Poll::Ready(Some(item));
            }
        }
    }
}

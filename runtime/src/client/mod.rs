//! The typed Rust client: reads, writes, subscriptions and live collections over one WebSocket that comes back by
//! itself.
//!
//! - **Writes are applied once.** Each has a number, and is sent again with it after an interruption until it is
//!   answered. While there is no connection they wait, in order, as many as [`ClientBuilder::queue`] allows.
//! - **Subscriptions miss nothing.** A client remembers where in the server's log it is, and resumes there. Where that is no
//!   longer possible it gets the whole state, and its readers get the difference to what they know.
//!
//! Invariant: what a program sees of a collection is always a state that the server had, never half of one.

mod backoff;
mod builder;
mod changes;
mod collection;
mod connection;
mod endpoint;
mod feed;
mod following;
mod live;
mod order;
mod outbox;
mod reads;
mod replica;
mod select;
mod session;
mod signal;
#[cfg(test)]
mod tests;

pub use builder::ClientBuilder;
pub use changes::{Change, Changes};
pub use collection::{Collection, Write};
pub use live::{LiveCollection, Rows};
pub use replica::Why;
pub use select::{List, Live, Select, Subscribe};
pub use signal::Signal;

use crate::Model;
use crate::protocol::{Code, Error};
use connection::Shared;
use futures_util::Stream;
use serde_json::Value;
use session::Session;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has not been connected yet.
    Connecting,
    /// It is connected: what it shows is what the server has, or is just being brought there.
    Live,
    /// The connection was lost, and it is trying to come back: what it shows is what the server had.
    Stale,
    /// It will not connect again: it was closed, or the server refused it.
    Offline,
}

/// A connection to a server that comes back by itself. Clones are the same client; it ends with the last of them and of
/// the streams and collections made from it.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    /// Dropping it ends the connection's task.
    close: Mutex<Option<oneshot::Sender<()>>>,
    timeout: Option<Duration>,
    buffer: usize,
}

impl Client {
    /// Connects to a server: `http://host:port` or `ws://host:port`, with the prefix of its path if it has one.
    /// Fails if the first attempt does; see [`ClientBuilder::start`] for programs that wait for their server.
    pub async fn connect(url: impl Into<String>) -> Result<Client, Error> {
        Client::builder(url).connect().await
    }

    /// A client with other settings than the usual ones.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// The rows of a model.
    pub fn collection<M: Model>(&self) -> Collection<M> {
        Collection::new(self.clone())
    }

    /// How the client is connected, now and from now on.
    pub fn state(&self) -> watch::Receiver<State> {
        self.session(|session| session.state.subscribe())
    }

    /// Sends a message that is no row to whoever listens now. Signals don't wait for a connection and are not
    /// sent again: without one the answer is `unavailable`.
    pub fn signal(&self, topic: impl Into<String>, payload: impl Into<Value>) -> Result<(), Error> {
        let (topic, payload) = (topic.into(), payload.into());
        self.session(|session| session.signal(topic, payload))
    }

    /// The signals that arrive from now on. A reader that is more than 256 signals behind loses the oldest.
    pub fn signals(&self) -> impl Stream<Item = Signal> + Send + Unpin + 'static {
        signal::signals(self.session(|session| session.signals.subscribe()))
    }

    /// Takes on another identity, on this connection and all further ones.
    pub fn authenticate(&self, token: impl Into<String>) -> Result<(), Error> {
        let token = token.into();
        self.session(|session| session.authenticate(token))
    }

    /// Ends the client: calls that wait are answered `unavailable`, and streams end.
    pub fn close(&self) {
        self.session(|session| session.end(Error::new(Code::Unavailable, "the client was closed")));
        let close = self.handle.close.lock();
        close.unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Does something with the session, and lets the connection look for what is to be sent.
    fn session<T>(&self, what: impl FnOnce(&mut Session) -> T) -> T {
        let outcome = what(&mut self.handle.shared.session());
        self.handle.shared.wake();
        outcome
    }

    /// Asks the server for rows: `{row, seq}` or `{rows, seq}`.
    async fn read(&self, query: Value) -> Result<Value, Error> {
        let answer = self.session(|session| session.read(query))?;
        self.answer(answer).await
    }

    /// Waits for something that the connection will bring, as long as a call may take.
    async fn within<T>(&self, wait: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let Some(limit) = self.handle.timeout else {
            return wait.await;
        };
        let outcome = tokio::time::timeout(limit, wait).await;
        outcome.unwrap_or_else(|_| {
            let message = format!("there was no answer within {limit:?}");
            Err(Error::new(Code::Unavailable, message))
        })
    }

    /// Waits for the answer to a call.
    async fn answer<T>(&self, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        // A session answers whatever it accepted, at the latest when it ends.
        let lost = |_| Err(Error::new(Code::Unavailable, "the client has ended"));
        self.within(async { answer.await.unwrap_or_else(lost) })
            .await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = *self.handle.shared.session().state.borrow();
        f.debug_struct("Client").field("state", &state).finish()
    }
}

/// A row from the server as the model's type; one that is none means that the server has another schema.
fn row<M: Model>(row: Value) -> Result<M, Error> {
    M::from_wire(row).map_err(|error| Error {
        code: Code::Schema,
        ..error
    })
}

fn not_a(what: &str) -> Error {
    Error::new(Code::Schema, format!("the server's answer is no {what}"))
}

//! How a client is made.
//!
//! Invariant: every limit and every wait of the client has a name here, and a default that suits most.

use super::backoff::Backoff;
use super::connection::{self, Random, Settings, Shared};
use super::endpoint::endpoint;
use super::session::Session;
use super::{Client, Handle};
use crate::protocol::{Code, Error};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Makes a [`Client`].
///
/// ```no_run
/// # async fn example() -> Result<(), vertebra::protocol::Error> {
/// use std::time::Duration;
/// use vertebra::client::Client;
///
/// let client = Client::builder("http://127.0.0.1:4000")
///     .timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
pub struct ClientBuilder {
    url: String,
    token: Option<String>,
    timeout: Option<Duration>,
    room: usize,
    buffer: usize,
    handshake: Duration,
    backoff: (Duration, Duration),
    random: Random,
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> ClientBuilder {
        ClientBuilder {
            url,
            token: None,
            timeout: None,
            room: 1024,
            buffer: 1024,
            handshake: Duration::from_secs(10),
            backoff: (Duration::from_millis(250), Duration::from_secs(16)),
            random: Box::new(random),
        }
    }

    /// Who is asking.
    pub fn token(mut self, token: impl Into<String>) -> ClientBuilder {
        self.token = Some(token.into());
        self
    }

    /// How long a call may take, with the time in which there is no connection. Then it answers `unavailable`. **A
    /// write that was sent may still happen**: only its answer is not waited for. One that was never sent
    /// doesn't happen. Without this, calls wait for as long as it takes.
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.timeout = Some(timeout);
        self
    }

    /// How many writes, and how many reads, may wait for an answer (1,024). One more answers `overloaded` at once.
    pub fn queue(mut self, room: usize) -> ClientBuilder {
        self.room = room;
        self
    }

    /// How many changes a subscription keeps for a consumer that is slower than they come (1,024). Above it,
    /// the changes of each row are merged into one; see [`Changes`](super::Changes).
    pub fn buffer(mut self, changes: usize) -> ClientBuilder {
        self.buffer = changes;
        self
    }

    /// How long connecting and being welcomed may take (10 s).
    pub fn handshake(mut self, timeout: Duration) -> ClientBuilder {
        self.handshake = timeout;
        self
    }

    /// Before an attempt to connect again, a random part of a bound is waited that doubles from the first
    /// value (250 ms) to the second (16 s).
    pub fn backoff(mut self, first: Duration, most: Duration) -> ClientBuilder {
        self.backoff = (first, most);
        self
    }

    /// Where the random parts come from: numbers from 0 up to 1.
    pub fn random(mut self, random: impl FnMut() -> f64 + Send + 'static) -> ClientBuilder {
        self.random = Box::new(random);
        self
    }

    /// Connects. Fails if the first attempt does; after that the client comes back by itself.
    pub async fn connect(self) -> Result<Client, Error> {
        let (client, first) = self.begin()?;
        let welcomed = first.await;
        welcomed.unwrap_or_else(|_| Err(Error::new(Code::Unavailable, "the client has ended")))?;
        Ok(client)
    }

    /// Begins to connect, and keeps trying: for programs that may start before the server does. Calls wait until
    /// there is a connection. Fails only if the URL is none.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> Result<Client, Error> {
        self.begin().map(|(client, _)| client)
    }

    fn begin(self) -> Result<(Client, oneshot::Receiver<Result<(), Error>>), Error> {
        let settings = Settings {
            address: endpoint(&self.url)?,
            handshake: self.handshake,
            backoff: Backoff::new(self.backoff.0, self.backoff.1),
            random: self.random,
        };
        let (first, welcomed) = oneshot::channel();
        let (close, closed) = oneshot::channel();
        let mut session = Session::new(Uuid::new_v4(), self.token, self.room);
        session.first = Some(first);
        let shared = Shared::new(session);
        tokio::spawn(connection::run(shared.clone(), settings, closed));
        let handle = Handle {
            shared,
            close: Mutex::new(Some(close)),
            timeout: self.timeout,
            buffer: self.buffer,
        };
        let client = Client {
            handle: Arc::new(handle),
        };
        Ok((client, welcomed))
    }
}

/// A random number from 0 up to 1, of the bits that a UUID is made from.
fn random() -> f64 {
    // The lowest 53 bits of a version 4 UUID are all random, and as many as a float holds.
    let bits = Uuid::new_v4().as_u128() as u64 & ((1 << 53) - 1);
    bits as f64 / (1u64 << 53) as f64
}

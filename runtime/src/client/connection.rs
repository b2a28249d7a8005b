//! The socket: connects, greets, carries messages both ways, notices a dead peer, and comes back.
//!
//! One task owns the socket for the life of the client. Invariant: it decides nothing about rows or writes; that is
//! the session's, which a broken socket leaves as it is.

use super::backoff::Backoff;
use super::session::{Ending, Session};
use crate::protocol::{Code, Error, SUBPROTOCOL, ServerFrame, frames};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// What handles and the task share.
#[derive(Debug)]
pub(super) struct Shared {
    session: Mutex<Session>,
    wake: Notify,
}

impl Shared {
    pub(super) fn new(session: Session) -> Arc<Shared> {
        Arc::new(Shared {
            session: Mutex::new(session),
            wake: Notify::new(),
        })
    }

    /// The session, for as short as possible and never across a wait.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        // Every method of a session leaves it whole, so there is nothing to fear from a panic elsewhere.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to send.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Where numbers from 0 up to 1 come from.
pub(super) type Random = Box<dyn FnMut() -> f64 + Send>;

/// How to connect.
pub(super) struct Settings {
    pub(super) address: Uri,
    pub(super) handshake: Duration,
    pub(super) backoff: Backoff,
    pub(super) random: Random,
}

/// Keeps the session connected until the server ends it for good, or the client is closed.
pub(super) async fn run(shared: Arc<Shared>, settings: Settings, closed: oneshot::Receiver<()>) {
    let error = tokio::select! {
        error = stay_connected(&shared, settings) => error,
        _ = closed => Error::new(Code::Unavailable, "the client was closed"),
    };
    shared.session().end(error);
}

async fn stay_connected(shared: &Shared, mut settings: Settings) -> Error {
    loop {
        let mut welcomed = None;
        let ending = attempt(shared, &settings.address, settings.handshake, &mut welcomed).await;
        let (why, retry) = match ending {
            Ending::Final(error) => return error,
            Ending::Again(why, retry) => (why, retry),
        };
        if let Some(since) = welcomed {
            settings.backoff.lasted(Instant::now() - since);
        }
        shared.session().lost(&why);
        let wait = settings.backoff.next((settings.random)(), retry);
        tracing::info!(address = %settings.address, why, ?wait, "not connected");
        sleep(wait).await;
    }
}

/// One connection, from dialling to its end.
async fn attempt(
    shared: &Shared,
    address: &Uri,
    handshake: Duration,
    welcomed: &mut Option<Instant>,
) -> Ending {
    let mut socket = match timeout(handshake, dial(address)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(cause)) => {
            return Ending::Again(format!("cannot connect to {address}: {cause}"), None);
        }
        Err(_) => {
            return Ending::Again(format!("{address} does not answer"), None);
        }
    };
    let hello = shared.session().hello().to_json().to_string();
    if let Err(cause) = socket.send(text(hello)).await {
        return broken(&cause);
    }
    let (sink, stream) = socket.split();
    tokio::select! {
        ending = reading(shared, stream, handshake, welcomed) => ending,
        ending = writing(shared, sink) => ending,
    }
}

async fn dial(
    address: &Uri,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tungstenite::Error> {
    let request = ClientRequestBuilder::new(address.clone()).with_sub_protocol(SUBPROTOCOL);
    let config = WebSocketConfig::default().read_buffer_size(32 * 1024);
    let (socket, _) = connect_async_with_config(request, Some(config), true).await?;
    Ok(socket)
}

/// Hands every frame to the session. Silence is an ending too: a peer that is gone often doesn't say so.
async fn reading(
    shared: &Shared,
    mut stream: impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
    handshake: Duration,
    welcomed: &mut Option<Instant>,
) -> Ending {
    loop {
        let patience = shared.session().patience();
        if patience.is_some() && welcomed.is_none() {
            *welcomed = Some(Instant::now());
        }
        let patience = patience.unwrap_or(handshake);
        match timeout(patience, stream.next()).await {
            Err(_) => return Ending::Again(format!("nothing was heard for {patience:?}"), None),
            Ok(None) => return Ending::Again("the connection was closed".into(), None),
            Ok(Some(Err(cause))) => return broken(&cause),
            Ok(Some(Ok(Message::Text(message)))) => {
                if let Err(ending) = receive(shared, &message) {
                    return ending;
                }
            }
            Ok(Some(Ok(Message::Close(frame)))) => {
                let (code, reason) = match &frame {
                    Some(frame) => (frame.code.into(), frame.reason.as_str()),
                    None => (1005, "no reason given"),
                };
                return shared.session().bye(code, reason, None);
            }
            Ok(Some(Ok(_))) => {}
        }
    }
}

fn receive(shared: &Shared, message: &str) -> Result<(), Ending> {
    let unreadable = |error: Error| Ending::Again(format!("unreadable: {error}"), None);
    let mut session = shared.session();
    for (at, parts) in frames(message).map_err(unreadable)?.into_iter().enumerate() {
        match ServerFrame::read(parts) {
            Ok(frame) => session.receive(frame)?,
            Err(error) => {
                // Reading took the frame apart; this is too rare to keep a copy of each.
                let again = frames(message).map_err(unreadable)?;
                session.unreadable(&again[at]);
                return Err(unreadable(error));
            }
        }
    }
    drop(session);
    shared.wake();
    Ok(())
}

/// Sends what the session has to send, whenever it has something.
async fn writing(
    shared: &Shared,
    mut sink: impl Sink<Message, Error = tungstenite::Error> + Unpin,
) -> Ending {
    loop {
        let frames = shared.session().outgoing();
        if frames.is_empty() {
            shared.wake.notified().await;
            continue;
        }
        for frame in frames {
            if let Err(cause) = sink.feed(text(frame.to_json().to_string())).await {
                return broken(&cause);
            }
        }
        if let Err(cause) = sink.flush().await {
            return broken(&cause);
        }
    }
}

fn text(message: String) -> Message {
    Message::Text(Utf8Bytes::from(message))
}

fn broken(cause: &tungstenite::Error) -> Ending {
    Ending::Again(format!("the connection broke: {cause}"), None)
}

//! What Engine.IO calls: connections come, speak and go.
//!
//! Invariant: nothing here waits. A packet is read and queued, or refused, before the next one is looked at.

use super::budget::{Budget, Slot};
use super::upgrade::Lease;
use super::{Config, connection};
use crate::protocol::socket_io::{Packet, ReadError};
use crate::protocol::{Code, Error};
use crate::sync::Engine;
use axum::body::Bytes;
use engineioxide::handler::EngineIoHandler;
use engineioxide::socket::Sid;
use engineioxide::{DisconnectReason, Socket, Str};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::sync::{Notify, mpsc};

/// Refusals of one connection that are not sent yet; past it, the connection ends.
const REFUSALS: usize = 16 << 10;

/// All connections to one engine.
pub(super) struct Face {
    pub(super) engine: Engine,
    pub(super) config: Config,
    sockets: Mutex<HashMap<Sid, Arc<Socket<Arc<Line>>>>>,
    closing: AtomicBool,
    gone: Notify,
}

/// One connection, as the transport sees it.
#[derive(Default)]
pub(super) struct Line {
    open: OnceLock<Open>,
    /// The transport has taken what was in the channel.
    pub(super) drained: Notify,
}

struct Open {
    inbox: mpsc::UnboundedSender<Incoming>,
    requests: Arc<Budget>,
    refusals: Arc<Budget>,
}

/// What a connection is told, in the order in which it arrived. A slot is held until the answer is on its way.
pub(super) enum Incoming {
    /// To be handled.
    Packet(Packet, Slot),
    /// To be answered with an error, in its turn.
    Refused {
        /// Where.
        namespace: String,
        /// Whom to tell.
        ack: u64,
        /// What.
        error: Box<Error>,
        /// Of the refusals' own budget.
        slot: Slot,
    },
}

impl Face {
    pub(super) fn new(engine: Engine, config: Config) -> Face {
        Face {
            engine,
            config,
            sockets: Mutex::default(),
            closing: AtomicBool::new(false),
            gone: Notify::new(),
        }
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Socket<Arc<Line>>>>> {
        // Nothing can panic between two changes of the map, so a broken lock is a whole map.
        self.sockets
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    pub(super) fn socket(&self, sid: Sid) -> Option<Arc<Socket<Arc<Line>>>> {
        self.sockets().get(&sid).cloned()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let sockets: Vec<_> = self.sockets().values().cloned().collect();
        for socket in sockets {
            socket.close(DisconnectReason::ClosingServer);
        }
    }

    pub(super) async fn idle(&self) {
        loop {
            let gone = self.gone.notified();
            if self.sockets().is_empty() {
                return;
            }
            gone.await;
        }
    }
}

impl Line {
    /// Ready when more may be read from the client: its requests take no more than half of their budget.
    pub(super) fn poll_may_read(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        match self.open.get() {
            Some(open) => open.requests.poll_half_free(context),
            None => std::task::Poll::Ready(()),
        }
    }
}

impl Open {
    /// Queues a packet, or its refusal. An error means that the client cannot be told, and has to be cut off.
    fn accept(&self, text: &str) -> Result<(), DisconnectReason> {
        let (namespace, ack, error) = match Packet::read(text) {
            Ok(packet) => match self.requests.take(text.len().max(Config::REQUEST_BYTES)) {
                Some(slot) => {
                    // Where nobody receives any more, the connection is on its way out.
                    let _ = self.inbox.send(Incoming::Packet(packet, slot));
                    return Ok(());
                }
                None => {
                    let Packet::Event { namespace, ack, .. } = packet else {
                        return Err(DisconnectReason::TransportError);
                    };
                    let error = Error::new(Code::Overloaded, "too many requests are outstanding");
                    (namespace, ack, error)
                }
            },
            Err(error @ ReadError::Malformed(_)) => {
                tracing::debug!(%error, "connection closed");
                return Err(DisconnectReason::PacketParsingError);
            }
            Err(ReadError::Binary { namespace, ack }) => {
                let error = Error::malformed("binary data is not taken; send JSON");
                match ack {
                    Some(_) => (namespace, ack, error),
                    None => return Ok(()),
                }
            }
        };
        match (ack, self.refusals.take(1)) {
            (Some(ack), Some(slot)) => {
                let _ = self.inbox.send(Incoming::Refused {
                    namespace,
                    ack,
                    error: Box::new(error),
                    slot,
                });
                Ok(())
            }
            _ => Err(DisconnectReason::TransportError),
        }
    }
}

impl EngineIoHandler for Face {
    type Data = Arc<Line>;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Arc<Line>>>) {
        if let Some(lease) = socket.req_parts.extensions.get::<Lease>() {
            lease.is_for(&socket);
        }
        let (inbox, incoming) = mpsc::unbounded_channel();
        let open = Open {
            inbox,
            requests: Budget::new(self.config.outstanding_bytes),
            refusals: Budget::new(REFUSALS),
        };
        // A socket connects once.
        let _ = socket.data.open.set(open);
        self.sockets().insert(socket.id, socket.clone());
        if self.is_closing() {
            socket.close(DisconnectReason::ClosingServer);
        } else {
            tokio::spawn(connection::run(self, socket, incoming));
        }
    }

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket<Arc<Line>>>) {
        let accepted = socket.data.open.get().map(|open| open.accept(&text));
        if let Some(Err(reason)) = accepted {
            socket.close(reason);
        }
    }

    // The packet that announced it was refused.
    fn on_binary(self: &Arc<Self>, _: Bytes, _: Arc<Socket<Arc<Line>>>) {}

    fn on_disconnect(&self, socket: Arc<Socket<Arc<Line>>>, reason: DisconnectReason) {
        tracing::debug!(socket = %socket.id, ?reason, "connection closed");
        self.sockets().remove(&socket.id);
        self.gone.notify_waiters();
    }
}

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Face")
            .field("sockets", &self.sockets().len())
            .finish_non_exhaustive()
    }
}

//! The one ordered way out of a connection.
//!
//! engineioxide keeps what is to be sent in a channel of a fixed number of slots, throws away what finds it full, sends its
//! pings through the same channel, and takes a ping that finds no slot for a dead client. So the channel must never be
//! full: the outbox counts what it has put in, and once that is a whole round it waits until the channel is nearly
//! empty before it begins the next.
//!
//! Invariant: at least [`SPARE`] slots are free whenever Engine.IO wants one, and what is in the channel is a
//! bounded number of bytes.

use super::face::Line;
use crate::sync::Closed;
use engineioxide::{DisconnectReason, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Messages put into the channel before it must be nearly empty again.
const ROUND: usize = 64;
/// What Engine.IO may need for itself: a ping, a no-op, a close.
const SPARE: usize = 8;
/// Slots of the channel: a round, what may be left of the one before, and the spare ones.
pub(super) const SLOTS: usize = ROUND + 2 * SPARE;
/// Bytes put into the channel before it must be nearly empty again; a larger message goes alone. Less than the payload
/// of a poll, so that no poll leaves something behind that an upgrade to WebSocket would lose.
const ROUND_BYTES: usize = 32 << 10;

/// Sends to one client.
pub(super) struct Outbox {
    socket: Arc<Socket<Arc<Line>>>,
    /// Whoever holds it sends next; the lock is fair.
    round: Mutex<Round>,
    patience: Duration,
}

/// What was put into the channel since it was nearly empty.
#[derive(Default)]
struct Round {
    messages: usize,
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(socket: Arc<Socket<Arc<Line>>>, patience: Duration) -> Outbox {
        Outbox {
            socket,
            round: Mutex::default(),
            patience,
        }
    }

    /// Sends a packet, when there is room for it. Cancel-safe: it is sent whole or not at all.
    pub(super) async fn send(&self, packet: String) -> Result<(), Closed> {
        let mut round = self.round.lock().await;
        let is_full = round.messages == ROUND || round.bytes + packet.len() > ROUND_BYTES;
        if round.messages > 0 && is_full {
            self.drained().await?;
            *round = Round::default();
        }
        round.messages += 1;
        round.bytes += packet.len();
        match self.socket.emit(packet) {
            Ok(()) => Ok(()),
            Err(_) => {
                // Closed, or full although it cannot be: the client must not go on without it.
                self.cut_off();
                Err(Closed)
            }
        }
    }

    /// Ends the connection. Its client will connect again.
    pub(super) fn cut_off(&self) {
        self.socket.close(DisconnectReason::TransportError);
    }

    /// Waits until the channel holds no more than [`SPARE`] messages.
    async fn drained(&self) -> Result<(), Closed> {
        let drained = async {
            while !self.is_nearly_empty() {
                self.socket.data.drained.notified().await;
            }
        };
        tokio::select! {
            () = drained => Ok(()),
            () = self.socket.closed() => Err(Closed),
            () = tokio::time::sleep(self.patience) => {
                self.cut_off();
                Err(Closed)
            }
        }
    }

    fn is_nearly_empty(&self) -> bool {
        // For the moment that they are held, these leave a ping its slot.
        let mut free = Vec::with_capacity(ROUND + SPARE);
        while free.len() < ROUND + SPARE {
            match self.socket.reserve() {
                Ok(slot) => free.push(slot),
                Err(_) => return false,
            }
        }
        true
    }
}

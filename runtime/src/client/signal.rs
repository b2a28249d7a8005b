//! Messages that are no rows: typing, cursors, presence.
//!
//! Invariant: they are never stored, never sent again, and may be dropped; nothing else depends on them.

use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::broadcast;

/// A message that is no row.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What it is about.
    pub topic: String,
    /// Anything.
    pub payload: Value,
    /// Who sent it, as the server says; `null` for the server itself.
    pub from: Value,
}

/// All signals from now on. A reader that is slow loses the oldest.
pub(super) fn signals(
    receiver: broadcast::Receiver<Signal>,
) -> impl Stream<Item = Signal> + Send + Unpin + 'static {
    Box::pin(stream::unfold(receiver, |mut receiver| async {
        loop {
            match receiver.recv().await {
                Ok(signal) => return Some((signal, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }))
}

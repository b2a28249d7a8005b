//! The frame protocol in namespace `/`: each frame or batch is the one argument of an event `s`, both ways.
//!
//! Invariant: a text is passed on as it is; only the session reads it.

use super::connection::{End, Said};
use super::outbox::Outbox;
use crate::protocol::socket_io::{Packet, event};
use crate::sync::{self, Caller, Closed, Engine, Wire};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A client's events `s`.
pub(super) struct Events {
    pub(super) outbox: Arc<Outbox>,
    pub(super) texts: mpsc::UnboundedReceiver<Said>,
}

/// Runs a session until it ends or the client leaves, which `client` tells apart.
pub(super) async fn run(
    engine: Engine,
    events: Events,
    client: mpsc::WeakUnboundedSender<Said>,
    caller: Caller,
) -> Result<(), End> {
    let outbox = events.outbox.clone();
    sync::serve(engine, events, caller).await;
    if client.strong_count() > 0 {
        // The session has said goodbye, and why; other namespaces of the connection go on.
        let namespace = "/".into();
        outbox
            .send(Packet::Disconnect { namespace }.to_string())
            .await?;
    }
    Ok(())
}

impl Wire for Events {
    async fn receive(&mut self) -> Option<String> {
        // Read, it no longer counts: the session has limits of its own, and reads no more than they allow.
        let (text, _slot) = self.texts.recv().await?;
        Some(Box::<str>::from(text).into())
    }

    async fn send(&mut self, text: String) -> Result<(), Closed> {
        self.outbox.send(event("/", "s", [&*text])).await
    }
}

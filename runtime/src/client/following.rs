//! A subscription that somebody reads.
//!
//! Invariant: the server's side of it lives exactly as long as this value.

use super::Client;
use super::replica::Event;
use crate::protocol::{Code, Error, Sid};
use serde_json::Value;
use std::task::{Context, Poll};

#[derive(Debug)]
pub(super) struct Following {
    client: Client,
    sid: Sid,
    /// Read already, to know that the server accepted the subscription.
    first: Option<Event>,
}

impl Following {
    pub(super) fn open(client: &Client, query: Value) -> Result<Following, Error> {
        let buffer = client.handle.buffer;
        let sid = client.session(|session| session.subscribe(query, buffer))?;
        let (client, first) = (client.clone(), None);
        Ok(Following { client, sid, first })
    }

    /// Waits until the first state is there, or the server has refused.
    pub(super) async fn accepted(mut self) -> Result<Following, Error> {
        let client = self.client.clone();
        let first = std::future::poll_fn(|context| self.poll_next(context).map(Ok));
        match client.within(first).await? {
            Some(Event::Failed(error)) => Err(error),
            Some(event) => {
                self.first = Some(event);
                Ok(self)
            }
            None => Err(Error::new(Code::Unavailable, "the client has ended")),
        }
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        let mut session = self.client.handle.shared.session();
        match session.next(self.sid, context.waker()) {
            Some(next) => Poll::Ready(next),
            None => Poll::Pending,
        }
    }

    pub(super) async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.client.session(|session| session.unsubscribe(self.sid));
    }
}

//! A collection's namespace: create, read, update, patch and delete as events, answered through their callbacks; every
//! change of the collection as `new`, `change` or `remove`.
//!
//! Writes are started as they come, in their order, so that those of one client share a sync; reads wait for the
//! writes before them, and writes for the reads.
//!
//! Invariant: answers leave in the order of the requests, and what was accepted is run even if its client has left.

use super::budget::Slot;
use super::connection::{End, refusal};
use super::outbox::Outbox;
use super::request;
use crate::protocol::socket_io::{ack, event};
use crate::protocol::{Error, Reply, Request};
use crate::sync::{Caller, Engine, Event, Follower};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc;

/// Requests that are begun and not yet answered.
const IN_FLIGHT: usize = 256;

/// What a client wants of the namespace.
pub(super) enum Todo {
    /// An event.
    Request {
        /// Whom to answer.
        ack: Option<u64>,
        /// Its name.
        name: String,
        /// Its arguments.
        args: Vec<Box<RawValue>>,
        /// Held until it is answered.
        slot: Slot,
    },
    /// What was refused before it came here, and is to be answered in its turn.
    Refuse {
        /// Whom to answer.
        ack: u64,
        /// What.
        error: Error,
        /// Held until it is answered.
        slot: Slot,
    },
}

/// One client in a collection's namespace.
pub(super) struct Plain {
    engine: Engine,
    caller: Caller,
    collection: String,
    namespace: String,
    outbox: Arc<Outbox>,
    follower: Follower,
    requests: mpsc::UnboundedReceiver<Todo>,
    /// In the order of arrival, all of one kind.
    begun: VecDeque<Begun>,
    /// Of another kind than those that are begun: it waits for them.
    next: Option<Ready>,
    /// Nobody listens any more.
    has_left: bool,
}

type Outcome = Result<Reply, Error>;

/// A request, or what became of it without asking the engine.
struct Ready {
    ack: Option<u64>,
    request: Result<Request, Error>,
    slot: Slot,
}

/// A request on its way.
struct Begun {
    ack: Option<u64>,
    kind: Kind,
    work: Work,
    _slot: Slot,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Read,
    Write,
    /// Needs nothing of the engine.
    Neither,
}

enum Work {
    Doing(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Done(Outcome),
}

impl Plain {
    /// Begins to follow the collection. An error says why the client may not be here.
    pub(super) fn new(
        engine: &Engine,
        collection: &str,
        caller: &Caller,
        outbox: &Arc<Outbox>,
    ) -> Result<(Plain, mpsc::UnboundedSender<Todo>), Error> {
        let (sender, requests) = mpsc::unbounded_channel();
        let plain = Plain {
            follower: engine.follow(collection)?,
            engine: engine.clone(),
            caller: caller.clone(),
            collection: collection.to_string(),
            namespace: format!("/{collection}"),
            outbox: outbox.clone(),
            requests,
            begun: VecDeque::new(),
            next: None,
            has_left: false,
        };
        Ok((plain, sender))
    }

    /// Runs until the client has left and everything that it asked for is done.
    pub(super) async fn run(mut self) -> Result<(), End> {
        let mut may_come = true;
        while may_come || self.next.is_some() || !self.begun.is_empty() {
            tokio::select! {
                outcome = front(&mut self.begun), if !self.begun.is_empty() => {
                    self.answer(outcome).await;
                    self.begin_next().await;
                }
                todo = self.requests.recv(), if may_come && self.next.is_none() && self.begun.len() < IN_FLIGHT => {
                    match todo {
                        Some(todo) => {
                            self.next = Some(self.ready(todo));
                            self.begin_next().await;
                        }
                        None => {
                            may_come = false;
                            self.has_left = true;
                        }
                    }
                }
                events = self.follower.next(), if !self.has_left => match events {
                    Ok(events) => self.push(events).await,
                    Err(error) => {
                        // Changes would be missing: the client has to come again and read what is there.
                        tracing::debug!(%error, "a follower is cut off");
                        return Err(End::CutOff);
                    }
                },
            }
        }
        Ok(())
    }

    fn ready(&self, todo: Todo) -> Ready {
        match todo {
            Todo::Request {
                ack,
                name,
                args,
                slot,
            } => Ready {
                ack,
                request: self
                    .engine
                    .model(&self.collection)
                    .and_then(|model| request::read(model, &name, &args)),
                slot,
            },
            Todo::Refuse { ack, error, slot } => Ready {
                ack: Some(ack),
                request: Err(error),
                slot,
            },
        }
    }

    /// Begins the next request, unless it has to wait for others.
    async fn begin_next(&mut self) {
        let Some(next) = self.next.take_if(|next| {
            let kind = kind(&next.request);
            let others = self.begun.iter().map(|begun| begun.kind);
            kind == Kind::Neither
                || others
                    .clone()
                    .all(|one| one == kind || one == Kind::Neither)
        }) else {
            return;
        };
        let kind = kind(&next.request);
        let work = match next.request {
            Err(error) => Work::Done(Err(error)),
            Ok(request) => {
                let (engine, caller) = (self.engine.clone(), self.caller.clone());
                let mut work: Pin<Box<dyn Future<Output = Outcome> + Send>> =
                    Box::pin(async move { engine.handle(request, &caller).await });
                // The first poll queues a write: those that come later are behind it.
                match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
                    Poll::Ready(outcome) => Work::Done(outcome),
                    Poll::Pending => Work::Doing(work),
                }
            }
        };
        self.begun.push_back(Begun {
            ack: next.ack,
            kind,
            work,
            _slot: next.slot,
        });
    }

    /// Answers the oldest request.
    async fn answer(&mut self, outcome: Outcome) {
        let Some(begun) = self.begun.pop_front() else {
            return;
        };
        if let Some(id) = begun.ack {
            let packet = match outcome {
                Ok(reply) => success(&self.namespace, id, reply),
                Err(error) => refusal(&self.namespace, id, &error),
            };
            self.send(packet).await;
        }
    }

    async fn push(&mut self, events: Vec<Event>) {
        for Event { name, row, seq } in events {
            let meta = json!({"seq": seq}).to_string();
            self.send(event(&self.namespace, name, [&*row, &*meta]))
                .await;
        }
    }

    async fn send(&mut self, packet: String) {
        if !self.has_left && self.outbox.send(packet).await.is_err() {
            self.has_left = true;
        }
    }
}

/// What became of the oldest request. Cancel-safe: an outcome stays until it is taken.
async fn front(begun: &mut VecDeque<Begun>) -> Outcome {
    match begun.front_mut().map(|oldest| &mut oldest.work) {
        Some(Work::Doing(work)) => work.as_mut().await,
        Some(Work::Done(outcome)) => outcome.clone(),
        None => std::future::pending().await,
    }
}

fn kind(request: &Result<Request, Error>) -> Kind {
    match request {
        Ok(Request::Get { .. } | Request::List(_)) => Kind::Read,
        Ok(_) => Kind::Write,
        Err(_) => Kind::Neither,
    }
}

/// The ack of a request that succeeded: `[null, row or rows, {seq}]`.
fn success(namespace: &str, id: u64, reply: Reply) -> String {
    let (value, seq) = match reply {
        Reply::Row { row, seq } => (row, Some(seq)),
        Reply::Rows { rows, seq } => (Value::Array(rows), Some(seq)),
        Reply::Done => (Value::Null, None),
    };
    let meta = seq.map_or_else(|| json!({}), |seq| json!({"seq": seq}));
    ack(
        namespace,
        id,
        ["null", &value.to_string(), &meta.to_string()],
    )
}

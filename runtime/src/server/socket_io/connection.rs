//! One connection: its namespaces come and go, and each gets what is meant for it.
//!
//! Invariant: what arrives for a namespace is handed to it in the order of arrival; what breaks Socket.IO's rules ends the
//! connection, and what only asks for something that is not there is answered.

use super::budget::Slot;
use super::face::{Face, Incoming, Line};
use super::outbox::Outbox;
use super::plain::{Plain, Todo};
use super::sync_face;
use crate::protocol::socket_io::{self, Packet};
use crate::protocol::{Code, Error};
use crate::sync::{Caller, Closed};
use engineioxide::{DisconnectReason, Socket};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use uuid::Uuid;

/// How long sessions may take to say goodbye when the server stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// A text for the session, and the room that it takes until the session has read it.
pub(super) type Said = (Box<RawValue>, Slot);

/// Why a namespace or a connection ends.
pub(super) enum End {
    /// The client left, or is gone.
    Left,
    /// The client has to connect again.
    CutOff,
    /// The server is shutting down.
    Stopped,
}

impl From<Closed> for End {
    fn from(_: Closed) -> End {
        End::Left
    }
}

/// Runs a connection until its socket is closed.
pub(super) async fn run(
    face: Arc<Face>,
    socket: Arc<Socket<Arc<Line>>>,
    mut inbox: mpsc::UnboundedReceiver<Incoming>,
) {
    let stopped = face.engine.stopped();
    let caller = socket.req_parts.extensions.get::<Caller>().cloned();
    let patience = face.engine.limits().stalled;
    let mut connection = Connection {
        outbox: Arc::new(Outbox::new(socket.clone(), patience)),
        caller: caller.unwrap_or_default(),
        face,
        members: HashMap::new(),
        tasks: JoinSet::new(),
        sessions: JoinSet::new(),
    };
    let end = tokio::select! {
        () = socket.closed() => End::Left,
        end = connection.route(&mut inbox) => end,
        () = stopped => End::Stopped,
    };
    match end {
        End::CutOff => connection.outbox.cut_off(),
        End::Stopped => {
            // Sessions tell their clients when to come back.
            let sessions = async { while connection.sessions.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(GOODBYE, sessions).await;
            socket.close(DisconnectReason::ClosingServer);
        }
        // What arrived before the client left is still done.
        End::Left => {
            while let Ok(incoming) = inbox.try_recv() {
                if let Err(End::CutOff) = connection.take(incoming).await {
                    break;
                }
            }
        }
    }
    // Without their senders they end by themselves, when they have done what was asked of them.
    connection.members.clear();
    connection.tasks.detach_all();
    connection.sessions.detach_all();
}

struct Connection {
    face: Arc<Face>,
    outbox: Arc<Outbox>,
    caller: Caller,
    /// The namespaces that the client has joined.
    members: HashMap<String, Member>,
    /// What those of collections do.
    tasks: JoinSet<Result<(), End>>,
    /// What that of frames does.
    sessions: JoinSet<Result<(), End>>,
}

/// Where to send what a namespace is told. A namespace that the server has ended takes it, and does nothing.
enum Member {
    /// Namespace `/`, where no frame has been sent yet.
    Waiting,
    /// Namespace `/`.
    Sync(mpsc::UnboundedSender<Said>),
    /// A collection's namespace.
    Plain(mpsc::UnboundedSender<Todo>),
}

impl Connection {
    async fn route(&mut self, inbox: &mut mpsc::UnboundedReceiver<Incoming>) -> End {
        let joined_in_time = tokio::time::sleep(self.face.config.join_timeout);
        tokio::pin!(joined_in_time);
        let mut has_joined = false;
        loop {
            tokio::select! {
                incoming = inbox.recv() => {
                    let Some(incoming) = incoming else { return End::Left };
                    if let Err(end) = self.take(incoming).await {
                        return end;
                    }
                    has_joined |= !self.members.is_empty();
                }
                Some(done) = self.tasks.join_next() => if let Err(end) = ended(done) {
                    return end;
                },
                Some(done) = self.sessions.join_next() => if let Err(end) = ended(done) {
                    return end;
                },
                () = &mut joined_in_time, if !has_joined => return End::CutOff,
            }
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), End> {
        let (packet, slot) = match incoming {
            Incoming::Packet(packet, slot) => (packet, slot),
            Incoming::Refused {
                namespace,
                ack,
                error,
                slot,
            } => return self.refuse(&namespace, ack, *error, slot).await,
        };
        match packet {
            Packet::Connect { namespace, .. } => self.join(namespace).await,
            Packet::Disconnect { namespace } => {
                let left = self.members.remove(&namespace);
                left.map(drop).ok_or(End::CutOff)
            }
            Packet::Event {
                namespace,
                ack,
                name,
                args,
            } => match self.members.get_mut(&namespace) {
                Some(Member::Plain(requests)) => {
                    let _ = requests.send(Todo::Request {
                        ack,
                        name,
                        args,
                        slot,
                    });
                    Ok(())
                }
                Some(Member::Waiting | Member::Sync(_)) => self.say(ack, &name, args, slot).await,
                None => Err(End::CutOff),
            },
            // Nobody here asks for acks.
            Packet::Ack { namespace, .. } if self.members.contains_key(&namespace) => Ok(()),
            Packet::Ack { .. } | Packet::ConnectError { .. } => Err(End::CutOff),
        }
    }

    async fn join(&mut self, namespace: String) -> Result<(), End> {
        match self.members.get(&namespace) {
            None => {}
            // The server has ended it, and the client comes again.
            Some(Member::Sync(said)) if said.is_closed() => {}
            Some(_) => return Err(End::CutOff),
        }
        let collection = namespace.strip_prefix('/').unwrap_or_default();
        let member = if collection.is_empty() {
            Ok((Member::Waiting, None))
        } else {
            Plain::new(&self.face.engine, collection, &self.caller, &self.outbox)
                .map(|(plain, requests)| (Member::Plain(requests), Some(plain)))
        };
        let answer = match &member {
            Ok(_) => Packet::Connect {
                namespace: namespace.clone(),
                data: raw(json!({"sid": Uuid::new_v4().simple().to_string()})),
            }
            .to_string(),
            Err(error) => connect_error(&namespace, error),
        };
        self.outbox.send(answer).await?;
        if let Ok((member, plain)) = member {
            self.members.insert(namespace, member);
            // Only now, so that nothing is pushed before the client knows that it is in.
            if let Some(plain) = plain {
                self.tasks.spawn(plain.run());
            }
        }
        Ok(())
    }

    /// Hands an event of namespace `/` to its session.
    async fn say(
        &mut self,
        ack: Option<u64>,
        name: &str,
        args: Vec<Box<RawValue>>,
        slot: Slot,
    ) -> Result<(), End> {
        let error = match <[Box<RawValue>; 1]>::try_from(args) {
            Ok([text]) if name == "s" => {
                let _ = self.session().send((text, slot));
                return Ok(());
            }
            Err(_) if name == "s" => Error::malformed("`s` takes one argument, a frame or a batch"),
            _ => Error::new(
                Code::NotFound,
                "the events of this namespace are named `s`; those of a collection are in the \
                 namespace of its name",
            ),
        };
        match ack {
            Some(ack) => self.refuse("/", ack, error, slot).await,
            None => Ok(()),
        }
    }

    /// The session of namespace `/`: it begins with the first frame, so that a client that only connects is not asked
    /// for a hello.
    fn session(&mut self) -> mpsc::UnboundedSender<Said> {
        if let Some(Member::Sync(said)) = self.members.get("/") {
            return said.clone();
        }
        let (said, texts) = mpsc::unbounded_channel();
        let events = sync_face::Events {
            outbox: self.outbox.clone(),
            texts,
        };
        let session = sync_face::run(
            self.face.engine.clone(),
            events,
            said.downgrade(),
            self.caller.clone(),
        );
        self.sessions.spawn(session);
        self.members.insert("/".into(), Member::Sync(said.clone()));
        said
    }

    /// Answers with an error, after everything that came before it.
    async fn refuse(
        &mut self,
        namespace: &str,
        ack: u64,
        error: Error,
        slot: Slot,
    ) -> Result<(), End> {
        match self.members.get(namespace) {
            Some(Member::Plain(requests)) => {
                let _ = requests.send(Todo::Refuse { ack, error, slot });
                Ok(())
            }
            Some(_) => Ok(self.outbox.send(refusal(namespace, ack, &error)).await?),
            None => Err(End::CutOff),
        }
    }
}

/// A panic is in the log; the client must not wait for answers in vain.
fn ended(done: Result<Result<(), End>, JoinError>) -> Result<(), End> {
    done.unwrap_or(Err(End::CutOff))
}

/// The ack of a request that failed: `[error, null]`.
pub(super) fn refusal(namespace: &str, ack: u64, error: &Error) -> String {
    let error = serde_json::to_string(error).unwrap_or_else(|_| "{}".into());
    socket_io::ack(namespace, ack, [&*error, "null"])
}

fn connect_error(namespace: &str, error: &Error) -> String {
    let data = json!({"message": error.message, "data": error});
    let namespace = namespace.to_string();
    match raw(data) {
        Some(data) => Packet::ConnectError { namespace, data },
        None => Packet::Disconnect { namespace },
    }
    .to_string()
}

/// A value as JSON text; it always has one.
fn raw(value: serde_json::Value) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&value).ok()
}

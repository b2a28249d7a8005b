//! One client of the frame protocol, from its hello to its end.
//!
//! A session owns a position in the log and sends what lies between that and the hub's head, for all of its
//! subscriptions at once. While a message is being written nothing is gathered: a slow client costs a cursor.
//! Invariant: a result is sent before, or together with, the transition that contains its change.

mod hello;
mod outbox;
mod position;
mod requests;

use self::outbox::Outbox;
use super::engine::{Caller, Engine, Outcome, RETRY, Signal};
use super::hub::Channel;
use super::seats::Seat;
use crate::protocol::{self, ClientFrame, Code, Error, Hello, Mid, Query, Seq, ServerFrame, Sid};
use crate::store::{Answer, Ask, Row, View, Want};
use futures_util::StreamExt;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

/// What a session sends to and receives from: a WebSocket, a Socket.IO event, a test.
pub trait Wire: Send {
    /// The next message; `None` when the client is gone. Cancel-safe.
    fn receive(&mut self) -> impl Future<Output = Option<String>> + Send;

    /// Sends a message; resolves when it is on its way and there is room for another.
    fn send(&mut self, text: String) -> impl Future<Output = Result<(), Closed>> + Send;
}

/// The client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// Runs one client until it goes, is cut off, or breaks the protocol.
pub async fn serve(engine: Engine, mut wire: impl Wire, caller: Caller) {
    let _presence = engine.enter();
    let Ok(Some(hello)) = timeout(engine.limits().hello, first_message(&mut wire)).await else {
        let bye = ServerFrame::Bye(4408, "no hello in time".to_string(), Some(1000));
        let _ = wire.send(bye.to_json().to_string()).await;
        return;
    };
    let (hello, rest) = match hello {
        Ok(parts) => parts,
        Err(error) => {
            let failure = ServerFrame::Failure(json!({}), error).to_json();
            let bye = ServerFrame::Bye(4500, "the first frame must be a hello".to_string(), None);
            let _ = wire.send(json!([failure, bye.to_json()]).to_string()).await;
            return;
        }
    };
    let mut session = Session::new(engine, caller, hello.cid);
    // An error here has been told to the client.
    if session.welcome(hello).await.is_ok() {
        session.queue(rest, 0);
        session.run(&mut wire).await;
    } else {
        let _ = wire.send(session.out.take(usize::MAX)).await;
    }
}

/// The hello, and what came in the same message.
async fn first_message(wire: &mut impl Wire) -> Option<Result<(Hello, Vec<Vec<Value>>), Error>> {
    let text = wire.receive().await?;
    let read = protocol::frames(&text).and_then(|frames| {
        let mut frames = frames.into_iter();
        match frames.next().map(ClientFrame::read).transpose()? {
            Some(ClientFrame::Hello(hello)) => Ok((hello, frames.collect())),
            _ => Err(Error::malformed("the first frame must be a hello")),
        }
    });
    Some(read)
}

/// The outcomes of a set, and what it counted for while it was unanswered.
type Results = Pin<Box<dyn Future<Output = (Vec<Outcome>, usize)> + Send>>;
type Answers = Pin<Box<dyn Future<Output = ServerFrame> + Send>>;

struct Session {
    engine: Engine,
    caller: Caller,
    cid: Uuid,
    /// Held until a newer connection of the client takes it.
    seat: Seat,
    /// Nobody knows what this client's mutations were: none may be run.
    is_forgotten: bool,
    /// Where the client is, or will be when it has read what was sent.
    position: Seq,
    /// The last mutation whose result was sent.
    last_mid: Mid,
    /// The last mutation that was run when the client said hello.
    welcomed_mid: Mid,
    /// A result beyond the position was sent: the client waits for the position to pass it.
    owes_position: bool,
    subscriptions: BTreeMap<Sid, Arc<Channel>>,
    /// Something may be new in a channel.
    notify: Arc<Notify>,
    results: FuturesOrdered<Results>,
    answers: FuturesUnordered<Answers>,
    /// The bytes of the messages whose mutations are unanswered.
    unanswered: usize,
    signals: broadcast::Receiver<Signal>,
    /// What was received and not looked at yet, each with what it counts for.
    inbox: VecDeque<(Result<ClientFrame, Error>, usize)>,
    out: Outbox,
}

impl Session {
    fn new(engine: Engine, mut caller: Caller, cid: Uuid) -> Session {
        caller.connection.get_or_insert_with(Uuid::new_v4);
        Session {
            position: engine.hub().head(),
            signals: engine.signals(),
            seat: engine.seat(cid),
            is_forgotten: false,
            unanswered: 0,
            inbox: VecDeque::new(),
            engine,
            caller,
            cid,
            last_mid: 0,
            welcomed_mid: 0,
            owes_position: false,
            subscriptions: BTreeMap::new(),
            notify: Arc::new(Notify::new()),
            results: FuturesOrdered::new(),
            answers: FuturesUnordered::new(),
            out: Outbox::default(),
        }
    }

    fn read(&self, wants: Vec<Want>) -> Answer<View> {
        let cid = Some(self.cid);
        self.engine.store().read(Ask { wants, cid })
    }

    async fn run(&mut self, wire: &mut impl Wire) {
        let limits = self.engine.limits().clone();
        let mut quiet_until = Instant::now() + limits.heartbeat;
        let mut turn = pin!(self.engine.turn_to_end());
        let mut replaced = pin!(self.seat.replaced());
        loop {
            // What is put together while something waits to leave would be a queue: a slow client has a position.
            if self.out.bytes() < limits.buffer_bytes && self.advance().await.is_err() {
                return self.say_goodbye(wire, 4003, "try again later", RETRY).await;
            }
            if !self.out.is_empty() {
                let message = self.out.take(limits.buffer_bytes);
                tokio::select! {
                    sent = timeout(limits.stalled, wire.send(message)) => match sent {
                        Ok(Ok(())) => {}
                        _ => return,
                    },
                    // It takes nothing, and its client is elsewhere.
                    () = &mut replaced => return,
                }
                quiet_until = Instant::now() + limits.heartbeat;
                continue;
            }
            let may_read = self.has_room();
            if may_read && let Some((frame, weight)) = self.inbox.pop_front() {
                self.receive_frame(frame, weight).await;
                continue;
            }
            tokio::select! {
                message = wire.receive(), if may_read => match message {
                    Some(text) => self.receive(&text),
                    None => return,
                },
                Some(results) = self.results.next() => self.send_results(results),
                Some(answer) = self.answers.next() => self.send(answer),
                () = self.notify.notified() => {}
                Ok(signal) = self.signals.recv() => self.send_signal(&signal),
                () = sleep_until(quiet_until) => self.owes_position = true,
                retry = &mut turn => {
                    return self.say_goodbye(wire, 4001, "the server is stopping", retry).await;
                }
                () = &mut replaced => {
                    let reason = "a newer connection of this client is there";
                    return self.say_goodbye(wire, 4002, reason, RETRY).await;
                }
            }
        }
    }

    /// Whether more of what the client sends may be begun.
    fn has_room(&self) -> bool {
        let limits = self.engine.limits();
        self.results.len() < limits.outstanding
            && self.unanswered < limits.message_bytes
            && self.answers.len() < limits.reads
    }

    /// Sends what is due and the reason for the end; the client comes back.
    async fn say_goodbye(
        &mut self,
        wire: &mut impl Wire,
        code: u16,
        reason: &str,
        retry: Duration,
    ) {
        let outstanding = async {
            while let Some(results) = self.results.next().await {
                self.send_results(results);
            }
        };
        // What is not answered in time is asked for again when the client is back.
        let _ = timeout(Duration::from_secs(2), outstanding).await;
        let retry = Some(retry.as_millis() as u32);
        self.send(ServerFrame::Bye(code, reason.to_string(), retry));
        // A client that does not take it finds the connection closed.
        let message = self.out.take(usize::MAX);
        let _ = timeout(self.engine.limits().stalled, wire.send(message)).await;
    }

    fn receive(&mut self, text: &str) {
        match protocol::frames(text) {
            Ok(frames) => self.queue(frames, text.len()),
            Err(error) => self.send(ServerFrame::Failure(json!({}), error)),
        }
    }

    /// Puts the frames of a message where they wait for their turn.
    fn queue(&mut self, frames: Vec<Vec<Value>>, bytes: usize) {
        let weight = bytes / frames.len().max(1);
        let frames = frames.into_iter().map(ClientFrame::read);
        self.inbox.extend(frames.map(|frame| (frame, weight)));
    }

    fn send_results(&mut self, (results, weight): (Vec<Outcome>, usize)) {
        self.unanswered -= weight;
        for (mid, mut outcome) in results {
            if let Err(error) = &mut outcome
                && error.last.is_some_and(|last| last < self.welcomed_mid)
            {
                // Its numbers were forgotten while it was connected: it must not count from the start again.
                *error = forgotten();
            }
            self.last_mid = self.last_mid.max(mid);
            self.owes_position |= outcome.as_ref().is_ok_and(|(_, seq)| *seq > self.position);
            self.send(ServerFrame::Result(mid, outcome));
        }
    }

    fn send_signal(&mut self, signal: &Signal) {
        if signal.from.is_none() || signal.from != self.caller.connection {
            let topic = signal.topic.to_string();
            let payload = Value::clone(&signal.payload);
            self.send(ServerFrame::Signal(topic, payload, json!(signal.from)));
        }
    }

    /// Sends the rows of a query in pages.
    fn send_snapshot(&mut self, sid: Sid, query: &Query, list: &[Row]) {
        // The query was read with this schema.
        if let Ok(model) = self.engine.model(&query.collection) {
            self.out
                .snapshot(sid, model, list, self.engine.limits().chunk_bytes);
        }
    }

    fn send(&mut self, frame: ServerFrame) {
        self.out.frame(&frame);
    }
}

/// What a client is told that was away for so long that its numbers are gone.
fn forgotten() -> Error {
    Error::new(
        Code::OutOfOrder,
        "this client was away for too long: what became of its unanswered mutations is not known; \
         go on under another client id",
    )
}

//! Everything that a client and its connection share: what is to be sent, and what becomes of what is received.
//!
//! Invariant: no I/O and no waiting. The connection asks for messages and hands in frames; handles queue and read.
//! Whatever was asked for is answered, by the server or, at the end, by the error that ended the client.

use super::State;
use super::feed::Feed;
use super::outbox::{Draft, Outbox};
use super::reads::Reads;
use super::replica::{Event, Events, OutOfStep, Replica};
use super::signal::Signal;
use crate::protocol::{
    ClientFrame, Code, Error, Hello, Mid, Seq, ServerFrame, Sid, VERSION, Welcome,
};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::Duration;
use tokio::sync::{broadcast, oneshot, watch};
use uuid::Uuid;

/// What a write was answered: the row, and its version.
pub(super) type Written = Result<(Value, Seq), Error>;
/// What a read was answered: `{row|rows, seq}`.
pub(super) type Found = Result<Value, Error>;

/// A message may be this long where the server doesn't say.
const MESSAGE_BYTES: usize = 256 * 1024;
/// The server lets itself be heard at least this often where it doesn't say.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// The server is told how far the client is after so many transitions.
const ACK_EVERY: u32 = 32;
/// What waits for a connection besides writes and reads is thrown away above this.
const SIGNALS: usize = 256;

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    /// Come back, not before the time that the server asks for.
    Again(String, Option<Duration>),
    /// Don't.
    Final(Error),
}

#[derive(Debug)]
pub(super) struct Session {
    cid: Uuid,
    token: Option<String>,
    replica: Replica,
    outbox: Outbox<oneshot::Sender<Written>>,
    reads: Reads,
    feeds: BTreeMap<Sid, Follower>,
    /// Frames that mean something only on the current connection.
    passing: VecDeque<ClientFrame>,
    last_sid: Sid,
    /// Welcomed on the current connection, with its limits.
    live: Option<Limits>,
    unacknowledged: u32,
    /// The server's time when the connection began on which the oldest unanswered write was first sent, or before.
    since: Option<i64>,
    /// What the server said last about the connection as a whole.
    complaint: Option<Error>,
    ended: Option<Error>,
    /// Who waits to hear how the first attempt ended.
    pub(super) first: Option<oneshot::Sender<Result<(), Error>>>,
    pub(super) state: watch::Sender<State>,
    pub(super) signals: broadcast::Sender<Signal>,
}

#[derive(Debug)]
struct Follower {
    feed: Feed,
    /// Whether the server was told of it on the current connection.
    announced: bool,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    heartbeat: Duration,
    message_bytes: usize,
    /// What time it was at the server when it began.
    now: Option<i64>,
}

impl Session {
    pub(super) fn new(cid: Uuid, token: Option<String>, room: usize) -> Session {
        Session {
            cid,
            token,
            replica: Replica::default(),
            outbox: Outbox::new(room),
            reads: Reads::new(room),
            feeds: BTreeMap::new(),
            passing: VecDeque::new(),
            last_sid: 0,
            live: None,
            unacknowledged: 0,
            since: None,
            complaint: None,
            ended: None,
            first: None,
            state: watch::Sender::new(State::Connecting),
            signals: broadcast::Sender::new(SIGNALS),
        }
    }

    // What handles ask for.

    pub(super) fn write(&mut self, draft: Draft) -> Result<oneshot::Receiver<Written>, Error> {
        self.check_open()?;
        let (answer, receiver) = oneshot::channel();
        self.outbox
            .push(draft, answer, |waiter| !waiter.is_closed())?;
        Ok(receiver)
    }

    pub(super) fn read(&mut self, query: Value) -> Result<oneshot::Receiver<Found>, Error> {
        self.check_open()?;
        self.reads.push(query)
    }

    pub(super) fn subscribe(&mut self, query: Value, limit: usize) -> Result<Sid, Error> {
        self.check_open()?;
        self.last_sid += 1;
        self.replica.open(self.last_sid, query);
        let follower = Follower {
            feed: Feed::new(limit),
            announced: false,
        };
        self.feeds.insert(self.last_sid, follower);
        Ok(self.last_sid)
    }

    pub(super) fn unsubscribe(&mut self, sid: Sid) {
        self.replica.close(sid);
        let follower = self.feeds.remove(&sid);
        if self.live.is_some() && follower.is_some_and(|follower| follower.announced) {
            self.passing.push_back(ClientFrame::Unsubscribe(sid));
        }
    }

    pub(super) fn next(&mut self, sid: Sid, waker: &Waker) -> Option<Option<Event>> {
        match self.feeds.get_mut(&sid) {
            Some(follower) => follower.feed.next(waker),
            None => Some(None),
        }
    }

    pub(super) fn signal(&mut self, topic: String, payload: Value) -> Result<(), Error> {
        self.check_open()?;
        if self.live.is_none() {
            let message = "there is no connection, and signals don't wait for one";
            return Err(Error::new(Code::Unavailable, message));
        }
        if self.passing.len() >= SIGNALS {
            let message = "signals are sent faster than the connection takes them";
            return Err(Error::new(Code::Overloaded, message));
        }
        self.passing
            .push_back(ClientFrame::Signal { topic, payload });
        Ok(())
    }

    pub(super) fn authenticate(&mut self, token: String) -> Result<(), Error> {
        self.check_open()?;
        if self.live.is_some() {
            self.passing.push_back(ClientFrame::Auth(token.clone()));
        }
        self.token = Some(token);
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    // What the connection asks for.

    /// The first frame of a connection.
    pub(super) fn hello(&mut self) -> ClientFrame {
        for follower in self.feeds.values_mut() {
            follower.announced = true;
        }
        ClientFrame::Hello(Hello {
            v: VERSION,
            cid: self.cid,
            schema: None,
            token: self.token.clone(),
            subs: self.replica.openings(),
            last_mid: self.outbox.answered(),
            since: self.since.filter(|_| self.outbox.has_sent()),
        })
    }

    /// What is to be sent now; nothing before the welcome.
    pub(super) fn outgoing(&mut self) -> Vec<ClientFrame> {
        let Some(limits) = self.live else {
            return Vec::new();
        };
        let mut frames: Vec<ClientFrame> = self.passing.drain(..).collect();
        for (sid, follower) in &mut self.feeds {
            if !follower.announced
                && let Some(opening) = self.replica.opening(*sid)
            {
                follower.announced = true;
                frames.push(ClientFrame::Subscribe(opening));
            }
        }
        loop {
            if !self.outbox.has_sent() {
                self.since = limits.now;
            }
            let mutations = self.outbox.take(
                limits.message_bytes,
                |waiter| !waiter.is_closed(),
                |waiter, error| drop(waiter.send(Err(error))),
            );
            if mutations.is_empty() {
                break;
            }
            let tx = false;
            frames.push(ClientFrame::Mutate { mutations, tx });
        }
        frames.extend(self.reads.take());
        frames
    }

    /// How long the server may be silent before it counts as dead; `None` before the welcome.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.live.map(|limits| limits.heartbeat.mul_f64(2.5))
    }

    /// A frame could not be read, which ends the connection: what it means for the next one.
    pub(super) fn unreadable(&mut self, frame: &[serde_json::Value]) {
        let mut events = Vec::new();
        self.replica.unreadable(frame, &mut events);
        self.tell(events);
    }

    /// Takes a frame in. An error means that the connection is over.
    pub(super) fn receive(&mut self, frame: ServerFrame) -> Result<(), Ending> {
        if self.live.is_none() && !may_come_first(&frame) {
            return Err(Ending::Again(
                "a frame came before the welcome".into(),
                None,
            ));
        }
        match frame {
            ServerFrame::Welcome(welcome) => self.welcome(&welcome)?,
            ServerFrame::Transition(transition) => {
                let mut events = Vec::new();
                let outcome = self.replica.transition(transition, &mut events);
                self.tell(events);
                outcome.map_err(resume)?;
                self.unacknowledged += 1;
                if self.unacknowledged >= ACK_EVERY {
                    self.acknowledge();
                }
            }
            ServerFrame::Snapshot(page) => {
                let mut events = Vec::new();
                let outcome = self.replica.snapshot(page, &mut events);
                self.tell(events);
                outcome.map_err(resume)?;
            }
            ServerFrame::Watermark(to) => {
                self.replica.watermark(to);
                self.acknowledge();
            }
            ServerFrame::Result(mid, result) => self.answer(mid, result)?,
            ServerFrame::Answer(rid, answer) => self.reads.answer(&rid, Ok(answer)),
            ServerFrame::Failure(about, error) => self.failed(&about, error),
            ServerFrame::Signal(topic, payload, from) => {
                // An error only says that nobody listens.
                let _ = self.signals.send(Signal {
                    topic,
                    payload,
                    from,
                });
            }
            ServerFrame::Bye(code, reason, retry_ms) => {
                let retry = retry_ms.map(|ms| Duration::from_millis(ms.into()));
                return Err(self.bye(code, &reason, retry));
            }
            ServerFrame::Unknown => {}
        }
        Ok(())
    }

    /// What a code at the end of a connection means, from a `B` or a close frame.
    pub(super) fn bye(&mut self, code: u16, reason: &str, retry: Option<Duration>) -> Ending {
        if !(4500..5000).contains(&code) {
            return Ending::Again(format!("the server said goodbye: {reason} ({code})"), retry);
        }
        Ending::Final(self.complaint.take().unwrap_or_else(|| {
            let message = format!("the server refused the connection: {reason} ({code})");
            Error::new(Code::Unavailable, message)
        }))
    }

    /// The connection, or an attempt to make one, is over.
    pub(super) fn lost(&mut self, why: &str) {
        self.live = None;
        self.complaint = None;
        self.passing.clear();
        self.unacknowledged = 0;
        self.reads.lost();
        for follower in self.feeds.values_mut() {
            follower.announced = false;
        }
        if let Some(first) = self.first.take() {
            // Whoever asked may have gone.
            let _ = first.send(Err(Error::new(Code::Unavailable, why)));
        }
        if *self.state.borrow() == State::Live {
            self.state.send_replace(State::Stale);
        }
    }

    /// There will be no further connection: all that waits is answered with the error.
    pub(super) fn end(&mut self, error: Error) {
        if self.ended.is_some() {
            return;
        }
        self.live = None;
        for waiter in self.outbox.drain() {
            let _ = waiter.send(Err(error.clone()));
        }
        self.reads.end(&error);
        for follower in self.feeds.values_mut() {
            follower.feed.fail(error.clone());
        }
        if let Some(first) = self.first.take() {
            let _ = first.send(Err(error.clone()));
        }
        self.ended = Some(error);
        // Ends the streams of the one before.
        self.signals = broadcast::Sender::new(1);
        self.state.send_replace(State::Offline);
    }

    fn welcome(&mut self, welcome: &Welcome) -> Result<(), Ending> {
        if welcome.v != VERSION {
            let message = format!(
                "the server speaks version {} of the protocol, this client version {VERSION}",
                welcome.v
            );
            return Err(Ending::Final(Error::new(Code::Schema, message)));
        }
        if welcome.forgotten {
            // What was sent may have been run or not; what was not sent goes on under another id.
            for waiter in self.outbox.begin_anew() {
                let message =
                    "the client was away for so long that nobody knows whether this was done";
                let _ = waiter.send(Err(Error::new(Code::OutOfOrder, message)));
            }
            self.cid = Uuid::now_v7();
            return Err(Ending::Again(
                "the server has forgotten this client".into(),
                None,
            ));
        }
        let limit = |name: &str| welcome.limits.get(name).and_then(Value::as_u64);
        self.live = Some(Limits {
            heartbeat: limit("heartbeat_ms").map_or(HEARTBEAT, Duration::from_millis),
            message_bytes: limit("message_bytes")
                .and_then(|bytes| usize::try_from(bytes).ok())
                // A message is the mutations and a few characters around them.
                .map_or(MESSAGE_BYTES, |bytes| bytes.saturating_sub(16)),
            now: welcome.now,
        });
        self.replica.welcome(welcome);
        self.outbox.connected(welcome.last_mid);
        if let Some(first) = self.first.take() {
            let _ = first.send(Ok(()));
        }
        self.state.send_replace(State::Live);
        Ok(())
    }

    fn tell(&mut self, events: Events) {
        for (sid, event) in events {
            if let Some(follower) = self.feeds.get_mut(&sid) {
                follower.feed.push(event);
            }
        }
    }

    fn acknowledge(&mut self) {
        if self.unacknowledged > 0 {
            self.unacknowledged = 0;
            let position = self.replica.position();
            self.passing.push_back(ClientFrame::Ack(position));
        }
    }

    fn answer(&mut self, mid: Mid, result: Written) -> Result<(), Ending> {
        if let Err(error) = &result
            && error.code == Code::OutOfOrder
            && let Some(last) = error.last
        {
            self.outbox.renumber(last);
            return Err(Ending::Again(
                "mutation numbers were out of order".into(),
                None,
            ));
        }
        if let Some(waiter) = self.outbox.answer(mid) {
            let _ = waiter.send(result);
        }
        Ok(())
    }

    fn failed(&mut self, about: &Value, error: Error) {
        if let Some(sid) = about["sid"]
            .as_u64()
            .and_then(|sid| Sid::try_from(sid).ok())
        {
            self.replica.close(sid);
            if let Some(follower) = self.feeds.get_mut(&sid) {
                follower.feed.fail(error);
            }
        } else if !about["rid"].is_null() {
            self.reads.answer(&about["rid"], Err(error));
        } else {
            tracing::warn!(code = ?error.code, %error, "the server could not take a frame");
            self.complaint = Some(error);
        }
    }
}

fn may_come_first(frame: &ServerFrame) -> bool {
    use ServerFrame::{Bye, Failure, Unknown, Welcome};
    matches!(frame, Welcome(_) | Failure(..) | Bye(..) | Unknown)
}

fn resume(OutOfStep(why): OutOfStep) -> Ending {
    Ending::Again(why, None)
}

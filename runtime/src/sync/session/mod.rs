//! One client of the frame protocol, from its hello to its end.
//!
//! A session owns a position in the log and sends what lies between that and the hub's head, for all of its
//! subscriptions at once. While a message is being written nothing is gathered: a slow client costs a cursor.
//! Invariant: a result is sent before, or together with, the transition that contains its change.

mod hello;
mod outbox;

use self::outbox::Outbox;
use super::engine::{Caller, Engine, Outcome, RETRY, Signal};
use super::hub::{Channel, Entry};
use super::ops;
use super::seats::Seat;
use crate::protocol::{
    self, ClientFrame, Code, Error, Hello, Mid, Mutation, Opening, Query, Reply, Request, Seq,
    ServerFrame, Sid,
};
use crate::store::{Answer, Ask, Commit, Found, Row, View, Want};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::task::coop::unconstrained;
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

    /// Whether a subscription may be opened.
    fn admit(&self, sid: Sid, query: &Value, opened: usize) -> Result<Query, Error> {
        let limit = self.engine.limits().subscriptions;
        if self.subscriptions.len() + opened >= limit {
            return Err(Error::new(
                Code::TooLarge,
                format!("a connection has at most {limit} subscriptions"),
            ));
        }
        if self.subscriptions.contains_key(&sid) {
            return Err(Error::field("sid", "is in use: unsubscribe first"));
        }
        let query = Query::parse(self.engine.schema(), query)?;
        for (part, given) in [
            ("limit", query.limit.is_some()),
            ("after", query.after.is_some()),
        ] {
            if given {
                return Err(Error::field(part, "cannot be part of a subscription"));
            }
        }
        Ok(query)
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

    async fn receive_frame(&mut self, frame: Result<ClientFrame, Error>, weight: usize) {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return self.send(ServerFrame::Failure(json!({}), error)),
        };
        match frame {
            ClientFrame::Hello(_) => {
                let error = Error::malformed("a connection says hello once");
                self.send(ServerFrame::Failure(json!({}), error));
            }
            ClientFrame::Subscribe(Opening(sid, query, ..)) => {
                if let Err(error) = self.subscribe(sid, &query).await {
                    self.send(ServerFrame::Failure(json!({"sid": sid}), error));
                }
            }
            ClientFrame::Unsubscribe(sid) => {
                self.subscriptions.remove(&sid);
            }
            ClientFrame::Mutate {
                mutations,
                tx: true,
            } => self.mutate(mutations, weight),
            ClientFrame::Mutate {
                mutations,
                tx: false,
            } => {
                let each = weight / mutations.len().max(1);
                let mut mutations = mutations.into_iter();
                while self.has_room()
                    && let Some(mutation) = mutations.next()
                {
                    self.mutate(vec![mutation], each);
                }
                let mutations: Vec<Mutation> = mutations.collect();
                if !mutations.is_empty() {
                    let weight = each * mutations.len();
                    let tx = false;
                    let rest = ClientFrame::Mutate { mutations, tx };
                    self.inbox.push_front((Ok(rest), weight));
                }
            }
            ClientFrame::Query { rid, query } => self.query(rid, query),
            ClientFrame::Auth(_) => {
                let error = Error::new(
                    Code::Unauthenticated,
                    "this server has no way to authenticate",
                );
                self.send(ServerFrame::Failure(json!({}), error));
            }
            // Flow control follows the socket; the number is for lag metrics.
            ClientFrame::Ack(_) => {}
            ClientFrame::Signal { topic, payload } => {
                let from = self.caller.connection;
                if let Err(error) = self.engine.signal_from(topic, payload, from) {
                    self.send(ServerFrame::Failure(json!({}), error));
                }
            }
        }
    }

    /// Opens a subscription: brings the whole session to the position of the snapshot, then sends that.
    async fn subscribe(&mut self, sid: Sid, query: &Value) -> Result<(), Error> {
        let query = self.admit(sid, query, 0)?;
        let channel = self.engine.hub().join(&query, &self.notify);
        let view = self.read(vec![Want::Rows(query.clone())]).await?;
        let Some(Found::Rows(rows)) = view.found.into_iter().next() else {
            return Err(Error::internal("a store answered with something else"));
        };
        self.engine.hub().reach(view.seq).await;
        self.advance_to(view.seq, usize::MAX).await?;
        if self.position < view.seq {
            self.move_to(view.seq);
        }
        self.send_snapshot(sid, &query, &rows);
        self.subscriptions.insert(sid, channel);
        Ok(())
    }

    fn mutate(&mut self, mutations: Vec<Mutation>, weight: usize) {
        if mutations.is_empty() {
            return;
        }
        if self.is_forgotten {
            let refused = mutations.into_iter().map(|one| (one.0, Err(forgotten())));
            return self.send_results((refused.collect(), 0));
        }
        self.unanswered += weight;
        let outcomes = self.engine.mutate(self.cid, mutations);
        let outcomes = async move { (outcomes.await, weight) };
        self.results.push_back(Box::pin(outcomes));
    }

    fn query(&mut self, rid: Value, query: Value) {
        let (engine, caller) = (self.engine.clone(), self.caller.clone());
        self.answers.push(Box::pin(async move {
            let collection = query.get("collection").and_then(Value::as_str);
            let request = match (query.get("id"), collection) {
                (Some(id), Some(collection)) => Request::Get {
                    collection: collection.to_string(),
                    id: id.clone(),
                },
                _ => Request::List(query),
            };
            match engine.handle(request, &caller).await {
                Ok(Reply::Row { row, seq }) => {
                    ServerFrame::Answer(rid, json!({"row": row, "seq": seq}))
                }
                Ok(Reply::Rows { rows, seq }) => {
                    ServerFrame::Answer(rid, json!({"rows": rows, "seq": seq}))
                }
                Ok(Reply::Done) => ServerFrame::Answer(rid, Value::Null),
                Err(error) => ServerFrame::Failure(json!({"rid": rid}), error),
            }
        }));
    }

    /// Sends what lies between the position and the head, or the first part of it.
    async fn advance(&mut self) -> Result<(), Error> {
        let head = self.engine.hub().head();
        let budget = self.engine.limits().buffer_bytes;
        self.advance_to(head, budget).await?;
        if self.owes_position && self.out.bytes() < budget {
            self.move_to(head);
        }
        Ok(())
    }

    async fn advance_to(&mut self, to: Seq, budget: usize) -> Result<(), Error> {
        if to <= self.position {
            return Ok(());
        }
        if !self.send_ready_results(budget) {
            return Ok(());
        }
        let mut due = Vec::new();
        let mut end = to;
        for (sid, channel) in &self.subscriptions {
            match channel.between(self.position, end, budget) {
                Some((entries, all)) => {
                    end = all;
                    if !entries.is_empty() {
                        due.push((*sid, entries));
                    }
                }
                None => return self.catch_up().await,
            }
        }
        let end = fitting(&due, end, budget);
        for (_, entries) in &mut due {
            entries.truncate(entries.partition_point(|entry| entry.commit.seq <= end));
        }
        due.retain(|(_, entries)| !entries.is_empty());
        if !due.is_empty() {
            let ops = due
                .iter()
                .map(|(sid, entries)| (*sid, entries.iter().map(|entry| entry.ops.as_str())));
            self.out.transition(self.position, end, self.last_mid, ops);
            self.position = end;
            self.owes_position &= end < to;
        }
        Ok(())
    }

    /// Sends the results that are there: those of everything that the hub has, because the store answers before it
    /// shows a commit. Whether that were all, within the budget.
    fn send_ready_results(&mut self, budget: usize) -> bool {
        while self.out.bytes() < budget {
            // Out of turn a result that is there could look as if it weren't.
            match unconstrained(self.results.next()).now_or_never() {
                Some(Some(results)) => self.send_results(results),
                _ => return true,
            }
        }
        false
    }

    /// The channels no longer reach back to the position: reads the net change from the log.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let subscriptions: Vec<(Sid, Query)> = self
            .subscriptions
            .iter()
            .map(|(sid, channel)| (*sid, channel.query.clone()))
            .collect();
        let position = self.position;
        let wants = subscriptions.iter();
        let wants = wants.map(|(_, query)| Want::Since {
            seq: position,
            otherwise: query.clone(),
        });
        let view = self.read(wants.collect()).await?;
        // A reader can see a commit before its result is there.
        self.engine.hub().reach(view.seq).await;
        self.send_ready_results(usize::MAX);
        let mut replays = Vec::new();
        let mut snapshots = Vec::new();
        for ((sid, query), found) in subscriptions.into_iter().zip(view.found) {
            match found {
                Found::Commits(commits) => replays.push((sid, self.net(&query, &commits))),
                Found::Rows(rows) => snapshots.push((sid, query, rows)),
                Found::Row(_) => {
                    return Err(Error::internal("a store answered with something else"));
                }
            }
        }
        let ops = replays.iter().map(|(sid, ops)| (*sid, [ops.as_str()]));
        self.out.transition(position, view.seq, self.last_mid, ops);
        self.position = view.seq;
        self.owes_position = false;
        for (sid, query, rows) in snapshots {
            self.send_snapshot(sid, &query, &rows);
        }
        Ok(())
    }

    fn net(&self, query: &Query, commits: &[Arc<Commit>]) -> String {
        match self.engine.model(&query.collection) {
            Ok(model) => ops::net(model, query, commits.iter().flat_map(|one| &one.changes)),
            Err(_) => String::new(),
        }
    }

    fn move_to(&mut self, to: Seq) {
        self.position = self.position.max(to);
        self.owes_position = false;
        self.send(ServerFrame::Watermark(self.position));
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

/// Up to where entries can be sent so that they have not many more bytes than a budget; at least the first commit's.
fn fitting(due: &[(Sid, Vec<Arc<Entry>>)], end: Seq, budget: usize) -> Seq {
    let entries = due.iter().flat_map(|(_, entries)| entries);
    let mut sizes: Vec<(Seq, usize)> = entries
        .map(|entry| (entry.commit.seq, entry.ops.len()))
        .filter(|(seq, _)| *seq <= end)
        .collect();
    if sizes.iter().map(|(_, size)| size).sum::<usize>() <= budget {
        return end;
    }
    sizes.sort_unstable();
    let (mut bytes, mut fits) = (0, None);
    for commit in sizes.chunk_by(|one, other| one.0 == other.0) {
        bytes += commit.iter().map(|(_, size)| size).sum::<usize>();
        if bytes > budget && fits.is_some() {
            break;
        }
        fits = commit.first().map(|(seq, _)| *seq);
    }
    fits.unwrap_or(end)
}

/// What a client is told that was away for so long that its numbers are gone.
fn forgotten() -> Error {
    Error::new(
        Code::OutOfOrder,
        "this client was away for too long: what became of its unanswered mutations is not known; \
         go on under another client id",
    )
}

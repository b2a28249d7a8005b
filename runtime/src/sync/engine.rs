//! The engine: one function for every request of every face.
//!
//! Invariant: validation, and later authorisation and limits, live here and nowhere else.

use super::follower::Follower;
use super::hub::Hub;
use super::key::Key;
use super::limits::Limits;
use super::seats::{Seat, Seats};
use super::{input, rows};
use crate::protocol::{Code, Error, Mid, Mutation, Operation, Query, Reply, Request, Seq};
use crate::store::{Answer, Ask, ChangeSet, Found, Origin, Store, View, Want, Write, Written};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;
use vertebra_schema::{Model, Schema};

/// How long sessions may take to end, once it is their turn.
const GOODBYE: Duration = Duration::from_secs(5);

/// The time for each session when all are to end.
const PACE: Duration = Duration::from_millis(2);
/// The least time after which a client that was sent away comes back.
pub(super) const RETRY: Duration = Duration::from_millis(250);

/// A handle on the engine; cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    schema: Arc<Schema>,
    store: Arc<dyn Store>,
    hub: Hub,
    limits: Limits,
    signals: broadcast::Sender<Signal>,
    clock: fn() -> jiff::Timestamp,
    epoch: Arc<str>,
    stop: watch::Sender<bool>,
    seats: Seats,
    /// How many sessions there are.
    sessions: watch::Sender<usize>,
}

/// What became of a mutation: its row as it is told to the client, and its position in the log.
pub(super) type Outcome = (Mid, Result<(Value, Seq), Error>);

/// A message that is no row, on its way to every connection but the one it came from.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    pub(super) topic: Arc<str>,
    pub(super) payload: Arc<Value>,
    pub(super) from: Option<Uuid>,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Names the connection in signals; nobody can act in its name.
    pub connection: Option<Uuid>,
}

impl Engine {
    /// Makes the tables, and follows the log from where it is. Must be called in a tokio runtime.
    pub async fn start(
        schema: Schema,
        store: Arc<dyn Store>,
        limits: Limits,
    ) -> Result<Engine, Error> {
        let schema = Arc::new(schema);
        store.migrate(schema.clone()).await?;
        let View {
            epoch, seq: head, ..
        } = store.read(Ask::default()).await?;
        let inner = Inner {
            epoch,
            stop: watch::Sender::new(false),
            seats: Seats::default(),
            sessions: watch::Sender::new(0),
            hub: Hub::new(schema.clone(), head),
            schema,
            store,
            limits,
            signals: broadcast::channel(1024).0,
            clock: jiff::Timestamp::now,
        };
        let engine = Engine {
            inner: Arc::new(inner),
        };
        tokio::spawn(follow_log(engine.clone(), head));
        Ok(engine)
    }

    /// The models.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.inner.schema
    }

    /// What clients may ask for.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The incarnation of the log that this engine follows.
    pub(super) fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    pub(super) fn signals(&self) -> broadcast::Receiver<Signal> {
        self.inner.signals.subscribe()
    }

    /// A model by its collection's name.
    pub fn model(&self, collection: &str) -> Result<&Model, Error> {
        let model = self.inner.schema.model(collection);
        model.ok_or_else(|| Error::no_collection(collection))
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request, caller: &Caller) -> Result<Reply, Error> {
        match request {
            Request::Get { collection, id } => {
                let model = self.model(&collection)?;
                let id = input::id(model, id)?;
                let want = Want::Row {
                    collection: (&*model.collection).into(),
                    id: id.clone(),
                };
                let view = self.view(want).await?;
                match view.found.into_iter().next() {
                    Some(Found::Row(Some(row))) => Ok(Reply::Row {
                        row: rows::object(model, &row),
                        seq: row.v,
                    }),
                    _ => Err(Error::no_row(&collection, &id)),
                }
            }
            Request::List(query) => {
                let query = Query::parse(self.schema(), &query)?;
                let model = self.model(&query.collection)?;
                let view = self.view(Want::Rows(query)).await?;
                let found = view.found.into_iter().next();
                let Some(Found::Rows(list)) = found else {
                    return Err(Error::internal(
                        "the store answered a list with something else",
                    ));
                };
                let rows = list.iter().map(|row| rows::object(model, row)).collect();
                Ok(Reply::Rows {
                    rows,
                    seq: view.seq,
                })
            }
            Request::Write {
                operation,
                collection,
                id,
                data,
                expected,
                key,
            } => {
                let key = key.map(|key| {
                    let request = (operation, &collection, &id, &data, expected);
                    Key::new(&key, &json!(request))
                });
                let key = key.transpose()?;
                let write = self.write(operation, &collection, id, data, expected);
                let model = self.model(&collection)?;
                let set = ChangeSet {
                    origin: key.as_ref().map(|key| key.origin),
                    request: key.as_ref().map(|key| key.request),
                    writes: match (write, &key) {
                        (Ok(write), _) => Ok(vec![write]),
                        // Refused under a key: told again in the same words.
                        (Err(error), Some(_)) => Err(error),
                        (Err(error), None) => return Err(error),
                    },
                };
                let written = self.inner.store.write(set).await.map_err(|error| {
                    match (error.code, &key) {
                        (Code::OutOfOrder, Some(_)) => Error::new(
                            Code::Conflict,
                            "the request of this key was done; its answer is no longer kept",
                        ),
                        _ => error,
                    }
                })?;
                let row = outcome(model, operation, &written, 0)?;
                Ok(Reply::Row {
                    row,
                    seq: written.seq,
                })
            }
            Request::Signal { topic, payload } => {
                self.signal_from(topic, payload, caller.connection)?;
                Ok(Reply::Done)
            }
        }
    }

    /// Runs numbered mutations, in the order of the calls: they are queued before this returns.
    pub(super) fn mutate(
        &self,
        cid: Uuid,
        mutations: Vec<Mutation>,
    ) -> impl Future<Output = Vec<Outcome>> + Send + use<> {
        let first = mutations.first().map(|one| one.0).unwrap_or_default();
        let kinds: Vec<(Mid, Operation, String)> = mutations
            .iter()
            .map(|Mutation(mid, operation, collection, ..)| (*mid, *operation, collection.clone()))
            .collect();
        let writes = self.writes(mutations);
        let set = ChangeSet {
            origin: Some(Origin { cid, mid: first }),
            request: None,
            writes,
        };
        let answer: Answer<Written> = self.inner.store.write(set);
        let engine = self.clone();
        async move {
            let written = answer.await;
            let outcomes =
                kinds
                    .into_iter()
                    .enumerate()
                    .map(|(n, (mid, operation, collection))| {
                        let outcome = written.as_ref().map_err(Error::clone).and_then(|written| {
                            let row = outcome(engine.model(&collection)?, operation, written, n)?;
                            Ok((row, written.seq))
                        });
                        (mid, outcome)
                    });
            outcomes.collect()
        }
    }

    fn writes(&self, mutations: Vec<Mutation>) -> Result<Vec<Write>, Error> {
        let mut writes = Vec::with_capacity(mutations.len());
        let many = mutations.len() > 1;
        for (n, Mutation(mid, operation, collection, id, data, expected)) in
            mutations.into_iter().enumerate()
        {
            let write = self.write(operation, &collection, id, data, expected);
            writes.push(write.map_err(|mut error| {
                if many {
                    error.message = format!(
                        "mutation {mid}, number {} of the transaction: {}",
                        n + 1,
                        error.message
                    );
                }
                error
            })?);
        }
        Ok(writes)
    }

    fn write(
        &self,
        operation: Operation,
        collection: &str,
        id: Value,
        data: Value,
        expected: Option<Seq>,
    ) -> Result<Write, Error> {
        // Databases and browsers know microseconds at most.
        let now = (self.inner.clock)().round(jiff::Unit::Microsecond);
        let now = now.map_err(Error::internal)?.to_string();
        input::write(self.model(collection)?, operation, id, data, expected, &now)
    }

    async fn view(&self, want: Want) -> Result<View, Error> {
        self.inner
            .store
            .read(Ask {
                wants: vec![want],
                cid: None,
            })
            .await
    }

    /// Every change of a collection from now on.
    pub fn follow(&self, collection: &str) -> Result<Follower, Error> {
        let query = Query::all(self.model(collection)?);
        Ok(Follower::new(self.clone(), query))
    }

    /// Sends a message that is no row to every connection: not numbered, not kept, lost where nobody listens.
    pub fn signal(&self, topic: impl Into<String>, payload: Value) -> Result<(), Error> {
        self.signal_from(topic.into(), payload, None)
    }

    pub(super) fn signal_from(
        &self,
        topic: String,
        payload: Value,
        from: Option<Uuid>,
    ) -> Result<(), Error> {
        if topic.is_empty() || topic.len() > 200 {
            return Err(Error::field("topic", "must have 1 to 200 bytes"));
        }
        let signal = Signal {
            topic: topic.into(),
            payload: Arc::new(payload),
            from,
        };
        // An error means that nobody is connected.
        let _ = self.inner.signals.send(signal);
        Ok(())
    }

    /// What a welcome says of the limits.
    pub(super) fn limits_json(&self) -> Map<String, Value> {
        let limits = &self.inner.limits;
        let json = json!({
            "heartbeat_ms": limits.heartbeat.as_millis() as u64,
            "message_bytes": limits.message_bytes,
            "subscriptions": limits.subscriptions,
        });
        match json {
            Value::Object(limits) => limits,
            _ => Map::new(),
        }
    }

    /// Tells every session to say goodbye; new ones end at once.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    /// Resolves when the engine was told to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.inner.stop.subscribe();
        async move {
            // The sender lives as long as the engine: no engine is as good as a stopped one.
            let _ = stop.wait_for(|stopped| *stopped).await;
        }
    }

    /// Resolves when it is one session's turn to end, some time after the engine was told to stop: those who come back
    /// come back over a time, not at once. Answers after how long the client may do that.
    pub(super) fn turn_to_end(&self) -> impl Future<Output = Duration> + Send + 'static {
        let engine = self.clone();
        let stopped = self.stopped();
        async move {
            stopped.await;
            let sessions = *engine.inner.sessions.borrow() as u32;
            let window = engine.limits().drain.min(PACE * sessions);
            tokio::time::sleep(some(window)).await;
            RETRY + some(2 * window.max(RETRY))
        }
    }

    /// Takes the seat of a client.
    pub(super) fn seat(&self, cid: Uuid) -> Seat {
        self.inner.seats.take(cid)
    }

    /// What time it is, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        (self.inner.clock)().as_millisecond()
    }

    /// Ends all sessions, finishes the writes that were begun, and closes the store.
    pub async fn close(&self) -> Result<(), Error> {
        self.stop();
        let mut sessions = self.inner.sessions.subscribe();
        let ended = sessions.wait_for(|count| *count == 0);
        if tokio::time::timeout(self.limits().drain + GOODBYE, ended)
            .await
            .is_err()
        {
            tracing::warn!("some sessions did not end in time");
        }
        self.inner.store.close().await
    }

    /// Counts a session for as long as the guard lives.
    pub(crate) fn enter(&self) -> Presence {
        self.inner.sessions.send_modify(|count| *count += 1);
        Presence(self.clone())
    }
}

/// A random part of a time.
fn some(time: Duration) -> Duration {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    time.mul_f64(random as f64 / u64::MAX as f64)
}

/// A session that is counted.
pub(crate) struct Presence(Engine);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.inner.sessions.send_modify(|count| *count -= 1);
    }
}

/// What a client is told about one write of a set.
fn outcome(
    model: &Model,
    operation: Operation,
    written: &Written,
    n: usize,
) -> Result<Value, Error> {
    // A result that is so old that its row is no longer in the log is told without the row.
    let Some(row) = written.rows.get(n) else {
        return Ok(Value::Null);
    };
    Ok(match operation {
        Operation::Delete => rows::id_object(model, &row.values[model.id_position()]),
        _ => rows::object(model, row),
    })
}

/// Moves commits from the log into the channels, for as long as the store is open.
async fn follow_log(engine: Engine, mut position: Seq) {
    loop {
        let error = match engine.store().tail(position).await {
            Ok(commits) => {
                engine.hub().append(&commits);
                position = commits.last().map_or(position, |commit| commit.seq);
                continue;
            }
            Err(error) => error,
        };
        match engine.store().read(Ask::default()).await {
            // Outrun: the log was shortened beyond what was handed on.
            Ok(view) if position < view.floor => {
                tracing::warn!(
                    position,
                    floor = view.floor,
                    "changes are handed on as rows"
                );
                engine.hub().skip_to(view.seq);
                position = view.seq;
            }
            // What will not pass: the store was closed.
            Err(error) if error.code == Code::Unavailable && error.retry_ms.is_none() => return,
            _ => {
                tracing::error!(%error, "cannot read the change log; trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

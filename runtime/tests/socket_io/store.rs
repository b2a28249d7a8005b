//! A store in memory whose writes can be held back, so that tests decide what is outstanding.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{oneshot, watch};
use vertebra::protocol::{Code, Error, Operation, Seq};
use vertebra::schema::Schema;
use vertebra::store::{
    Answer, Ask, Change, ChangeSet, Commit, Found, Row, Store, View, Want, Write, Written,
};

/// One table a collection, rows by their id's JSON text.
pub struct Memory {
    state: Arc<Mutex<State>>,
    head: watch::Sender<Seq>,
    received: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    widths: BTreeMap<String, usize>,
    rows: BTreeMap<(String, String), Row>,
    commits: Vec<Arc<Commit>>,
    is_held: bool,
    waiting: Vec<(ChangeSet, oneshot::Sender<Result<Written, Error>>)>,
}

impl Memory {
    pub fn new() -> Arc<Memory> {
        Arc::new(Memory {
            state: Arc::default(),
            head: watch::channel(0).0,
            received: watch::channel(0).0,
        })
    }

    /// Until it is called with `false`, no write is done.
    pub fn hold(&self, is_held: bool) {
        self.state.lock().unwrap().is_held = is_held;
        self.work();
    }

    /// Waits until so many writes have come, done or not.
    pub async fn receive(&self, count: usize) {
        let mut received = self.received.subscribe();
        received
            .wait_for(|received| *received >= count)
            .await
            .unwrap();
    }

    fn work(&self) {
        let mut state = self.state.lock().unwrap();
        if !state.is_held {
            for (set, answer) in std::mem::take(&mut state.waiting) {
                let _ = answer.send(state.commit(set));
            }
            self.head.send_replace(state.commits.len() as Seq);
        }
    }

    /// Waits until the log has reached a position.
    pub async fn reach(&self, seq: Seq) {
        let mut head = self.head.subscribe();
        head.wait_for(|head| *head >= seq).await.unwrap();
    }
}

impl State {
    fn commit(&mut self, set: ChangeSet) -> Result<Written, Error> {
        let seq = self.commits.len() as Seq + 1;
        let done: Result<Vec<_>, Error> = set
            .writes?
            .into_iter()
            .map(|write| self.write(write))
            .collect();
        let (changes, rows) = done?.into_iter().unzip();
        self.commits.push(Arc::new(Commit {
            seq,
            origin: set.origin,
            changes,
        }));
        Ok(Written { seq, rows })
    }

    fn write(&mut self, write: Write) -> Result<(Change, Row), Error> {
        let key = (write.collection.to_string(), write.id.to_string());
        let before = self.rows.get(&key).cloned();
        let current = before.as_ref().map(|row| row.v);
        if write.expected.is_some() && write.expected != current {
            return Err(Error::new(Code::Conflict, "the row is newer"));
        }
        let seq = self.commits.len() as Seq + 1;
        let mut values = match (&before, write.operation) {
            (None, Operation::Create) => vec![Value::Null; self.widths[&key.0]],
            (Some(_), Operation::Create) => return Err(Error::new(Code::Conflict, "it exists")),
            (Some(row), _) => row.values.to_vec(),
            (None, _) => return Err(Error::no_row(&write.collection, &write.id)),
        };
        for (column, value) in write.values {
            values[column] = value;
        }
        let row = Row {
            v: seq,
            values: values.into(),
        };
        let after = (write.operation != Operation::Delete).then(|| row.clone());
        match after.clone() {
            Some(row) => self.rows.insert(key, row),
            None => self.rows.remove(&key),
        };
        let change = Change {
            collection: write.collection,
            id: write.id,
            before,
            after,
        };
        Ok((change, row))
    }

    fn find(&self, want: Want) -> Found {
        match want {
            Want::Row { collection, id } => {
                let key = (collection.to_string(), id.to_string());
                Found::Row(self.rows.get(&key).cloned())
            }
            Want::Rows(query) => {
                let rows = self.rows.iter();
                let rows = rows.filter(|((collection, _), row)| {
                    **collection == *query.collection && query.matches(&row.values)
                });
                let rows = rows.map(|(_, row)| row.clone());
                Found::Rows(
                    rows.take(query.limit.unwrap_or(u32::MAX) as usize)
                        .collect(),
                )
            }
            Want::Since { seq, .. } => Found::Commits(self.commits[seq as usize..].to_vec()),
        }
    }
}

impl Store for Memory {
    fn migrate(&self, schema: Arc<Schema>) -> Answer<()> {
        let widths = schema.models.iter();
        let widths = widths.map(|model| (model.collection.to_string(), model.fields.len()));
        self.state.lock().unwrap().widths = widths.collect();
        Box::pin(async { Ok(()) })
    }

    fn write(&self, set: ChangeSet) -> Answer<Written> {
        let (answer, written) = oneshot::channel();
        self.state.lock().unwrap().waiting.push((set, answer));
        self.received.send_modify(|received| *received += 1);
        self.work();
        Box::pin(async { written.await.unwrap() })
    }

    fn read(&self, ask: Ask) -> Answer<View> {
        let state = self.state.lock().unwrap();
        let view = View {
            epoch: "memory".into(),
            seq: state.commits.len() as Seq,
            floor: 0,
            last_mid: 0,
            forgotten_at: 0,
            found: ask.wants.into_iter().map(|want| state.find(want)).collect(),
        };
        Box::pin(async { Ok(view) })
    }

    fn tail(&self, after: Seq) -> Answer<Vec<Arc<Commit>>> {
        let mut head = self.head.subscribe();
        let state = self.state.clone();
        Box::pin(async move {
            match head.wait_for(|head| *head > after).await {
                Ok(_) => Ok(state.lock().unwrap().commits[after as usize..].to_vec()),
                Err(_) => Err(Error::new(Code::Unavailable, "closed")),
            }
        })
    }

    fn close(&self) -> Answer<()> {
        Box::pin(async { Ok(()) })
    }
}

//! An engine, and a client of it that believes nothing.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;
use vertebra::protocol::{Operation, Reply, Request, Seq};
use vertebra::schema::{Described, Field, Flag, Model, Schema};
use vertebra::store::{Options, Sqlite};
use vertebra::sync::{Caller, Closed, Engine, Limits, Wire, serve};

const FIELDS: &[Field] = &[
    Field::new("id", "id", String::TYPE, "", None, &[Flag::Id], &[]),
    Field::new("n", "n", u32::TYPE, "", Some("0"), &[], &[]),
    Field::new("open", "open", bool::TYPE, "", Some("true"), &[], &[]),
    Field::new(
        "word",
        "word",
        String::TYPE,
        "",
        Some("\"canary\""),
        &[Flag::Secret],
        &[],
    ),
];
const TASK: Model = Model::new("Task", "tasks", "", true, false, FIELDS);
const STRICT: Model = Model::new("Strict", "stricts", "", true, true, FIELDS);

/// An engine over a database of its own.
pub struct Setup {
    pub engine: Engine,
    directory: TempDir,
}

pub async fn setup(limits: Limits) -> Setup {
    setup_with(limits, Options::default()).await
}

pub async fn setup_with(limits: Limits, options: Options) -> Setup {
    start(tempfile::tempdir().unwrap(), limits, options).await
}

async fn start(directory: TempDir, limits: Limits, options: Options) -> Setup {
    let path = directory.path().join("test.sqlite");
    let store = Sqlite::open_with(path, options).unwrap();
    let models = vec![TASK, STRICT];
    let engine = Engine::start(Schema { models }, Arc::new(store), limits)
        .await
        .unwrap();
    Setup { engine, directory }
}

impl Setup {
    /// The same database with other options.
    pub async fn restart(self, options: Options) -> Setup {
        self.engine.close().await.unwrap();
        let limits = self.engine.limits().clone();
        start(self.directory, limits, options).await
    }

    /// A connection to the database beside the engine's.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("test.sqlite")).unwrap()
    }

    pub async fn write(&self, operation: Operation, id: &str, data: Value) -> Seq {
        let write = Request::Write {
            operation,
            collection: "tasks".into(),
            id: id.into(),
            data,
            expected: None,
            key: None,
        };
        match self.engine.handle(write, &Caller::default()).await.unwrap() {
            Reply::Row { seq, .. } => seq,
            other => panic!("a write is answered with {other:?}"),
        }
    }

    pub async fn rows(&self) -> BTreeMap<String, Value> {
        let list = Request::List(json!({"collection": "tasks"}));
        match self.engine.handle(list, &Caller::default()).await.unwrap() {
            Reply::Rows { rows, .. } => rows
                .into_iter()
                .map(|row| (row["id"].as_str().unwrap().into(), row))
                .collect(),
            other => panic!("a list is answered with {other:?}"),
        }
    }

    pub fn connect(&self) -> Peer {
        let (to_session, from_client) = mpsc::channel(16);
        let (to_client, from_session) = mpsc::channel(1);
        let wire = ChannelWire {
            from_client,
            to_client,
        };
        tokio::spawn(serve(self.engine.clone(), wire, Caller::default()));
        Peer {
            to_session,
            from_session,
            pending: Default::default(),
            cid: Uuid::new_v4(),
            epoch: String::new(),
            position: 0,
            rows: BTreeMap::new(),
            longest: 0,
        }
    }
}

struct ChannelWire {
    from_client: mpsc::Receiver<String>,
    to_client: mpsc::Sender<String>,
}

impl Wire for ChannelWire {
    async fn receive(&mut self) -> Option<String> {
        self.from_client.recv().await
    }

    async fn send(&mut self, text: String) -> Result<(), Closed> {
        self.to_client.send(text).await.map_err(|_| Closed)
    }
}

/// A client that believes nothing: it checks the position of every transition and keeps the rows of subscription 1.
pub struct Peer {
    to_session: mpsc::Sender<String>,
    from_session: mpsc::Receiver<String>,
    pending: std::collections::VecDeque<Value>,
    pub cid: Uuid,
    pub epoch: String,
    pub position: Seq,
    pub rows: BTreeMap<String, Value>,
    /// The longest message that came.
    pub longest: usize,
}

impl Peer {
    pub async fn send(&self, frame: Value) {
        self.to_session.send(frame.to_string()).await.unwrap();
    }

    /// Takes what is still there until the session has ended.
    pub async fn ended(mut self) {
        while self.from_session.recv().await.is_some() {}
    }

    /// The next frame, applied.
    pub async fn next(&mut self) -> Value {
        if self.pending.is_empty() {
            let text = self.from_session.recv().await.expect("the session goes on");
            assert!(
                !text.contains("canary"),
                "a secret leaves the server: {text}"
            );
            self.longest = self.longest.max(text.len());
            match serde_json::from_str(&text).unwrap() {
                Value::Array(frames) if frames[0].is_array() => self.pending.extend(frames),
                frame => self.pending.push_back(frame),
            }
        }
        let frame = self.pending.pop_front().unwrap();
        self.apply(&frame);
        frame
    }

    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame[0] == kind {
                return frame;
            }
        }
    }

    pub async fn hello(&mut self, cursor: Option<Value>) -> Value {
        self.hello_with(json!([[1, {"collection": "tasks"}, cursor]]))
            .await
    }

    pub async fn hello_with(&mut self, subs: Value) -> Value {
        self.send(json!(["H", {"v": 1, "cid": self.cid, "subs": subs, "last_mid": 0}]))
            .await;
        self.until("W").await
    }

    pub async fn reach(&mut self, seq: Seq) {
        while self.position < seq {
            self.next().await;
        }
    }

    pub fn cursor(&self) -> Option<Value> {
        Some(json!([self.epoch, self.position]))
    }

    fn apply(&mut self, frame: &Value) {
        match frame[0].as_str().unwrap() {
            "W" => {
                self.epoch = frame[1]["epoch"].as_str().unwrap().into();
                if frame[1]["subs"]["1"] != "replay" {
                    // Also with `diff`: the rows are those of this position.
                    self.position = frame[1]["seq"].as_u64().unwrap();
                }
            }
            "G" => self.position = frame[1].as_u64().unwrap(),
            "C" if frame[1] == 1 => {
                if frame[2] == 0 {
                    self.rows.clear();
                }
                for row in frame[3].as_array().unwrap() {
                    self.rows
                        .insert(row[1][0].as_str().unwrap().into(), object(&row[1]));
                }
            }
            "T" => {
                assert_eq!(
                    frame[1].as_u64(),
                    Some(self.position),
                    "a transition begins where we are"
                );
                self.position = frame[2].as_u64().unwrap();
                for subscription in frame[4].as_array().unwrap() {
                    if subscription[0] == 1 {
                        subscription[1]
                            .as_array()
                            .unwrap()
                            .iter()
                            .for_each(|op| self.apply_op(op));
                    }
                }
            }
            _ => {}
        }
    }

    fn apply_op(&mut self, op: &Value) {
        let id = op[1].as_str().unwrap().to_string();
        match op[0].as_str().unwrap() {
            "+" => {
                let old = self.rows.insert(id, object(&op[3]));
                assert_eq!(old, None, "a row enters that is not there");
            }
            "~" => {
                let row = self.rows.get_mut(&id).expect("a row changes that is there");
                for (name, value) in op[3].as_object().unwrap() {
                    row[name] = value.clone();
                }
            }
            _ => {
                self.rows.remove(&id).expect("a row leaves that is there");
            }
        }
    }
}

fn object(tuple: &Value) -> Value {
    json!({"id": tuple[0], "n": tuple[1], "open": tuple[2]})
}

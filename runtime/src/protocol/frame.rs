//! Frames: what they mean, and how they are written down.
//!
//! A text message is one frame (an array that begins with a letter) or a batch (an array of frames).
//! Invariant: reading never panics, and a frame that cannot be read names itself in the error.

use super::{Error, Have, Mid, Operation, Seq, Sid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientFrame {
    /// `H`: who it is, what it watches, where it was.
    Hello(Hello),
    /// `S`
    Subscribe(Opening),
    /// `U`
    Unsubscribe(Sid),
    /// `M`
    Mutate {
        /// In the order of their numbers.
        mutations: Vec<Mutation>,
        /// All or nothing.
        tx: bool,
    },
    /// `Q`: one read; the answer carries the same `rid`.
    Query {
        /// A number or a string.
        rid: Value,
        /// `{collection, id}` or a query.
        query: Value,
    },
    /// `A`: a new identity.
    Auth(String),
    /// `K`: how far the client has applied.
    Ack(Seq),
    /// `E`
    Signal {
        /// Whom it is for.
        topic: String,
        /// Anything.
        payload: Value,
    },
}

/// The first frame of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol version.
    pub v: u32,
    /// The client's id, which its mutation numbers belong to.
    pub cid: Uuid,
    /// Fingerprints of the client's schema, by collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Who is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// All subscriptions, each with its cursor.
    #[serde(default)]
    pub subs: Vec<Opening>,
    /// The last mutation whose result the client knows.
    #[serde(default)]
    pub last_mid: Mid,
    /// Since when a mutation is unanswered: the `now` of the connection on which the oldest of them was first sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// A subscription as it is opened or resumed: `[sid, query, cursor?, have?]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Opening(
    /// The client's number for it.
    pub Sid,
    /// The query, unchecked.
    pub Value,
    /// Where the client was.
    #[serde(default)]
    pub Option<Cursor>,
    /// The rows that it has there.
    #[serde(default)]
    pub Option<Have>,
);

impl Serialize for Opening {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Opening(sid, query, cursor, have) = self;
        match have {
            Some(have) => (sid, query, cursor, have).serialize(serializer),
            None => (sid, query, cursor).serialize(serializer),
        }
    }
}

/// A position in a log's incarnation: `[epoch, seq]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(
    /// The incarnation.
    pub String,
    /// The position.
    pub Seq,
);

/// One change of one row: `[mid, op, collection, id, data, ifv?]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mutation(
    /// Its number.
    pub Mid,
    /// How the row changes.
    pub Operation,
    /// The collection's name.
    pub String,
    /// The row.
    #[serde(default)]
    pub Value,
    /// The attributes.
    #[serde(default)]
    pub Value,
    /// The expected version.
    #[serde(default)]
    pub Option<Seq>,
);

/// The frames of a message: one, or those of a batch. A message that is no JSON array is an error; a frame
/// that is none is an error at its own place.
///
/// ```
/// use vertebra::protocol::frames;
///
/// assert_eq!(frames(r#"["U",1]"#).unwrap().len(), 1);
/// assert_eq!(frames(r#"[["U",1],["U",2]]"#).unwrap().len(), 2);
/// assert!(frames("{}").is_err());
/// ```
pub fn frames(message: &str) -> Result<Vec<Vec<Value>>, Error> {
    let parts: Vec<Value> = serde_json::from_str(message)
        .map_err(|cause| Error::malformed(format!("a message is a JSON array: {cause}")))?;
    if parts.first().is_some_and(Value::is_array) {
        parts
            .into_iter()
            .map(|frame| match frame {
                Value::Array(parts) => Ok(parts),
                _ => Err(Error::malformed("every frame of a batch is an array")),
            })
            .collect()
    } else {
        Ok(vec![parts])
    }
}

impl ClientFrame {
    /// Reads a frame.
    ///
    /// ```
    /// use vertebra::protocol::ClientFrame;
    ///
    /// let unknown = ClientFrame::read(vec!["?".into()]).unwrap_err();
    /// assert_eq!(unknown.message, "there is no frame \"?\"");
    /// ```
    pub fn read(mut parts: Vec<Value>) -> Result<ClientFrame, Error> {
        let name = match parts.first() {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(Error::malformed("a frame begins with its letter")),
        };
        parts.remove(0);
        let mut parts = Parts {
            name,
            parts: parts.into_iter(),
        };
        Ok(match parts.name.as_str() {
            "H" => ClientFrame::Hello(parts.next("{v, cid, subs}")?),
            "S" => ClientFrame::Subscribe(parts.rest("sid, query, cursor?, have?")?),
            "U" => ClientFrame::Unsubscribe(parts.next("sid")?),
            "M" => {
                #[derive(Default, Deserialize)]
                struct Options {
                    #[serde(default)]
                    tx: bool,
                }
                let mutations = parts.next("[[mid, op, collection, id, data, ifv?], …]")?;
                let options: Option<Options> = parts.optional("{tx}")?;
                ClientFrame::Mutate {
                    mutations,
                    tx: options.unwrap_or_default().tx,
                }
            }
            "Q" => {
                let rid: Value = parts.next("rid")?;
                if !rid.is_number() && !rid.is_string() {
                    return Err(parts.wrong("rid", "must be a number or a string"));
                }
                ClientFrame::Query {
                    rid,
                    query: parts.next("query")?,
                }
            }
            "A" => ClientFrame::Auth(parts.next("token")?),
            "K" => ClientFrame::Ack(parts.next("seq")?),
            "E" => ClientFrame::Signal {
                topic: parts.next("topic")?,
                payload: parts.optional("payload")?.unwrap_or_default(),
            },
            other => return Err(Error::malformed(format!("there is no frame {other:?}"))),
        })
    }

    /// The frame as it goes over the wire.
    pub fn to_json(&self) -> Value {
        match self {
            ClientFrame::Hello(hello) => json!(["H", hello]),
            ClientFrame::Subscribe(Opening(sid, query, cursor, _)) => {
                json!(["S", sid, query, cursor])
            }
            ClientFrame::Unsubscribe(sid) => json!(["U", sid]),
            ClientFrame::Mutate {
                mutations,
                tx: false,
            } => json!(["M", mutations, {}]),
            ClientFrame::Mutate {
                mutations,
                tx: true,
            } => json!(["M", mutations, {"tx": true}]),
            ClientFrame::Query { rid, query } => json!(["Q", rid, query]),
            ClientFrame::Auth(token) => json!(["A", token]),
            ClientFrame::Ack(seq) => json!(["K", seq]),
            ClientFrame::Signal { topic, payload } => json!(["E", topic, payload]),
        }
    }
}

/// What a server sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// `W`
    Welcome(Welcome),
    /// `T`: the only frame that changes state.
    Transition(Transition),
    /// `C`: a page of a snapshot.
    Snapshot(Snapshot),
    /// `G`: nothing for this client up to here.
    Watermark(Seq),
    /// `R`: what became of a mutation: its row and position, or why not.
    Result(Mid, Result<(Value, Seq), Error>),
    /// `Q`: what a read found: `{row, seq}` or `{rows, seq}`.
    Answer(Value, Value),
    /// `X`: something failed; the first part says what: `{sid}`, `{rid}` or `{}`.
    Failure(Value, Error),
    /// `E`: topic, payload, and whom it is from.
    Signal(String, Value, Value),
    /// `B`: the connection is about to be closed: code, reason, and when to come back.
    Bye(u16, String, Option<u32>),
    /// A frame of a later protocol; ignored.
    Unknown,
}

/// The answer to a hello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The protocol version.
    pub v: u32,
    /// The log's incarnation.
    pub epoch: String,
    /// The position that the client is brought to.
    pub seq: Seq,
    /// Fingerprints of the server's schema, by collection.
    #[serde(default)]
    pub schema: Value,
    /// The last mutation of this client that was run.
    pub last_mid: Mid,
    /// What the server allows: `heartbeat_ms`, `message_bytes`, `subscriptions`.
    #[serde(default)]
    pub limits: Map<String, Value>,
    /// The names of each collection's columns, in wire order.
    #[serde(default)]
    pub cols: BTreeMap<String, Vec<String>>,
    /// The name of each collection's id.
    #[serde(default)]
    pub ids: BTreeMap<String, String>,
    /// How each subscription is brought to `seq`: `replay` by a transition, `reset` by chunks, `diff` by nothing,
    /// because the client has the rows.
    #[serde(default)]
    pub subs: BTreeMap<Sid, String>,
    /// What time it is at the server, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<i64>,
    /// The server knows this client no more, and so cannot know what became of its unanswered mutations: the client
    /// begins anew under another id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

/// Everything that one or more commits mean for one client: `["T", from, to, last_mid, [[sid, ops], …]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition(
    /// Where the client must be.
    pub Seq,
    /// Where it is afterwards.
    pub Seq,
    /// The last mutation of this client that is contained in the state at `to`.
    pub Mid,
    /// The operations of each subscription.
    pub Vec<SubscriptionOps>,
);

/// The operations of one subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Value>")]
pub struct SubscriptionOps(
    /// Which.
    pub Sid,
    /// In commit order.
    pub Vec<Op>,
);

impl TryFrom<Vec<Value>> for SubscriptionOps {
    type Error = Error;

    fn try_from(parts: Vec<Value>) -> Result<SubscriptionOps, Error> {
        let mut parts = Parts {
            name: "T".into(),
            parts: parts.into_iter(),
        };
        Ok(SubscriptionOps(parts.next("sid")?, parts.next("ops")?))
    }
}

/// One row's change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Value>", into = "Value")]
pub enum Op {
    /// `["+", id, v, tuple]`: the row is here now.
    Enter(Value, Seq, Vec<Value>),
    /// `["~", id, v, patch]`: some fields are different.
    Change(Value, Seq, Map<String, Value>),
    /// `["-", id, why]`: `d`eleted, `l`eft or `r`evoked.
    Leave(Value, String),
}

impl TryFrom<Vec<Value>> for Op {
    type Error = Error;

    fn try_from(parts: Vec<Value>) -> Result<Op, Error> {
        let name = parts
            .first()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_string();
        let mut parts = Parts {
            name,
            parts: parts.into_iter(),
        };
        parts.parts.next();
        Ok(match parts.name.as_str() {
            "+" => Op::Enter(parts.next("id")?, parts.next("v")?, parts.next("tuple")?),
            "~" => Op::Change(parts.next("id")?, parts.next("v")?, parts.next("patch")?),
            "-" => Op::Leave(parts.next("id")?, parts.next("why")?),
            other => return Err(Error::malformed(format!("there is no operation {other:?}"))),
        })
    }
}

impl From<Op> for Value {
    fn from(op: Op) -> Value {
        match op {
            Op::Enter(id, v, tuple) => json!(["+", id, v, tuple]),
            Op::Change(id, v, patch) => json!(["~", id, v, patch]),
            Op::Leave(id, why) => json!(["-", id, why]),
        }
    }
}

/// A page of a snapshot: `["C", sid, n, [[v, tuple], …], last]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot(
    /// The subscription.
    pub Sid,
    /// The page's number, from 0.
    pub u32,
    /// Each row's version and values.
    pub Vec<(Seq, Vec<Value>)>,
    /// Whether the snapshot is complete with this page.
    pub bool,
);

impl ServerFrame {
    /// Reads a frame. A letter that this version doesn't know is [`ServerFrame::Unknown`], and elements that it doesn't
    /// know, at the end of a frame, are ignored.
    pub fn read(mut parts: Vec<Value>) -> Result<ServerFrame, Error> {
        let name = match parts.first() {
            Some(Value::String(name)) => name.clone(),
            None => return Ok(ServerFrame::Unknown),
            _ => return Err(Error::malformed("a frame begins with its letter")),
        };
        parts.remove(0);
        let mut parts = Parts {
            name,
            parts: parts.into_iter(),
        };
        Ok(match parts.name.as_str() {
            "W" => ServerFrame::Welcome(parts.next("welcome")?),
            "T" => ServerFrame::Transition(Transition(
                parts.next("from")?,
                parts.next("to")?,
                parts.next("last_mid")?,
                parts.next("subscriptions")?,
            )),
            "C" => ServerFrame::Snapshot(Snapshot(
                parts.next("sid")?,
                parts.next("n")?,
                parts.next("rows")?,
                parts.next("last")?,
            )),
            "G" => ServerFrame::Watermark(parts.next("to")?),
            "R" => {
                let mid = parts.next("mid")?;
                let error: Option<Error> = parts.next("error")?;
                ServerFrame::Result(
                    mid,
                    match error {
                        Some(error) => Err(error),
                        None => Ok((parts.next("row")?, parts.next("seq")?)),
                    },
                )
            }
            "Q" => {
                let rid = parts.next("rid")?;
                let _null: Value = parts.next("error")?;
                ServerFrame::Answer(rid, parts.next("answer")?)
            }
            "X" => ServerFrame::Failure(parts.next("about")?, parts.next("error")?),
            "E" => ServerFrame::Signal(
                parts.next("topic")?,
                parts.next("payload")?,
                parts.optional("from")?.unwrap_or_default(),
            ),
            "B" => ServerFrame::Bye(
                parts.next("code")?,
                parts.next("reason")?,
                parts.optional("retry_ms")?,
            ),
            _ => ServerFrame::Unknown,
        })
    }

    /// The frame as it goes over the wire.
    pub fn to_json(&self) -> Value {
        match self {
            ServerFrame::Welcome(welcome) => json!(["W", welcome]),
            ServerFrame::Transition(Transition(from, to, last_mid, subs)) => {
                json!(["T", from, to, last_mid, subs])
            }
            ServerFrame::Snapshot(Snapshot(sid, n, rows, last)) => json!(["C", sid, n, rows, last]),
            ServerFrame::Watermark(to) => json!(["G", to]),
            ServerFrame::Result(mid, Ok((row, seq))) => json!(["R", mid, null, row, seq]),
            ServerFrame::Result(mid, Err(error)) => json!(["R", mid, error]),
            ServerFrame::Answer(rid, answer) => json!(["Q", rid, null, answer]),
            ServerFrame::Failure(about, error) => json!(["X", about, error]),
            ServerFrame::Signal(topic, payload, from) => json!(["E", topic, payload, from]),
            ServerFrame::Bye(code, reason, retry_ms) => json!(["B", code, reason, retry_ms]),
            ServerFrame::Unknown => json!([]),
        }
    }
}

/// The parts of a frame after its letter, taken one by one.
struct Parts {
    name: String,
    parts: std::vec::IntoIter<Value>,
}

impl Parts {
    fn next<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        let part = self.parts.next().unwrap_or_default();
        serde_json::from_value(part).map_err(|cause| self.wrong(what, cause))
    }

    fn optional<T: DeserializeOwned>(&mut self, what: &str) -> Result<Option<T>, Error> {
        match self.parts.next() {
            None | Some(Value::Null) => Ok(None),
            Some(part) => serde_json::from_value(part)
                .map(Some)
                .map_err(|cause| self.wrong(what, cause)),
        }
    }

    /// All that is left, as one tuple.
    fn rest<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        let parts = Value::Array(self.parts.by_ref().collect());
        serde_json::from_value(parts).map_err(|cause| self.wrong(what, cause))
    }

    fn wrong(&self, what: &str, cause: impl std::fmt::Display) -> Error {
        Error::malformed(format!("frame {:?}: {what}: {cause}", self.name))
    }
}

//! What servers send.

use super::Parts;
use crate::protocol::{Error, Mid, Seq, Sid};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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

//! What clients send.

use super::{Cursor, Parts};
use crate::protocol::{Error, Have, Mid, Operation, Seq, Sid};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
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

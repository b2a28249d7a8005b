//! Socket.IO packets, protocol revision 5, as JSON text: what travels inside Engine.IO messages.
//!
//! `<type>[/<namespace>,][<ack id>][<JSON>]`, as in `42/todos,7["create",{"title":"x"}]`. Values stay raw JSON text, so
//! that what is only passed on is not parsed. The grammar is the one of the socket.io-protocol document, revision 5.
//!
//! Invariant: reading never panics, takes no more memory than the text, and does not recurse. Packets with binary
//! attachments are recognised, and refused.

use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// The largest ack id: JavaScript counts exactly up to here.
const MAX_ACK: u64 = (1 << 53) - 1;
/// The longest name of a namespace, in bytes.
const MAX_NAMESPACE: usize = 256;
/// Names that a Socket.IO client gives its own events; nobody may send them.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// One packet, in either direction. A namespace begins with a slash and holds no comma.
#[derive(Clone, Debug)]
pub enum Packet {
    /// `0`: a client joins a namespace; the server's answer is of the same kind.
    Connect {
        /// Which.
        namespace: String,
        /// An object: from the client its credentials, from the server `{sid}`.
        data: Option<Box<RawValue>>,
    },
    /// `1`: one side leaves a namespace.
    Disconnect {
        /// Which.
        namespace: String,
    },
    /// `2`: something happened.
    Event {
        /// Where.
        namespace: String,
        /// With a number, the other side is to answer with an [`Packet::Ack`] of that number.
        ack: Option<u64>,
        /// What.
        name: String,
        /// JSON texts.
        args: Vec<Box<RawValue>>,
    },
    /// `3`: the answer to an event.
    Ack {
        /// Where.
        namespace: String,
        /// The event's number.
        ack: u64,
        /// JSON texts.
        args: Vec<Box<RawValue>>,
    },
    /// `4`: the server lets a client not into a namespace.
    ConnectError {
        /// Which.
        namespace: String,
        /// `{message, data?}`.
        data: Box<RawValue>,
    },
}

/// Why a text is no packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It breaks the grammar. The protocol wants the connection closed.
    #[error("not a Socket.IO packet: {0}")]
    Malformed(&'static str),
    /// It announces binary attachments, which nothing here takes. The connection stays usable.
    #[error("binary data is not taken; send JSON")]
    Binary {
        /// Where it was sent to.
        namespace: String,
        /// Whom to tell.
        ack: Option<u64>,
    },
}

impl Packet {
    /// Reads a packet.
    ///
    /// ```
    /// use vertebra::protocol::socket_io::{Packet, ReadError};
    ///
    /// let Ok(Packet::Event { namespace, ack, name, args }) = Packet::read(r#"2/todos,7["create",{"title":"x"}]"#) else {
    ///     panic!()
    /// };
    /// assert_eq!((&*namespace, ack, &*name, args[0].get()), ("/todos", Some(7), "create", r#"{"title":"x"}"#));
    /// assert!(matches!(Packet::read("9"), Err(ReadError::Malformed(_))));
    /// ```
    pub fn read(text: &str) -> Result<Packet, ReadError> {
        let mut rest = Rest(text);
        let kind = rest
            .next()
            .ok_or(ReadError::Malformed("it has no packet type"))?;
        let binary = matches!(kind, '5' | '6');
        if binary {
            rest.number()?;
            if rest.next() != Some('-') {
                return Err(ReadError::Malformed("it has no number of attachments"));
            }
        }
        let namespace = rest.namespace()?;
        let ack = rest.number()?;
        let payload = rest.0;
        match kind {
            '0' => Ok(Packet::Connect {
                namespace,
                data: match payload {
                    "" => None,
                    _ => Some(object(payload)?),
                },
            }),
            '1' if payload.is_empty() => Ok(Packet::Disconnect { namespace }),
            '1' => Err(ReadError::Malformed("a disconnect carries no data")),
            '2' => {
                let mut args = array(payload)?;
                if args.is_empty() {
                    return Err(ReadError::Malformed("an event has a name"));
                }
                Ok(Packet::Event {
                    namespace,
                    ack,
                    name: event_name(&args.remove(0))?,
                    args,
                })
            }
            '3' => Ok(Packet::Ack {
                namespace,
                ack: ack.ok_or(ReadError::Malformed("an ack has a number"))?,
                args: array(payload)?,
            }),
            '4' => Ok(Packet::ConnectError {
                namespace,
                data: object(payload)?,
            }),
            '5' | '6' => Err(ReadError::Binary {
                namespace,
                // An ack's number is one of ours, not one that can be answered.
                ack: ack.filter(|_| kind == '5'),
            }),
            _ => Err(ReadError::Malformed("its type is not one of 0 to 6")),
        }
    }
}

/// The text of an event, from JSON texts.
///
/// ```
/// use vertebra::protocol::socket_io::event;
///
/// assert_eq!(event("/todos", "new", ["{\"id\":1}"]), r#"2/todos,["new",{"id":1}]"#);
/// ```
pub fn event<'a>(namespace: &str, name: &str, args: impl IntoIterator<Item = &'a str>) -> String {
    let name = serde_json::Value::from(name).to_string();
    packet('2', namespace, None, Some(&name), args)
}

/// The text of an ack, from JSON texts.
///
/// ```
/// use vertebra::protocol::socket_io::ack;
///
/// assert_eq!(ack("/", 7, ["null", "1"]), "37[null,1]");
/// ```
pub fn ack<'a>(namespace: &str, id: u64, args: impl IntoIterator<Item = &'a str>) -> String {
    packet('3', namespace, Some(id), None, args)
}

fn packet<'a>(
    kind: char,
    namespace: &str,
    ack: Option<u64>,
    name: Option<&str>,
    args: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut text = head(kind, namespace);
    if let Some(ack) = ack {
        // Writing to a string cannot fail.
        let _ = write!(text, "{ack}");
    }
    text.push('[');
    text.push_str(name.unwrap_or_default());
    let mut first = name.is_none();
    for arg in args {
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push_str(arg);
    }
    text.push(']');
    text
}

fn head(kind: char, namespace: &str) -> String {
    let mut text = String::from(kind);
    if namespace != "/" {
        text.push_str(namespace);
        text.push(',');
    }
    text
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Packet::Connect { namespace, data } => {
                let data = data.as_ref().map_or("", |data| data.get());
                head('0', namespace) + data
            }
            Packet::Disconnect { namespace } => head('1', namespace),
            Packet::Event {
                namespace,
                ack,
                name,
                args,
            } => {
                let name = serde_json::Value::from(&**name).to_string();
                let args = args.iter().map(|arg| arg.get());
                packet('2', namespace, *ack, Some(&name), args)
            }
            Packet::Ack {
                namespace,
                ack: id,
                args,
            } => ack(namespace, *id, args.iter().map(|arg| arg.get())),
            Packet::ConnectError { namespace, data } => head('4', namespace) + data.get(),
        };
        f.write_str(&text)
    }
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }

    /// Up to a comma or the end; `/` where there is none.
    fn namespace(&mut self) -> Result<String, ReadError> {
        if !self.0.starts_with('/') {
            return Ok("/".into());
        }
        let (namespace, rest) = self.0.split_once(',').unwrap_or((self.0, ""));
        if namespace.len() > MAX_NAMESPACE {
            return Err(ReadError::Malformed("the namespace's name is too long"));
        }
        self.0 = rest;
        Ok(namespace.into())
    }

    fn number(&mut self) -> Result<Option<u64>, ReadError> {
        let end = self
            .0
            .bytes()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(number) if number <= MAX_ACK => Ok(Some(number)),
            _ => Err(ReadError::Malformed("a number is too large")),
        }
    }
}

fn array(payload: &str) -> Result<Vec<Box<RawValue>>, ReadError> {
    serde_json::from_str(payload).map_err(|_| ReadError::Malformed("its data is no JSON array"))
}

fn object(payload: &str) -> Result<Box<RawValue>, ReadError> {
    let value: Box<RawValue> = serde_json::from_str(payload)
        .map_err(|_| ReadError::Malformed("its data is no JSON object"))?;
    if value.get().starts_with('{') {
        Ok(value)
    } else {
        Err(ReadError::Malformed("its data is no JSON object"))
    }
}

/// Clients may also name an event by a number.
fn event_name(name: &RawValue) -> Result<String, ReadError> {
    let wrong = ReadError::Malformed("an event's name is a string");
    match serde_json::from_str(name.get()) {
        Ok(serde_json::Value::String(name)) if !RESERVED.contains(&&*name) => Ok(name),
        Ok(serde_json::Value::Number(name)) => Ok(name.to_string()),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests;

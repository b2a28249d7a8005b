//! A query in a URL: `?where={"done":false}&sort=-priority&limit=20`, or `?done=false` for a field.
//!
//! Invariant: the result is a query as the sockets send it; only the engine checks it.

use crate::protocol::Error;
use serde_json::{Map, Value};
use vertebra_schema::{Model, Type};

/// The parts of the query that a URL asks for.
pub fn parts(model: &Model, query: &str) -> Result<Value, Error> {
    let mut parts = Map::new();
    let mut conditions = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, text) = (decoded(name)?, decoded(text)?);
        match name.as_str() {
            "where" => match serde_json::from_str(&text) {
                Ok(Value::Object(more)) => conditions.extend(more),
                _ => {
                    return Err(Error::field(
                        "where",
                        "must be a JSON object such as {\"done\": false}",
                    ));
                }
            },
            "sort" => {
                parts.insert(name, Value::String(text));
            }
            "limit" => {
                let limit = text
                    .parse::<u64>()
                    .map(Value::from)
                    .unwrap_or(Value::String(text));
                parts.insert(name, limit);
            }
            "after" => {
                parts.insert(
                    name,
                    serde_json::from_str(&text).unwrap_or(Value::String(text)),
                );
            }
            _ => {
                let value = match model.field(&name) {
                    Some(field) => field_value(&field.ty, text),
                    None => Value::String(text),
                };
                conditions.insert(name, value);
            }
        }
    }
    parts.insert(
        "collection".into(),
        Value::String(model.collection.to_string()),
    );
    if !conditions.is_empty() {
        parts.insert("where".into(), Value::Object(conditions));
    }
    Ok(Value::Object(parts))
}

/// What a text in a URL means for a type: text stays text, anything else is JSON.
fn field_value(ty: &Type, text: String) -> Value {
    match ty {
        Type::Optional(_) if text == "null" => Value::Null,
        Type::Optional(inner) => field_value(inner, text),
        Type::Integer { bits: 64, .. } => Value::String(text),
        Type::Bool
        | Type::Integer { .. }
        | Type::Float
        | Type::Json
        | Type::List(_)
        | Type::Map(_) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        _ => Value::String(text),
    }
}

fn decoded(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest
                    .get(..2)
                    .and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(byte.ok_or_else(|| {
                    Error::malformed("a % in a URL is followed by two hexadecimal digits")
                })?);
                rest = &rest[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::malformed("a URL is UTF-8"))
}

/// An id as a segment of a path.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte as char);
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

//! How the values of a field are kept in a column.
//!
//! Invariant: equal values have equal columns, what comes out is what went in, and where a type has an order, columns
//! have it too.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use serde_json::{Number, Value};
use std::borrow::Cow;
use vertebra_schema::{Field, Flag, Type};

/// A way to keep values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A boolean as 0 or 1.
    Bool,
    /// A JSON integer.
    Number,
    /// A decimal string of a signed 64-bit integer, as an integer.
    Big,
    /// A decimal string of an unsigned 64-bit integer, as 20 digits: SQLite's integers end too early.
    Unsigned,
    /// A float.
    Real,
    /// A string.
    Text,
    /// A moment, as text with nine digits after the point, so that the order of texts is that of time.
    Moment,
    /// Base64 text, as bytes.
    Bytes,
    /// Anything nested, as JSON text.
    Json,
}

/// How deep a nested value can be; the log keeps it one level deeper, and what reads JSON stops at 128.
const DEPTH: usize = 120;

/// Reads any last character that the schema's check lets through.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Kind {
    /// How a field is kept.
    pub(super) fn of(field: &Field) -> Kind {
        let mut ty: &Type = &field.ty;
        while let Type::Optional(inner) = ty {
            ty = inner;
        }
        match ty {
            Type::Bool => Kind::Bool,
            Type::Integer { bits, .. } if *bits < 64 || field.is_number() => Kind::Number,
            // An id is an integer whatever its sign, because only those are made by the database.
            Type::Integer { signed: false, .. } if !field.is(Flag::Id) => Kind::Unsigned,
            Type::Integer { .. } => Kind::Big,
            Type::Float => Kind::Real,
            Type::Timestamp => Kind::Moment,
            Type::Bytes => Kind::Bytes,
            Type::String | Type::Char | Type::Uuid | Type::Date | Type::Decimal => Kind::Text,
            Type::Enum { .. } => Kind::Text,
            _ => Kind::Json,
        }
    }

    /// The type of the column.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Kind::Bool | Kind::Number | Kind::Big => "INTEGER",
            Kind::Real => "REAL",
            Kind::Bytes => "BLOB",
            Kind::Unsigned | Kind::Text | Kind::Moment | Kind::Json => "TEXT",
        }
    }

    /// Its name in the log's list of columns; never changed, because old logs have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Number => "number",
            Kind::Big => "big",
            Kind::Unsigned => "unsigned",
            Kind::Real => "real",
            Kind::Text => "text",
            Kind::Moment => "moment",
            Kind::Bytes => "bytes",
            Kind::Json => "json",
        }
    }

    /// The kind of a name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        use Kind::*;
        [Bool, Number, Big, Unsigned, Real, Text, Moment, Bytes, Json]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// A value in canonical wire form as what is kept, or what is wrong with it.
    pub(super) fn store(self, value: &Value) -> Result<ToSqlOutput<'_>, &'static str> {
        let owned = |stored: Stored| Ok(ToSqlOutput::Owned(stored));
        if value.is_null() {
            return owned(Stored::Null);
        }
        match self {
            Kind::Bool => match value.as_bool() {
                Some(value) => owned(Stored::Integer(value.into())),
                None => Err("must be a boolean"),
            },
            Kind::Number => match value.as_i64() {
                Some(value) => owned(Stored::Integer(value)),
                None => Err("must be an integer"),
            },
            Kind::Big => match text(value)?.parse() {
                Ok(value) => owned(Stored::Integer(value)),
                Err(_) => Err("must be a signed 64-bit integer in a string"),
            },
            Kind::Unsigned => match text(value)?.parse::<u64>() {
                Ok(value) => owned(Stored::Text(format!("{value:020}"))),
                Err(_) => Err("must be an unsigned 64-bit integer in a string"),
            },
            Kind::Real => match value.as_f64() {
                // Minus zero is not kept by SQLite, and equals zero.
                Some(value) => owned(Stored::Real(value + 0.0)),
                None => Err("must be a number"),
            },
            Kind::Text => {
                let text = text(value)?;
                Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())))
            }
            Kind::Moment => owned(Stored::Text(padded(text(value)?))),
            Kind::Bytes => match BASE64.decode(text(value)?) {
                Ok(bytes) => owned(Stored::Blob(bytes)),
                Err(_) => Err("must be base64 text"),
            },
            Kind::Json => match ordered(value, DEPTH) {
                Some(value) => owned(Stored::Text(value.to_string())),
                None => Err("is nested too deeply"),
            },
        }
    }

    /// The canonical form of what is kept; `None` if it was never written by `store`.
    pub(super) fn load(self, stored: ValueRef<'_>) -> Option<Value> {
        Some(match (self, stored) {
            (_, ValueRef::Null) => Value::Null,
            (Kind::Bool, ValueRef::Integer(value)) => Value::Bool(value != 0),
            (Kind::Number, ValueRef::Integer(value)) => value.into(),
            (Kind::Big, ValueRef::Integer(value)) => value.to_string().into(),
            (Kind::Real, ValueRef::Real(value)) => Value::Number(Number::from_f64(value)?),
            (Kind::Bytes, ValueRef::Blob(bytes)) => BASE64.encode(bytes).into(),
            (kind, ValueRef::Text(text)) => {
                let text = std::str::from_utf8(text).ok()?;
                match kind {
                    Kind::Text => text.into(),
                    Kind::Unsigned => text.parse::<u64>().ok()?.to_string().into(),
                    Kind::Moment => shortened(text).into(),
                    Kind::Json => serde_json::from_str(text).ok()?,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// The value as it will be when it is read again. It differs from an accepted one only in what has several
    /// spellings: the unused bits at the end of base64 text, and minus zero.
    pub(super) fn canonical(self, value: &Value) -> Value {
        match (self, value) {
            (Kind::Bytes, Value::String(text)) => BASE64
                .decode(text)
                .map_or_else(|_| value.clone(), |bytes| BASE64.encode(bytes).into()),
            (Kind::Real, Value::Number(number)) => number
                .as_f64()
                .and_then(|number| Number::from_f64(number + 0.0))
                .map_or_else(|| value.clone(), Value::Number),
            _ => value.clone(),
        }
    }
}

fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or("must be a string")
}

/// `…:00Z` as `…:00.000000000Z`, `…:00.5Z` as `…:00.500000000Z`.
fn padded(moment: &str) -> String {
    let body = moment.strip_suffix('Z').unwrap_or(moment);
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    format!("{whole}.{fraction:0<9}Z")
}

/// The opposite of `padded`.
fn shortened(moment: &str) -> String {
    let body = moment.strip_suffix('Z').unwrap_or(moment);
    let body = body.trim_end_matches('0');
    let body = body.strip_suffix('.').unwrap_or(body);
    format!("{body}Z")
}

/// The value with the keys of its objects in order, as its text is what is compared; `None` if it is too deep.
fn ordered(value: &Value, depth: usize) -> Option<Cow<'_, Value>> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Array(items) => {
            let parts: Option<Vec<_>> = items.iter().map(|one| ordered(one, depth)).collect();
            let parts = parts?;
            if parts.iter().all(|one| matches!(one, Cow::Borrowed(_))) {
                return Some(Cow::Borrowed(value));
            }
            let parts = parts.into_iter().map(Cow::into_owned).collect();
            Some(Cow::Owned(Value::Array(parts)))
        }
        Value::Object(entries) => {
            let parts: Option<Vec<_>> = entries
                .iter()
                .map(|(key, one)| Some((key, ordered(one, depth)?)))
                .collect();
            let mut parts = parts?;
            if parts.is_sorted_by_key(|(key, _)| *key)
                && parts.iter().all(|(_, one)| matches!(one, Cow::Borrowed(_)))
            {
                return Some(Cow::Borrowed(value));
            }
            parts.sort_by_key(|(key, _)| *key);
            let parts = parts
                .into_iter()
                .map(|(key, one)| (key.clone(), one.into_owned()));
            Some(Cow::Owned(Value::Object(parts.collect())))
        }
        leaf => Some(Cow::Borrowed(leaf)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn keeps(kind: Kind, value: Value) {
        let stored = kind.store(&value).unwrap();
        let stored = match &stored {
            ToSqlOutput::Borrowed(value) => *value,
            ToSqlOutput::Owned(value) => value.into(),
            _ => panic!("not a plain value"),
        };
        assert_eq!(kind.load(stored), Some(kind.canonical(&value)));
    }

    #[test]
    fn what_comes_out_is_what_went_in() {
        keeps(Kind::Bool, json!(true));
        keeps(Kind::Number, json!(-5));
        keeps(Kind::Big, json!("-9223372036854775808"));
        keeps(Kind::Unsigned, json!("18446744073709551615"));
        keeps(Kind::Real, json!(0.1));
        keeps(Kind::Real, json!(-0.0));
        keeps(Kind::Text, json!("a\0b"));
        keeps(Kind::Moment, json!("2026-01-31T12:00:00Z"));
        keeps(Kind::Moment, json!("2026-01-31T12:00:00.123456789Z"));
        keeps(Kind::Moment, json!("2026-01-31T12:00:10Z"));
        keeps(Kind::Bytes, json!("AAECAw=="));
        keeps(Kind::Bytes, json!("QR=="));
        keeps(
            Kind::Json,
            json!({"b": [1, {"d": null, "c": 2.5}], "a": "x"}),
        );
        for kind in [Kind::Bool, Kind::Json, Kind::Bytes] {
            keeps(kind, Value::Null);
        }
    }

    #[test]
    fn order_is_kept() {
        let text = |kind: Kind, value: &str| match kind.store(&json!(value)).unwrap() {
            ToSqlOutput::Owned(Stored::Text(text)) => text,
            other => panic!("{other:?} is no text"),
        };
        assert!(text(Kind::Unsigned, "9") < text(Kind::Unsigned, "10"));
        let moments = ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z"];
        assert!(moments[0] > moments[1], "as they are, their order is wrong");
        assert!(text(Kind::Moment, moments[0]) < text(Kind::Moment, moments[1]));
    }

    #[test]
    fn a_bottomless_value_is_refused() {
        let mut deep = json!(1);
        for _ in 0..DEPTH {
            deep = json!([deep]);
        }
        assert!(Kind::Json.store(&deep).is_err());
        assert!(Kind::Json.store(&deep[0]).is_ok());
    }

    #[test]
    fn names_find_their_kinds() {
        for kind in [Kind::Bool, Kind::Big, Kind::Moment, Kind::Json] {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
}

//! The fields that a new model has from the start, and their values.
//!
//! Invariant: a value is written as what `model.get(…)` answers, which by option isn't what is on the wire.

use super::super::Values;
use super::{escape, literal::Literal};
use serde_json::Value;
use vertebra_schema::{Field, Flag, Model, Type};

/// The fields with a default that a client may set.
pub fn fields(model: &Model) -> impl Iterator<Item = &Field> {
    model
        .visible()
        .map(|(_, field)| field)
        .filter(|field| !field.is_read_only() && !field.is(Flag::Id))
        .filter(|field| field.default.as_deref().is_some_and(is_json))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

/// The default of such a field.
pub(super) fn literal(field: &Field, values: Values) -> Literal {
    let json = field.default.as_deref().unwrap_or("null");
    let value = serde_json::from_str(json).unwrap_or_default();
    match field.is_number() {
        true => Literal::from_json(&value),
        false => typed(&field.ty, &value, values),
    }
}

fn typed(ty: &Type, value: &Value, values: Values) -> Literal {
    match (ty, value) {
        (Type::Optional(inner), value) if !value.is_null() => typed(inner, value, values),
        (Type::Integer { bits: 64.., .. }, Value::String(digits)) if values.bigint => {
            Literal::text(format!("{digits}n"))
        }
        (Type::Timestamp | Type::Date, Value::String(text)) if values.dates => {
            Literal::text(format!("new Date({})", escape::string(text)))
        }
        (Type::Bytes, Value::String(text)) if values.bytes => {
            Literal::text(format!("bytesValue[0]({})", escape::string(text)))
        }
        (Type::List(item), Value::Array(items)) => {
            let items = items.iter().map(|one| typed(item, one, values));
            Literal::Array(items.collect())
        }
        (Type::Tuple(types), Value::Array(items)) => {
            let items = types.iter().zip(items);
            Literal::Array(items.map(|(ty, one)| typed(ty, one, values)).collect())
        }
        (Type::Map(inner), Value::Object(entries)) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, one)| (escape::key(key), typed(inner, one, values)));
            Literal::Object(entries.collect())
        }
        (Type::Struct { fields, .. }, Value::Object(entries)) => {
            let part = |key: &str, one: &Value| {
                let field = fields.iter().find(|field| *field.name == *key);
                match field.filter(|field| !field.is_number()) {
                    Some(field) => typed(&field.ty, one, values),
                    None => Literal::from_json(one),
                }
            };
            let entries = entries.iter();
            Literal::Object(
                entries
                    .map(|(key, one)| (escape::key(key), part(key, one)))
                    .collect(),
            )
        }
        _ => Literal::from_json(value),
    }
}

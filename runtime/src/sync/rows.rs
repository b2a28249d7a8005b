//! How rows leave the engine: as objects for people and HTTP, as tuples for subscriptions.
//!
//! Invariant: a secret field is in neither.

use crate::store::Row;
use serde_json::{Map, Value};
use std::sync::Arc;
use vertebra_schema::Model;

/// A row as an object.
pub fn object(model: &Model, row: &Row) -> Value {
    let fields = model.visible();
    Value::Object(
        fields
            .map(|(column, field)| (field.name.to_string(), row.values[column].clone()))
            .collect(),
    )
}

/// `{id}`, all that is said about a row that is gone.
pub fn id_object(model: &Model, id: &Value) -> Value {
    Value::Object(Map::from_iter([(model.id().name.to_string(), id.clone())]))
}

/// A row as the JSON text of an object.
pub fn object_text(model: &Model, row: &Row) -> Arc<str> {
    object(model, row).to_string().into()
}

/// Appends the JSON text of a row's tuple.
pub fn push_tuple(text: &mut String, model: &Model, row: &Row) {
    text.push('[');
    for (n, (column, _)) in model.visible().enumerate() {
        if n > 0 {
            text.push(',');
        }
        push_json(text, &row.values[column]);
    }
    text.push(']');
}

/// Appends JSON text.
pub fn push_json(text: &mut String, value: &Value) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
}

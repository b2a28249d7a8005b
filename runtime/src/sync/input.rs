//! From what a client sent to a write that may be stored.
//!
//! Invariant: every field that is wrong is named, in one answer; a field that clients may not write is not in the result.

use crate::protocol::{Error, Operation, Seq};
use crate::store::Write;
use serde_json::{Map, Value};
use vertebra_schema::{Field, Flag, Model, Problems, Type, accept};

/// Checks one change of one row. `now` is what `created_at` and `updated_at` get, as an RFC 3339 string.
///
/// An update replaces everything that a client may write and ignores the rest, so that a row that was read can be sent
/// back; a create or a patch that names a read-only field is refused.
pub fn write(
    model: &Model,
    operation: Operation,
    id: Value,
    data: Value,
    expected: Option<Seq>,
    now: &str,
) -> Result<Write, Error> {
    let mut problems = Problems::new();
    let mut data = match (operation, data) {
        (_, Value::Object(data)) => data,
        (Operation::Delete, _) => Map::new(),
        (_, other) => {
            let kind = if other.is_null() {
                "nothing"
            } else {
                "something else"
            };
            return Err(Error::malformed(format!(
                "a row is sent as an object of its fields, such as {{\"{}\": …}}; this is {kind}",
                model
                    .fields
                    .iter()
                    .map(|field| &*field.name)
                    .nth(1)
                    .unwrap_or("id"),
            )));
        }
    };
    let id = row_id(model, operation, id, &mut data, &mut problems);
    let values = match operation {
        Operation::Create => all_values(model, data, &id, now, &mut problems),
        Operation::Update => replaced_values(model, data, now, &mut problems),
        Operation::Patch => patched_values(model, data, now, &mut problems),
        Operation::Delete => Vec::new(),
    };
    if !problems.is_empty() {
        return Err(Error::fields(problems));
    }
    Ok(Write {
        operation,
        collection: (&*model.collection).into(),
        id,
        values,
        expected,
    })
}

/// An id as a client names it, in canonical form.
pub fn id(model: &Model, id: Value) -> Result<Value, Error> {
    let mut problems = Problems::new();
    // A URL has no numbers: what looks like one is one where ids are.
    let id = match (&*model.id().ty, id) {
        (Type::Integer { bits, .. }, Value::String(text))
            if *bits < 64 || model.id().is_number() =>
        {
            text.parse::<i64>()
                .map(Value::from)
                .unwrap_or(Value::String(text))
        }
        (Type::Integer { bits: 64, .. }, Value::Number(number)) if !model.id().is_number() => {
            Value::String(number.to_string())
        }
        (_, id) => id,
    };
    accept(model.id(), id, &mut problems).ok_or_else(|| Error::fields(problems))
}

/// The row's id: named beside the data or in it, made here where neither has one and the database doesn't make it.
fn row_id(
    model: &Model,
    operation: Operation,
    beside: Value,
    data: &mut Map<String, Value>,
    problems: &mut Problems,
) -> Value {
    let name = &*model.id().name;
    let inside = data.remove(name).filter(|id| !id.is_null());
    let mut complain = |problem: String| {
        problems.insert(name.to_string(), problem);
        Value::Null
    };
    if operation == Operation::Create && model.database_makes_ids() {
        return match inside.or(Some(beside).filter(|id| !id.is_null())) {
            None => Value::Null,
            Some(_) => complain("is made by the database".to_string()),
        };
    }
    let canonical = |value: Value| id(model, value);
    match (beside, inside) {
        (Value::Null, None) if operation == Operation::Create => {
            Value::String(uuid::Uuid::now_v7().to_string())
        }
        (Value::Null, None) => complain("is required".to_string()),
        (Value::Null, Some(one)) | (one, None) => match canonical(one) {
            Ok(id) => id,
            Err(error) => complain(error.fields.into_values().next().unwrap_or(error.message)),
        },
        (beside, Some(inside)) => match (canonical(beside), canonical(inside)) {
            (Ok(beside), Ok(inside)) if beside == inside => beside,
            (Ok(beside), _) => {
                complain(format!("must be {beside}: the id of a row does not change"))
            }
            (Err(error), _) => complain(error.fields.into_values().next().unwrap_or(error.message)),
        },
    }
}

/// A create: every field gets a value.
fn all_values(
    model: &Model,
    mut data: Map<String, Value>,
    id: &Value,
    now: &str,
    problems: &mut Problems,
) -> Vec<(usize, Value)> {
    let mut values = Vec::new();
    for (column, field) in model.fields.iter().enumerate() {
        let sent = data.remove(&*field.name);
        let value = if field.is(Flag::Id) {
            (!id.is_null()).then(|| id.clone())
        } else if sent.is_some() && field.is_read_only() {
            problems.insert(field.name.to_string(), "is read-only".to_string());
            None
        } else if is_time(field) {
            Some(now.into())
        } else {
            given_or_default(field, sent, problems)
        };
        values.extend(value.map(|value| (column, value)));
    }
    refuse_unknown(model, &data, problems);
    values
}

/// An update: what a client may write is replaced, by its default where it is left out.
fn replaced_values(
    model: &Model,
    mut data: Map<String, Value>,
    now: &str,
    problems: &mut Problems,
) -> Vec<(usize, Value)> {
    let mut values = Vec::new();
    for (column, field) in model.fields.iter().enumerate() {
        let sent = data.remove(&*field.name);
        let value = if field.is(Flag::UpdatedAt) {
            Some(now.into())
        } else if field.is(Flag::Id) || field.is_read_only() || field.is(Flag::CreateOnly) {
            None
        } else if sent.is_none() && field.is(Flag::Secret) {
            // Who can't read it can't send it back.
            None
        } else {
            given_or_default(field, sent, problems)
        };
        values.extend(value.map(|value| (column, value)));
    }
    refuse_unknown(model, &data, problems);
    values
}

/// A patch: what is named is replaced.
fn patched_values(
    model: &Model,
    mut data: Map<String, Value>,
    now: &str,
    problems: &mut Problems,
) -> Vec<(usize, Value)> {
    let mut values = Vec::new();
    for (column, field) in model.fields.iter().enumerate() {
        let value = match data.remove(&*field.name) {
            Some(_) if field.is_read_only() => {
                problems.insert(field.name.to_string(), "is read-only".to_string());
                None
            }
            Some(_) if field.is(Flag::CreateOnly) => {
                let problem = "can only be set when the row is created".to_string();
                problems.insert(field.name.to_string(), problem);
                None
            }
            Some(value) => accept(field, value, problems),
            None if field.is(Flag::UpdatedAt) => Some(now.into()),
            None => None,
        };
        values.extend(value.map(|value| (column, value)));
    }
    refuse_unknown(model, &data, problems);
    values
}

fn is_time(field: &Field) -> bool {
    field.is(Flag::CreatedAt) || field.is(Flag::UpdatedAt)
}

fn given_or_default(field: &Field, sent: Option<Value>, problems: &mut Problems) -> Option<Value> {
    match (sent, field.default.as_deref()) {
        (Some(value), _) => accept(field, value, problems),
        (None, Some(json)) => {
            // The derive and the generator checked that a default is JSON of the field's type.
            serde_json::from_str(json).ok()
        }
        (None, None) if field.ty.is_nullable() => Some(Value::Null),
        (None, None) => {
            problems.insert(field.name.to_string(), "is required".to_string());
            None
        }
    }
}

fn refuse_unknown(model: &Model, rest: &Map<String, Value>, problems: &mut Problems) {
    for name in rest.keys() {
        problems.insert(
            name.clone(),
            format!("is not a field of {}", model.collection),
        );
    }
}

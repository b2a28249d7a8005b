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
            let mut names = model.visible().map(|(_, field)| &*field.name);
            let example = names
                .find(|name| *name != &*model.id().name)
                .unwrap_or("id");
            let kind = if other.is_null() {
                "nothing"
            } else {
                "something else"
            };
            return Err(Error::malformed(format!(
                "a row is sent as an object of its fields, such as {{\"{example}\": …}}; this is {kind}"
            )));
        }
    };
    let id = row_id(model, operation, id, &mut data, &mut problems);
    let values = values(
        model,
        data,
        &mut problems,
        |field, sent, problems| match operation {
            Operation::Create => created(field, sent, &id, now, problems),
            Operation::Update => replaced(field, sent, now, problems),
            Operation::Patch => patched(field, sent, now, problems),
            Operation::Delete => None,
        },
    );
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

/// What a write gives to each field, `None` for what stays as it is; what is no field is refused.
fn values(
    model: &Model,
    mut data: Map<String, Value>,
    problems: &mut Problems,
    give: impl Fn(&Field, Option<Value>, &mut Problems) -> Option<Value>,
) -> Vec<(usize, Value)> {
    let mut values = Vec::new();
    for (column, field) in model.fields.iter().enumerate() {
        let value = give(field, data.remove(&*field.name), problems);
        values.extend(value.map(|value| (column, value)));
    }
    for name in data.keys() {
        problems.insert(
            name.clone(),
            format!("is not a field of {}", model.collection),
        );
    }
    values
}

/// A create: every field gets a value.
fn created(
    field: &Field,
    sent: Option<Value>,
    id: &Value,
    now: &str,
    problems: &mut Problems,
) -> Option<Value> {
    if field.is(Flag::Id) {
        (!id.is_null()).then(|| id.clone())
    } else if sent.is_some() && field.is_read_only() {
        refuse(field, "is read-only", problems)
    } else if field.is(Flag::CreatedAt) || field.is(Flag::UpdatedAt) {
        Some(now.into())
    } else {
        given_or_default(field, sent, problems)
    }
}

/// An update: what a client may write is replaced, by its default where it is left out.
fn replaced(
    field: &Field,
    sent: Option<Value>,
    now: &str,
    problems: &mut Problems,
) -> Option<Value> {
    // Who can't read a secret can't send it back.
    let kept = sent.is_none() && field.is(Flag::Secret);
    if field.is(Flag::UpdatedAt) {
        Some(now.into())
    } else if kept || field.is(Flag::Id) || field.is_read_only() || field.is(Flag::CreateOnly) {
        None
    } else {
        given_or_default(field, sent, problems)
    }
}

/// A patch: what is named is replaced.
fn patched(
    field: &Field,
    sent: Option<Value>,
    now: &str,
    problems: &mut Problems,
) -> Option<Value> {
    match sent {
        Some(_) if field.is_read_only() => refuse(field, "is read-only", problems),
        Some(_) if field.is(Flag::CreateOnly) => {
            refuse(field, "can only be set when the row is created", problems)
        }
        Some(value) => accept(field, value, problems),
        None => field.is(Flag::UpdatedAt).then(|| now.into()),
    }
}

fn given_or_default(field: &Field, sent: Option<Value>, problems: &mut Problems) -> Option<Value> {
    match (sent, field.default.as_deref()) {
        (Some(value), _) => accept(field, value, problems),
        (None, Some(json)) => {
            // The derive and the generator checked that a default is JSON of the field's type.
            serde_json::from_str(json).ok()
        }
        (None, None) if field.ty.is_nullable() => Some(Value::Null),
        (None, None) => refuse(field, "is required", problems),
    }
}

fn refuse(field: &Field, problem: &str, problems: &mut Problems) -> Option<Value> {
    problems.insert(field.name.to_string(), problem.to_string());
    None
}

//! From an event's arguments to a request.
//!
//! Invariant: whatever the arguments are, the outcome is a request or a typed error.

use crate::protocol::{Code, Error, Operation, Request, Seq};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use vertebra_schema::Model;

/// Reads `(event, data?, opts?)` as what it asks of a collection.
pub(super) fn read(model: &Model, event: &str, args: &[Box<RawValue>]) -> Result<Request, Error> {
    let collection = model.collection.to_string();
    let operation = match event {
        "read" => None,
        "create" => Some(Operation::Create),
        "update" => Some(Operation::Update),
        "patch" => Some(Operation::Patch),
        "delete" => Some(Operation::Delete),
        other => return Err(unknown_event(other)),
    };
    let [data, opts] = match args {
        [] => [Value::Null, Value::Null],
        [data] => [value("data", data)?, Value::Null],
        [data, opts] => [value("data", data)?, value("opts", opts)?],
        _ => return Err(Error::malformed("an event takes data, opts and a callback")),
    };
    let options = Options::read(opts)?;
    let Some(operation) = operation else {
        return read_rows(model, data);
    };
    let (id, data) = match operation {
        // The engine finds the id where the model has it.
        Operation::Create => (Value::Null, object(data)?.into()),
        Operation::Update | Operation::Patch => {
            let mut data = object(data)?;
            (required_id(model, &mut data)?, data.into())
        }
        Operation::Delete => match data {
            Value::Object(mut data) => (required_id(model, &mut data)?, Value::Null),
            id => (scalar(model, id)?, Value::Null),
        },
    };
    Ok(Request::Write {
        operation,
        collection,
        id,
        data,
        expected: options.ifv,
        key: options.key,
    })
}

/// What a write may say beside its data. Unknown options are ignored.
struct Options {
    /// The version that the row must have.
    ifv: Option<Seq>,
    /// The request's own name, by which it is done once.
    key: Option<String>,
}

impl Options {
    fn read(opts: Value) -> Result<Options, Error> {
        let opts = match opts {
            Value::Null => Map::new(),
            Value::Object(opts) => opts,
            _ => {
                return Err(Error::field(
                    "opts",
                    "must be an object such as {\"ifv\": 1}",
                ));
            }
        };
        let ifv = match opts.get("ifv") {
            None | Some(Value::Null) => None,
            Some(version) => Some(version.as_u64().ok_or_else(|| {
                Error::field("opts.ifv", "must be a version: a whole number from 0")
            })?),
        };
        let key = match opts.get("key") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key.clone()),
            Some(_) => return Err(Error::field("opts.key", "must be a string")),
        };
        Ok(Options { ifv, key })
    }
}

fn read_rows(model: &Model, data: Value) -> Result<Request, Error> {
    let collection = model.collection.to_string();
    let mut query = match data {
        Value::Null => Map::new(),
        Value::Object(data) => data,
        id => {
            let id = scalar(model, id)?;
            return Ok(Request::Get { collection, id });
        }
    };
    match take_id(model, &mut query) {
        Some(id) => Ok(Request::Get {
            id: scalar(model, id)?,
            collection,
        }),
        None => {
            query.insert("collection".into(), collection.into());
            Ok(Request::List(query.into()))
        }
    }
}

/// The id, under the name that the model gives it, or as `id`.
fn take_id(model: &Model, data: &mut Map<String, Value>) -> Option<Value> {
    let name = &*model.id().name;
    data.remove(name).or_else(|| {
        let is_free = model.field("id").is_none();
        is_free.then(|| data.remove("id")).flatten()
    })
}

fn required_id(model: &Model, data: &mut Map<String, Value>) -> Result<Value, Error> {
    match take_id(model, data) {
        Some(id) => scalar(model, id),
        None => Err(Error::field(&*model.id().name, "is required")),
    }
}

fn scalar(model: &Model, id: Value) -> Result<Value, Error> {
    match id {
        Value::String(_) | Value::Number(_) => Ok(id),
        _ => Err(Error::field(
            &*model.id().name,
            "must be a string or a number",
        )),
    }
}

fn object(data: Value) -> Result<Map<String, Value>, Error> {
    match data {
        Value::Object(data) => Ok(data),
        _ => Err(Error::field(
            "data",
            "must be an object of the row's fields",
        )),
    }
}

fn value(name: &str, text: &RawValue) -> Result<Value, Error> {
    serde_json::from_str(text.get())
        .map_err(|cause| Error::field(name, format!("cannot be read: {cause}")))
}

fn unknown_event(name: &str) -> Error {
    let short: String = name.chars().take(64).collect();
    Error::new(
        Code::NotFound,
        format!("there is no event {short:?}: use create, read, update, patch or delete"),
    )
}

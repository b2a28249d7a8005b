//! Models in Rust: what `#[derive(Model)]` gives a struct, and the typed values that are built from its columns.
//!
//! Everything here is generic code over the constant descriptor. Invariant: what `into_wire` and `to_wire` return is in
//! the form of the wire, and names fields as the wire does.

pub mod column;
mod draft;
mod filter;
mod fits;
mod patch;

/// What the code that the derive writes needs, under one short name.
pub mod derive {
    pub use super::column::{CreateOnly, Id, ReadOnly, at};
    pub use super::{Column, Fits, New};
    pub use vertebra_schema::derive::*;
}

pub use column::Column;
pub use draft::New;
pub use filter::{Filter, Order};
pub use fits::Fits;
pub use patch::Patch;

use crate::protocol::Error;
use crate::schema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt::{Debug, Display};
use std::hash::Hash;

/// A struct that is a row of a table, an object on the wire and a `Backbone.Model`.
///
/// `#[derive(Model)]` implements it, next to serde's derives:
///
/// ```
/// use jiff::Timestamp;
/// use serde::{Deserialize, Serialize};
/// use uuid::Uuid;
/// use vertebra::Model;
///
/// /// Something to do.
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Model)]
/// #[model(collection = "todos", realtime)]
/// pub struct Todo {
///     #[model(id)]
///     pub id: Uuid,
///     /// What to do.
///     #[model(len = 1..=200)]
///     pub title: String,
///     #[serde(default)]
///     pub done: bool,
///     #[model(default = 1, min = 0, max = 3, index)]
///     pub priority: u8,
///     pub due: Option<jiff::civil::Date>,
///     #[model(created_at)]
///     pub created_at: Timestamp,
/// }
///
/// assert_eq!(&*Todo::MODEL.collection, "todos");
/// assert_eq!(Todo::title().name(), "title");
///
/// let new = Todo::draft("Buy milk").set(Todo::priority(), 2).into_wire()?;
/// assert_eq!(new["title"], "Buy milk");
/// # Ok::<(), vertebra::protocol::Error>(())
/// ```
///
/// # What is written
///
/// - an implementation of this trait;
/// - `Todo::title()` for each field, as visible as the field: its [`Column`];
/// - `Todo::draft(…)`, which begins a create. It takes what a create has to name, in the order of the fields: those
///   that are no `Option`, have no default and are not set by the server. The rest has setters, see [`New`].
///
/// # Attributes of the struct
///
/// | `#[model(…)]` | meaning |
/// | --- | --- |
/// | `collection = "todos"` | name of the table, the URL and the Socket.IO namespace; else the name in `snake_case` and the plural (`-y` → `-ies`; `-es` after `s`, `x`, `z`, `ch`, `sh`; else `-s`) |
/// | `realtime` | generated classes stay in sync by themselves |
/// | `strict` | an update that doesn't say which version it expects is refused |
///
/// # Attributes of a field
///
/// | `#[model(…)]` | meaning |
/// | --- | --- |
/// | `id` | names the row: a `Uuid` or `String` that clients make, or an integer that the database makes; exactly one |
/// | `index`, `unique` | in the database |
/// | `default = …` | a bool, number, string, `[]` or `{}`; `#[serde(default)]` alone means the type's empty value |
/// | `read_only` | only the server sets it |
/// | `create_only` | a client sets it when it creates the row, and not later |
/// | `secret` | never leaves the server |
/// | `created_at`, `updated_at` | a `jiff::Timestamp` that the server sets |
/// | `number` | a 64-bit integer that travels as a JSON number, within ±(2^53 − 1), and not as a string |
/// | `min = …`, `max = …` | bounds of a number |
/// | `len = 1..=200` | length of a string (Unicode scalar values) or list; also `..=200`, `1..`, `36` |
/// | `pattern = "…"` | a regular expression that matches somewhere in the string |
/// | `one_of = ["a", "b"]` | the only strings allowed |
///
/// Of serde's attributes, `rename`, `rename_all` and `default` mean what they mean to serde; those that would make
/// something else of the row than its fields are refused where they are written.
///
/// # Types
///
/// Those with [`schema::Described`]: `bool`, `String`, `char`, `f32`, `f64`, integers of 8 to 64 bits, `uuid::Uuid`,
/// `jiff::Timestamp`, `jiff::civil::Date`, `serde_json::Value`; `Option`, `Vec`, `Box`, maps from `String`, tuples of two or
/// three; and your own structs and enums of plain names with `#[derive(Described)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    note = "add `#[derive(Serialize, Deserialize, Clone, vertebra::Model)]` to the struct"
)]
pub trait Model: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What is known about the model.
    const MODEL: &'static schema::Model;

    /// The type of its id.
    type Id: Serialize
        + DeserializeOwned
        + Clone
        + Eq
        + Hash
        + Debug
        + Display
        + Send
        + Sync
        + 'static;

    /// The id of this row.
    fn id(&self) -> &Self::Id;

    /// The row as it is on the wire: an object with all fields.
    ///
    /// # Errors
    ///
    /// Where serde fails, and where a value has no form on the wire: a number that is not finite.
    fn to_wire(&self) -> Result<Value, Error> {
        let mut row = serde_json::to_value(self).map_err(unwritable)?;
        schema::to_wire(Self::MODEL, &mut row);
        if let Value::Object(entries) = &mut row {
            for field in Self::MODEL.fields.iter() {
                // What serde left out is an `Option` without a value; the reader refuses all else.
                let value = entries.entry(&*field.name).or_insert(Value::Null);
                finite(field, value)?;
            }
        }
        Ok(row)
    }

    /// The row that an object on the wire is. Secret fields, which no client is told, may be missing: they are then
    /// what their default says, or empty.
    ///
    /// # Errors
    ///
    /// `validation`, where the object is no such row.
    fn from_wire(mut row: Value) -> Result<Self, Error> {
        schema::from_wire(Self::MODEL, &mut row);
        if let Value::Object(entries) = &mut row {
            for field in Self::MODEL.fields.iter() {
                if field.is(schema::Flag::Secret) && !entries.contains_key(&*field.name) {
                    entries.insert(field.name.to_string(), unknown_secret(field));
                }
            }
        }
        serde_json::from_value(row)
            .map_err(|error| Error::malformed(format!("this is no {}: {error}", Self::MODEL.name)))
    }
}

/// What a client has in the place of a secret, in the form that serde reads.
fn unknown_secret(field: &schema::Field) -> Value {
    let json = field.default.as_deref();
    let json = json.or(field.ty.empty(field.is_number()));
    let mut value = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    schema::value_from_wire(field, &mut value);
    value
}

/// One value of a field, in wire form.
fn value_to_wire<T: Serialize>(field: &schema::Field, value: &T) -> Result<Value, Error> {
    let mut value = serde_json::to_value(value)
        .map_err(|error| Error::field(&*field.name, format!("can't be written: {error}")))?;
    schema::value_to_wire(field, &mut value);
    finite(field, &value)?;
    Ok(value)
}

/// serde makes `null` of numbers that JSON doesn't have; where there can be no `null`, that is an error and not a value.
fn finite(field: &schema::Field, value: &Value) -> Result<(), Error> {
    if value.is_null() && !field.ty.is_nullable() {
        let problem = match *field.ty {
            schema::Type::Float => "must be a number",
            _ => "must not be null",
        };
        return Err(Error::field(&*field.name, problem));
    }
    Ok(())
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::malformed(format!("the row can't be written: {error}"))
}

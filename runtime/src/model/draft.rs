//! Rows that are about to be created.

use super::column::{Column, OnCreate};
use super::{Fits, Model, value_to_wire};
use crate::protocol::Error;
use crate::schema::Type;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;
use uuid::Uuid;

/// A new row: what a client says of it, in wire form. What it doesn't say, the server fills in.
///
/// `Todo::draft(…)` makes one and takes what has to be said. A row whose id is a `Uuid` has one from the start, so that a
/// create that is sent twice is one row, and so that the id is known before the server is.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vertebra::{Model, New};
/// #[derive(Clone, Serialize, Deserialize, Model)]
/// struct Todo {
///     #[model(id)]
///     id: uuid::Uuid,
///     title: String,
///     #[model(default = 1)]
///     priority: u8,
/// }
///
/// let new = Todo::draft("Buy milk").set(Todo::priority(), 2).into_wire()?;
/// assert_eq!(new["priority"], 2);
/// assert!(new["id"].is_string());
///
/// // A whole row, with its own id:
/// let row = Todo { id: uuid::Uuid::nil(), title: "Sleep".into(), priority: 1 };
/// assert_eq!(New::from(row.clone()).into_wire()?, row.to_wire()?);
/// # Ok::<(), vertebra::protocol::Error>(())
/// ```
pub struct New<M> {
    /// The first value that could not be written stops it all.
    row: Result<Map<String, Value>, Error>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> New<M> {
    /// A row of which nothing is said yet but the id, if that is a `Uuid`. `draft` asks for what is required.
    #[must_use]
    pub fn begin() -> Self {
        let id = M::MODEL.id();
        let mut row = Map::new();
        if matches!(*id.ty, Type::Uuid) {
            row.insert(id.name.to_string(), Uuid::now_v7().to_string().into());
        }
        New {
            row: Ok(row),
            model: PhantomData,
        }
    }

    /// Says what a column is. Columns that the server sets don't compile here.
    #[must_use]
    pub fn set<T: Serialize, K: OnCreate>(
        mut self,
        column: Column<M, T, K>,
        value: impl Fits<T>,
    ) -> Self {
        self.put(column.name(), value_to_wire(column.field(), &value.fit()));
        self
    }

    /// Gives the row an id of the caller's choice.
    #[must_use]
    pub fn with_id(mut self, id: impl Fits<M::Id>) -> Self {
        let field = M::MODEL.id();
        self.put(&field.name, value_to_wire(field, &id.fit()));
        self
    }

    /// The id in wire form, if the row has one already.
    pub fn id(&self) -> Option<&Value> {
        self.row.as_ref().ok()?.get(&*M::MODEL.id().name)
    }

    /// The row as it goes over the wire.
    ///
    /// # Errors
    ///
    /// `validation`, with the field, where a value could not be written or a client has to make the id and did not.
    pub fn into_wire(self) -> Result<Value, Error> {
        let row = self.row?;
        let id = M::MODEL.id();
        if !M::MODEL.database_makes_ids() && !row.contains_key(&*id.name) {
            return Err(Error::field(&*id.name, "is required"));
        }
        Ok(Value::Object(row))
    }

    fn put(&mut self, name: &str, value: Result<Value, Error>) {
        if let Ok(row) = &mut self.row {
            match value {
                Ok(value) => {
                    row.insert(name.to_string(), value);
                }
                Err(error) => self.row = Err(error),
            }
        }
    }
}

/// Everything of the row that a client may say: not what the server sets, and no id where the database makes it.
impl<M: Model> From<M> for New<M> {
    fn from(row: M) -> Self {
        let object = row.to_wire().map(|row| match row {
            Value::Object(mut entries) => {
                for field in M::MODEL.fields.iter() {
                    let made = field.is(crate::schema::Flag::Id) && M::MODEL.database_makes_ids();
                    if made || field.is_read_only() {
                        entries.remove(&*field.name);
                    }
                }
                entries
            }
            _ => Map::new(),
        });
        New {
            row: object,
            model: PhantomData,
        }
    }
}

impl<M> Clone for New<M> {
    fn clone(&self) -> Self {
        New {
            row: self.row.clone(),
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for New<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("New").field(&self.row).finish()
    }
}

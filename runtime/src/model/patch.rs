//! Changes of rows that exist.

use super::column::{Column, OnChange};
use super::{Fits, Model, value_to_wire};
use crate::protocol::Error;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;

/// What changes in a row. A column that isn't named stays as it is; one that is cleared becomes `null`.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vertebra::{Model, Patch};
/// #[derive(Clone, Serialize, Deserialize, Model)]
/// struct Todo {
///     #[model(id)]
///     id: u64,
///     title: String,
///     due: Option<jiff::civil::Date>,
/// }
///
/// let patch = Patch::new().set(Todo::title(), "Buy bread").clear(Todo::due());
/// assert_eq!(patch.into_wire()?, serde_json::json!({"title": "Buy bread", "due": null}));
/// assert!(Patch::<Todo>::new().is_empty());
/// # Ok::<(), vertebra::protocol::Error>(())
/// ```
///
/// What can't be missing can't be cleared:
///
/// ```compile_fail,E0308
/// # use serde::{Deserialize, Serialize};
/// # use vertebra::{Model, Patch};
/// # #[derive(Clone, Serialize, Deserialize, Model)]
/// # struct Todo { #[model(id)] id: u64, title: String }
/// let patch = Patch::new().clear(Todo::title());
/// ```
pub struct Patch<M> {
    /// The first value that could not be written stops it all.
    changes: Result<Map<String, Value>, Error>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Patch<M> {
    /// No change yet.
    #[must_use]
    pub fn new() -> Self {
        Patch {
            changes: Ok(Map::new()),
            model: PhantomData,
        }
    }

    /// Gives a column a value. Columns that don't change don't compile here.
    #[must_use]
    pub fn set<T: Serialize, K: OnChange>(
        mut self,
        column: Column<M, T, K>,
        value: impl Fits<T>,
    ) -> Self {
        let value = value_to_wire(column.field(), &value.fit());
        self.put(column.name(), value);
        self
    }

    /// Takes a column's value away.
    #[must_use]
    pub fn clear<T, K: OnChange>(mut self, column: Column<M, Option<T>, K>) -> Self {
        self.put(column.name(), Ok(Value::Null));
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.as_ref().is_ok_and(Map::is_empty)
    }

    /// The changes as they go over the wire.
    ///
    /// # Errors
    ///
    /// `validation`, with the field, where a value could not be written.
    pub fn into_wire(self) -> Result<Value, Error> {
        self.changes.map(Value::Object)
    }

    fn put(&mut self, name: &str, value: Result<Value, Error>) {
        if let Ok(changes) = &mut self.changes {
            match value {
                Ok(value) => {
                    changes.insert(name.to_string(), value);
                }
                Err(error) => self.changes = Err(error),
            }
        }
    }
}

impl<M: Model> Default for Patch<M> {
    fn default() -> Self {
        Patch::new()
    }
}

impl<M> Clone for Patch<M> {
    fn clone(&self) -> Self {
        Patch {
            changes: self.changes.clone(),
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Patch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patch").field(&self.changes).finish()
    }
}

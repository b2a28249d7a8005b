//! Which rows, and in which order.

use crate::protocol::Error;
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;

/// Conditions on the rows of a model, all of which must hold: the `where` of a query.
///
/// [`Column::eq`](super::Column::eq) makes one.
pub struct Filter<M> {
    conditions: Result<Map<String, Value>, Error>,
    model: PhantomData<fn() -> M>,
}

impl<M> Filter<M> {
    pub(super) fn condition(name: &str, value: Result<Value, Error>) -> Self {
        Filter {
            conditions: value.map(|value| Map::from_iter([(name.to_string(), value)])),
            model: PhantomData,
        }
    }

    /// Both this and the other.
    #[must_use]
    pub fn and(self, other: Filter<M>) -> Self {
        let conditions = self.conditions.and_then(|mut all| {
            for (name, value) in other.conditions? {
                match all.get(&name) {
                    // One `where` has room for one value of a field, and silence would forget the other.
                    Some(known) if *known != value => {
                        return Err(Error::field(name, "can't be two values at once"));
                    }
                    _ => all.insert(name, value),
                };
            }
            Ok(all)
        });
        Filter {
            conditions,
            model: PhantomData,
        }
    }

    /// The `where` object of a query.
    ///
    /// # Errors
    ///
    /// `validation`, with the field, where a value could not be written or one field is to be two values.
    pub fn to_json(&self) -> Result<Value, Error> {
        self.conditions.clone().map(Value::Object)
    }
}

impl<M> Clone for Filter<M> {
    fn clone(&self) -> Self {
        Filter {
            conditions: self.conditions.clone(),
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Filter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.conditions).finish()
    }
}

/// An order of the rows of a model: one level of the `sort` of a query.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vertebra::Model;
/// #[derive(Clone, Serialize, Deserialize, Model)]
/// struct Todo {
///     #[model(id)]
///     id: u64,
///     priority: u8,
/// }
///
/// assert_eq!(Todo::priority().descending().to_string(), "-priority");
/// ```
pub struct Order<M> {
    name: &'static str,
    descending: bool,
    model: PhantomData<fn() -> M>,
}

impl<M> Order<M> {
    pub(super) fn by(name: &'static str, descending: bool) -> Self {
        Order {
            name,
            descending,
            model: PhantomData,
        }
    }

    /// As it stands in the `sort` list of a query: `"-priority"`.
    pub fn to_json(&self) -> Value {
        self.to_string().into()
    }
}

impl<M> Clone for Order<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Order<M> {}

impl<M> fmt::Display for Order<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minus = if self.descending { "-" } else { "" };
        write!(f, "{minus}{}", self.name)
    }
}

impl<M> fmt::Debug for Order<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({self})")
    }
}

//! Typed names for the fields of a model.
//!
//! Invariant: a column is two numbers' worth of nothing: a position, and types that only the compiler sees.

use super::{Filter, Fits, Model, Order, value_to_wire};
use crate::schema::Field;
use std::fmt;
use std::marker::PhantomData;

/// A field of the model `M` that holds a `T`; `K` is who may set it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use vertebra::{Column, Model};
///
/// #[derive(Clone, Serialize, Deserialize, Model)]
/// #[serde(rename_all = "camelCase")]
/// struct Note {
///     #[model(id)]
///     id: u64,
///     long_text: String,
/// }
///
/// const TEXT: Column<Note, String> = Note::long_text();
/// assert_eq!((TEXT.name(), TEXT.position()), ("longText", 1));
/// ```
pub struct Column<M, T, K = Open> {
    position: usize,
    types: Types<M, T, K>,
}

/// What only the compiler sees.
type Types<M, T, K> = PhantomData<fn() -> (M, T, K)>;

/// The column of a position; only the derive knows that the types are right.
#[doc(hidden)]
pub const fn at<M, T, K>(position: usize) -> Column<M, T, K> {
    Column {
        position,
        types: PhantomData,
    }
}

/// Any client may set it.
#[derive(Debug)]
pub enum Open {}
/// A client may set it when it creates the row.
#[derive(Debug)]
pub enum CreateOnly {}
/// Only the server sets it.
#[derive(Debug)]
pub enum ReadOnly {}
/// It names the row: see [`New::with_id`](super::New::with_id).
#[derive(Debug)]
pub enum Id {}

/// Who may set a column when a row is created.
#[diagnostic::on_unimplemented(
    message = "the server sets this column, a client can't",
    label = "read-only"
)]
pub trait OnCreate {}
impl OnCreate for Open {}
impl OnCreate for CreateOnly {}
impl OnCreate for Id {}

/// Who may change a column of a row that exists.
#[diagnostic::on_unimplemented(
    message = "this column can't be changed once the row exists",
    label = "not changeable"
)]
pub trait OnChange {}
impl OnChange for Open {}

impl<M: Model, T, K> Column<M, T, K> {
    /// The position among the fields, from 0.
    pub const fn position(self) -> usize {
        self.position
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.field().name.constant()
    }

    /// What is known about the field.
    pub fn field(self) -> &'static Field {
        &M::MODEL.fields.constant()[self.position]
    }

    /// The rows in which it is this value.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use vertebra::Model;
    /// #[derive(Clone, Serialize, Deserialize, Model)]
    /// struct Todo {
    ///     #[model(id)]
    ///     id: u64,
    ///     done: bool,
    ///     priority: u8,
    /// }
    ///
    /// let urgent = Todo::done().eq(false).and(Todo::priority().eq(3));
    /// assert_eq!(urgent.to_json()?, serde_json::json!({"done": false, "priority": 3}));
    /// # Ok::<(), vertebra::protocol::Error>(())
    /// ```
    #[must_use]
    pub fn eq(self, value: impl Fits<T>) -> Filter<M>
    where
        T: serde::Serialize,
    {
        let value = value_to_wire(self.field(), &value.fit());
        Filter::condition(self.name(), value)
    }

    /// In the order of this column, smallest first.
    #[must_use]
    pub fn ascending(self) -> Order<M> {
        Order::by(self.name(), false)
    }

    /// In the order of this column, largest first.
    #[must_use]
    pub fn descending(self) -> Order<M> {
        Order::by(self.name(), true)
    }
}

impl<M: Model, T, K> Column<M, Option<T>, K> {
    /// The rows in which it has no value.
    #[must_use]
    pub fn is_null(self) -> Filter<M> {
        Filter::condition(self.name(), Ok(serde_json::Value::Null))
    }
}

impl<M, T, K> Clone for Column<M, T, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T, K> Copy for Column<M, T, K> {}

impl<M: Model, T, K> fmt::Debug for Column<M, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", M::MODEL.collection, self.name())
    }
}

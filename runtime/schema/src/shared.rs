//! Values that are constants in a program and allocated in a generator.
//!
//! Invariant: two `Shared` values are equal when what they point to is equal, wherever it lives.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that is either part of the program or shared on the heap; cloning is cheap in both cases.
///
/// The derive makes schemas of `Static` values only, so that a schema costs no start-up time; a generator reads
/// the same types from files.
///
/// ```
/// use vertebra_schema::Shared;
///
/// const NAME: Shared<str> = Shared::Static("todos");
/// assert_eq!(NAME, Shared::from("todos".to_string()));
/// assert_eq!(NAME.len(), 5);
/// ```
pub enum Shared<T: ?Sized + 'static> {
    /// Part of the program.
    Static(&'static T),
    /// On the heap.
    Owned(Arc<T>),
}

impl<T: ?Sized> Shared<T> {
    /// What it points to, in a constant. Elsewhere `*` does the same.
    ///
    /// # Panics
    ///
    /// Where the value is on the heap: a constant has none.
    pub const fn constant(&self) -> &T {
        match self {
            Shared::Static(value) => value,
            Shared::Owned(_) => panic!("a value on the heap is not a constant"),
        }
    }

    /// What it points to, wherever that is: for code that is written once for constants and for owned values.
    pub(crate) fn anywhere(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Shared::Static(value) => value,
            Shared::Owned(value) => value,
        }
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        match self {
            Shared::Static(value) => Shared::Static(value),
            Shared::Owned(value) => Shared::Owned(value.clone()),
        }
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Shared<T> {}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Shared::Owned(Arc::new(value))
    }
}

impl<T> From<Vec<T>> for Shared<[T]> {
    fn from(values: Vec<T>) -> Self {
        Shared::Owned(values.into())
    }
}

impl From<String> for Shared<str> {
    fn from(value: String) -> Self {
        Shared::Owned(value.into())
    }
}

impl From<&str> for Shared<str> {
    fn from(value: &str) -> Self {
        Shared::Owned(value.into())
    }
}

impl<T: ?Sized + Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for Shared<T>
where
    Arc<T>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Arc::deserialize(deserializer).map(Shared::Owned)
    }
}

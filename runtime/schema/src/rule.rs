//! The rules that a field's values keep, beyond their type.
//!
//! Invariant: a rule is data; `check` decides, and the generated JavaScript decides the same way with the same words.

use crate::Shared;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One rule of a field: `#[model(min = 1)]` and its relatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The smallest value allowed.
    Min(Number),
    /// The largest value allowed.
    Max(Number),
    /// The smallest and the largest length: Unicode scalar values of a string, items of a list.
    Len(Option<u32>, Option<u32>),
    /// A regular expression that must match somewhere in the string; anchor it with `^` and `$`.
    Pattern(Shared<str>),
    /// The only strings allowed.
    OneOf(Shared<[Shared<str>]>),
}

/// A bound of [`Rule::Min`] or [`Rule::Max`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

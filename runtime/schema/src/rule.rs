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

impl Rule {
    /// The name of the attribute that sets it: `len` for `#[model(len = 1..=200)]`.
    pub const fn attribute(&self) -> &'static str {
        match self {
            Rule::Min(_) => "min",
            Rule::Max(_) => "max",
            Rule::Len(..) => "len",
            Rule::Pattern(_) => "pattern",
            Rule::OneOf(_) => "one_of",
        }
    }
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

impl Number {
    /// The nearest 64-bit float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

//! What a field can hold.
//!
//! Invariant: a type says what is on the wire, not how Rust, JavaScript or a database spell it.

use crate::{Field, Shared};
use serde::{Deserialize, Serialize};

/// The type of a field, or of a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number. Up to 32 bits it is a JSON number, with 64 bits a decimal string.
    Integer {
        /// 8, 16, 32 or 64.
        bits: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// A finite number with a fraction.
    Float,
    /// Text.
    String,
    /// One Unicode scalar value, as a string.
    Char,
    /// A UUID, as a string.
    Uuid,
    /// A moment in time, as an RFC 3339 string.
    Timestamp,
    /// A calendar day, as `2026-01-31`.
    Date,
    /// An exact decimal number, as a string.
    Decimal,
    /// Bytes, as base64 text.
    Bytes,
    /// Any JSON value.
    Json,
    /// The value or `null`.
    Optional(Shared<Type>),
    /// Any number of values.
    List(Shared<Type>),
    /// An object with any keys.
    Map(Shared<Type>),
    /// A fixed number of values.
    Tuple(Shared<[Shared<Type>]>),
    /// One of a few strings.
    Enum {
        /// The Rust name.
        name: Shared<str>,
        /// What is on the wire, in declaration order.
        values: Shared<[Shared<str>]>,
    },
    /// An object with known fields.
    Struct {
        /// The Rust name.
        name: Shared<str>,
        /// In declaration order.
        fields: Shared<[Field]>,
    },
}

impl Type {
    /// The type without its outer `Option`.
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner,
            other => other,
        }
    }

    /// Whether `null` is a value of it.
    pub fn is_nullable(&self) -> bool {
        matches!(self, Type::Optional(_) | Type::Json)
    }

    /// The JSON text of its empty value, which is what `#[serde(default)]` means; `None` where only Rust knows it.
    ///
    /// `as_number` is whether a 64-bit integer travels as a JSON number.
    ///
    /// ```
    /// use vertebra_schema::{Described, Type};
    ///
    /// assert_eq!(bool::TYPE.empty(false), Some("false"));
    /// assert_eq!(u64::TYPE.empty(false), Some("\"0\""));
    /// assert_eq!(Type::Timestamp.empty(false), None);
    /// ```
    pub const fn empty(&self, as_number: bool) -> Option<&'static str> {
        match self {
            Type::Bool => Some("false"),
            Type::Integer { .. } if self.is_text_integer(as_number) => Some("\"0\""),
            Type::Integer { .. } => Some("0"),
            Type::Float => Some("0.0"),
            Type::Decimal => Some("\"0\""),
            Type::String | Type::Bytes => Some("\"\""),
            Type::Json | Type::Optional(_) => Some("null"),
            Type::List(_) => Some("[]"),
            Type::Map(_) => Some("{}"),
            Type::Char
            | Type::Uuid
            | Type::Timestamp
            | Type::Date
            | Type::Tuple(_)
            | Type::Enum { .. }
            | Type::Struct { .. } => None,
        }
    }

    /// Whether a value is a whole number written as a string, because JavaScript would round the number.
    pub const fn is_text_integer(&self, as_number: bool) -> bool {
        matches!(self, Type::Integer { bits, .. } if *bits >= 64) && !as_number
    }

    /// Whether values are kept as JSON text in a database, having no column type of their own.
    pub fn is_nested(&self) -> bool {
        matches!(
            self.required(),
            Type::Json | Type::List(_) | Type::Map(_) | Type::Tuple(_) | Type::Struct { .. }
        )
    }
}

/// A Rust type that can be a model's field; the derive asks for it by type, so aliases resolve as the compiler does.
///
/// Implemented for the types of the table in the guide, and for enums and structs with `#[derive(Described)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a field of a model",
    note = "derive `Described` for your own structs and enums",
    note = "`usize` and `isize` differ between machines: choose a width, such as `u32` or `u64`"
)]
pub trait Described {
    /// What it is on the wire.
    const TYPE: &'static Type;
}

macro_rules! described {
    ($($rust:ty => $type:expr,)*) => {
        $(impl Described for $rust {
            const TYPE: &'static Type = &$type;
        })*
    };
}

described! {
    bool => Type::Bool,
    i8 => Type::Integer { bits: 8, signed: true },
    i16 => Type::Integer { bits: 16, signed: true },
    i32 => Type::Integer { bits: 32, signed: true },
    i64 => Type::Integer { bits: 64, signed: true },
    u8 => Type::Integer { bits: 8, signed: false },
    u16 => Type::Integer { bits: 16, signed: false },
    u32 => Type::Integer { bits: 32, signed: false },
    u64 => Type::Integer { bits: 64, signed: false },
    f32 => Type::Float,
    f64 => Type::Float,
    String => Type::String,
    char => Type::Char,
    uuid::Uuid => Type::Uuid,
    jiff::Timestamp => Type::Timestamp,
    jiff::civil::Date => Type::Date,
    serde_json::Value => Type::Json,
}

impl<T: Described> Described for Option<T> {
    const TYPE: &'static Type = &Type::Optional(Shared::Static(T::TYPE));
}

impl<T: Described> Described for Vec<T> {
    const TYPE: &'static Type = &Type::List(Shared::Static(T::TYPE));
}

impl<T: Described> Described for Box<T> {
    const TYPE: &'static Type = T::TYPE;
}

impl<T: Described> Described for std::collections::BTreeMap<String, T> {
    const TYPE: &'static Type = &Type::Map(Shared::Static(T::TYPE));
}

impl<T: Described, S> Described for std::collections::HashMap<String, T, S> {
    const TYPE: &'static Type = &Type::Map(Shared::Static(T::TYPE));
}

impl<A: Described, B: Described> Described for (A, B) {
    const TYPE: &'static Type = &Type::Tuple(Shared::Static(&[
        Shared::Static(A::TYPE),
        Shared::Static(B::TYPE),
    ]));
}

impl<A: Described, B: Described, C: Described> Described for (A, B, C) {
    const TYPE: &'static Type = &Type::Tuple(Shared::Static(&[
        Shared::Static(A::TYPE),
        Shared::Static(B::TYPE),
        Shared::Static(C::TYPE),
    ]));
}

//! A number that tells whether two schemas mean the same on the wire.
//!
//! Invariant: a constant descriptor and an owned model that are equal have equal fingerprints, because both are
//! computed by one body of code.

use crate::{Model, Schema};

/// 64-bit FNV-1a over everything that reaches the wire: collection, strictness, and of each field its name, type,
/// flags, rules and default, in order. Docs, Rust names and indexes are not part of it.
///
/// ```
/// use vertebra_schema::{Described, Field, Fingerprint, Model};
///
/// const FIELDS: &[Field] = &[Field::new("done", "done", bool::TYPE, "", None, &[], &[])];
/// const TODO: &Model = &Model::new("Todo", "todos", "", true, false, FIELDS);
/// const FINGERPRINT: u64 = Fingerprint::constant(TODO);
/// assert_eq!(FINGERPRINT, Fingerprint::of(TODO));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint;

impl Fingerprint {
    /// The fingerprint of any model, at run time.
    pub fn of(model: &Model) -> u64 {
        running::model(START, model)
    }

    /// The same in a constant, of a model that the derive has written down.
    ///
    /// # Panics
    ///
    /// Where a part of the model is on the heap.
    pub const fn constant(model: &Model) -> u64 {
        constant::model(START, model)
    }

    /// The fingerprint of all models of a schema, whatever their order.
    pub fn of_schema(schema: &Schema) -> u64 {
        let mut all: Vec<u64> = schema.models.iter().map(Fingerprint::of).collect();
        all.sort_unstable();
        all.into_iter().fold(START, number)
    }
}

/// FNV's offset basis and prime: <https://www.rfc-editor.org/rfc/rfc9923>.
const START: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

const fn byte(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(PRIME)
}

const fn number(mut hash: u64, number: u64) -> u64 {
    let bytes = number.to_le_bytes();
    let mut i = 0;
    while i < bytes.len() {
        hash = byte(hash, bytes[i]);
        i += 1;
    }
    hash
}

/// The length goes first, so that `"ab", "c"` and `"a", "bc"` differ.
const fn text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = number(hash, bytes.len() as u64);
    let mut i = 0;
    while i < bytes.len() {
        hash = byte(hash, bytes[i]);
        i += 1;
    }
    hash
}

/// The walk over a model. A constant cannot look into an `Arc` and a trait method cannot be called in a constant, so
/// the same body is compiled twice, with two ways to look through a `Shared`.
macro_rules! walk {
    ($get:ident, $($function:tt)+) => {
        use super::{byte, number, text};
        use crate::{Field, Flag, Model, Number, Rule, Shared, Type};

        pub(super) $($function)+ model(hash: u64, model: &Model) -> u64 {
            let hash = text(hash, model.collection.$get());
            let hash = byte(hash, model.strict as u8);
            fields(hash, model.fields.$get())
        }

        $($function)+ fields(hash: u64, fields: &[Field]) -> u64 {
            let mut hash = number(hash, fields.len() as u64);
            let mut i = 0;
            while i < fields.len() {
                hash = field(hash, &fields[i]);
                i += 1;
            }
            hash
        }

        $($function)+ field(hash: u64, field: &Field) -> u64 {
            let hash = text(hash, field.name.$get());
            let hash = ty(hash, field.ty.$get());
            let hash = match &field.default {
                None => byte(hash, 0),
                Some(json) => text(byte(hash, 1), json.$get()),
            };
            let hash = number(hash, flags(field.flags.$get()));
            rules(hash, field.rules.$get())
        }

        /// One bit each: the order in which flags are written means nothing. An index is the database's business.
        $($function)+ flags(flags: &[Flag]) -> u64 {
            let mut bits = 0;
            let mut i = 0;
            while i < flags.len() {
                bits |= match flags[i] {
                    Flag::Id => 1,
                    Flag::Index => 0,
                    Flag::Unique => 2,
                    Flag::ReadOnly => 4,
                    Flag::CreateOnly => 8,
                    Flag::Secret => 16,
                    Flag::CreatedAt => 32,
                    Flag::UpdatedAt => 64,
                    Flag::Number => 128,
                };
                i += 1;
            }
            bits
        }

        $($function)+ rules(hash: u64, rules: &[Rule]) -> u64 {
            let mut hash = number(hash, rules.len() as u64);
            let mut i = 0;
            while i < rules.len() {
                hash = match &rules[i] {
                    Rule::Min(least) => bound(byte(hash, 1), least),
                    Rule::Max(most) => bound(byte(hash, 2), most),
                    Rule::Len(least, most) => limit(limit(byte(hash, 3), *least), *most),
                    Rule::Pattern(pattern) => text(byte(hash, 4), pattern.$get()),
                    Rule::OneOf(values) => texts(byte(hash, 5), values.$get()),
                };
                i += 1;
            }
            hash
        }

        $($function)+ bound(hash: u64, bound: &Number) -> u64 {
            match bound {
                Number::Int(value) => number(byte(hash, 0), *value as u64),
                Number::Float(value) => number(byte(hash, 1), value.to_bits()),
            }
        }

        $($function)+ limit(hash: u64, limit: Option<u32>) -> u64 {
            match limit {
                None => byte(hash, 0),
                Some(limit) => number(byte(hash, 1), limit as u64),
            }
        }

        $($function)+ texts(hash: u64, all: &[Shared<str>]) -> u64 {
            let mut hash = number(hash, all.len() as u64);
            let mut i = 0;
            while i < all.len() {
                hash = text(hash, all[i].$get());
                i += 1;
            }
            hash
        }

        $($function)+ ty(hash: u64, this: &Type) -> u64 {
            match this {
                Type::Bool => byte(hash, 1),
                Type::Integer { bits, signed } => byte(byte(byte(hash, 2), *bits), *signed as u8),
                Type::Float => byte(hash, 3),
                Type::String => byte(hash, 4),
                Type::Char => byte(hash, 5),
                Type::Uuid => byte(hash, 6),
                Type::Timestamp => byte(hash, 7),
                Type::Date => byte(hash, 8),
                Type::Decimal => byte(hash, 9),
                Type::Bytes => byte(hash, 10),
                Type::Json => byte(hash, 11),
                Type::Optional(inner) => ty(byte(hash, 12), inner.$get()),
                Type::List(item) => ty(byte(hash, 13), item.$get()),
                Type::Map(item) => ty(byte(hash, 14), item.$get()),
                Type::Tuple(items) => {
                    let items = items.$get();
                    let mut hash = number(byte(hash, 15), items.len() as u64);
                    let mut i = 0;
                    while i < items.len() {
                        hash = ty(hash, items[i].$get());
                        i += 1;
                    }
                    hash
                }
                Type::Enum { values, .. } => texts(byte(hash, 16), values.$get()),
                Type::Struct { fields: inner, .. } => fields(byte(hash, 17), inner.$get()),
            }
        }
    };
}

mod constant {
    walk!(constant, const fn);
}

mod running {
    walk!(anywhere, fn);
}

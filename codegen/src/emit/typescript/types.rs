//! The TypeScript type of a field's values, as they are on the wire.
//!
//! Structs and enums get a name of their own when nobody else has it, and are written out in place otherwise.
//! Invariant: a secret field is nowhere in it, at any depth.

use super::escape;
use crate::emit::Values;
use crate::emit::names::{self, Locals, Name};
use std::collections::BTreeMap;
use vertebra_schema::{Field, Flag, Schema, Type};

/// The structs and enums of a schema that are declared by name.
pub(super) struct Named {
    /// By the Rust name: the type, and what it is called in the file.
    known: BTreeMap<String, (Type, Name)>,
    values: Values,
}

impl Named {
    /// Finds them. `values` says what is there instead of what is on the wire.
    pub(super) fn new(schema: &Schema, values: Values, locals: &mut Locals) -> Named {
        let known = names::types(schema)
            .into_iter()
            .map(|(name, ty)| (name.clone(), (ty, locals.name(&name))))
            .collect();
        Named { known, values }
    }

    /// Each with its name, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Type, &Name)> {
        self.known.values().map(|(ty, name)| (ty, name))
    }

    fn name_of(&self, rust: &str, ty: &Type) -> Option<&Name> {
        let (known, name) = self.known.get(rust)?;
        (known == ty).then_some(name)
    }

    /// The type of a field.
    pub(super) fn field(&self, field: &Field) -> String {
        if field.is_number() && matches!(field.ty.required(), Type::Integer { .. }) {
            let null = if field.ty.is_nullable() {
                " | null"
            } else {
                ""
            };
            return format!("number{null}");
        }
        // An id is always what it is on the wire: it names the row there, in URLs and in collections.
        if field.is(Flag::Id) && matches!(field.ty.required(), Type::Integer { bits: 64.., .. }) {
            return "Int64".to_string();
        }
        self.ty(&field.ty)
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Struct { name, .. } | Type::Enum { name, .. } => match self.name_of(name, ty) {
                Some(name) => name.local.clone(),
                None => self.written_out(ty),
            },
            other => self.written_out(other),
        }
    }

    /// The type without a name of its own.
    pub(super) fn written_out(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_string(),
            Type::Float => "number".to_string(),
            Type::Integer { bits, .. } if *bits < 64 => "number".to_string(),
            Type::Integer { .. } if self.values.bigint => "bigint".to_string(),
            Type::Integer { .. } => "Int64".to_string(),
            Type::Timestamp | Type::Date if self.values.dates => "Date".to_string(),
            Type::Bytes if self.values.bytes => "Uint8Array".to_string(),
            Type::String | Type::Char | Type::Uuid => "string".to_string(),
            Type::Timestamp | Type::Date | Type::Decimal | Type::Bytes => "string".to_string(),
            Type::Json => "Json".to_string(),
            Type::Optional(inner) => match self.ty(inner) {
                already if already.ends_with("| null") || already == "Json" => already,
                other => format!("{other} | null"),
            },
            Type::List(item) => format!("{}[]", self.operand(item)),
            Type::Map(value) => format!("Record<string, {}>", self.ty(value)),
            Type::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|item| self.ty(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Type::Enum { values, .. } => {
                let values: Vec<String> =
                    values.iter().map(|value| escape::string(value)).collect();
                if values.is_empty() {
                    "never".to_string()
                } else {
                    values.join(" | ")
                }
            }
            Type::Struct { fields, .. } => {
                let members: Vec<String> = names::visible(fields)
                    .map(|field| format!("{}: {}", escape::member(&field.name), self.field(field)))
                    .collect();
                format!("{{{}}}", members.join("; "))
            }
        }
    }

    /// A type as what stands before `[]`.
    fn operand(&self, ty: &Type) -> String {
        let text = self.ty(ty);
        if text.contains(" | ") && !text.starts_with(['{', '[']) || text.ends_with("| null") {
            format!("({text})")
        } else {
            text
        }
    }
}

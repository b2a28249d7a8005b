//! The TypeScript type of a field's values, as they are on the wire.
//!
//! Structs and enums get a name of their own when nobody else has it, and are written out in place otherwise.
//! Invariant: a secret field is nowhere in it, at any depth.

use super::escape;
use crate::emit::names::{Locals, Name};
use std::collections::BTreeMap;
use vertebra_schema::{Field, Flag, Schema, Type};

/// The structs and enums of a schema that are declared by name.
pub(super) struct Named {
    /// By the Rust name: the type, and what it is called in the file.
    known: BTreeMap<String, (Type, Name)>,
}

impl Named {
    /// Finds them. A Rust name that two different types have, or that a class has, is nobody's.
    pub(super) fn new(schema: &Schema, classes: &[&str], locals: &mut Locals) -> Named {
        let mut found: BTreeMap<String, Option<Type>> = BTreeMap::new();
        for model in &schema.models {
            for (_, field) in model.visible() {
                collect(&field.ty, &mut found);
            }
        }
        let known = found
            .into_iter()
            .filter(|(name, _)| !classes.contains(&name.as_str()))
            .filter_map(|(name, ty)| Some((name.clone(), (ty?, locals.name(&name)))))
            .collect();
        Named { known }
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
            Type::Integer { .. } | Type::String | Type::Char | Type::Uuid => "string".to_string(),
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
                let members: Vec<String> = visible(fields)
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

/// The fields of a struct that leave the server.
pub(super) fn visible(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| !field.is(Flag::Secret))
}

fn collect(ty: &Type, found: &mut BTreeMap<String, Option<Type>>) {
    match ty {
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => collect(inner, found),
        Type::Tuple(items) => items.iter().for_each(|item| collect(item, found)),
        Type::Struct { name, fields } => {
            note(name, ty, found);
            visible(fields).for_each(|field| collect(&field.ty, found));
        }
        Type::Enum { name, .. } => note(name, ty, found),
        _ => {}
    }
}

fn note(name: &str, ty: &Type, found: &mut BTreeMap<String, Option<Type>>) {
    let entry = found
        .entry(name.to_string())
        .or_insert_with(|| Some(ty.clone()));
    if entry.as_ref() != Some(ty) {
        *entry = None;
    }
}

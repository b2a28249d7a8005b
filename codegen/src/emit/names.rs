//! What classes are called outside of a generated file, and inside of it.
//!
//! Invariant: a name inside of a file is an identifier that nothing else in the file uses, so that a model named `Date`
//! or `Map` hides nothing from the code beside it.

use super::javascript::escape;
use heck::ToUpperCamelCase;
use std::collections::{BTreeMap, BTreeSet};
use vertebra_schema::{Field, Flag, Model, Schema, Type};

/// What the generated file exports beside the classes: its connection.
pub const RUNTIME: &str = "vertebra";

/// The class of a model's collection: `todos` → `Todos`.
pub fn collection_class(model: &Model) -> String {
    let camel = model.collection.to_upper_camel_case();
    if camel == *model.name || !escape::is_identifier(&camel) {
        format!("{}Collection", model.name)
    } else {
        camel
    }
}

/// The structs and enums of a schema that are declared under their Rust name: those whose name no class and no other
/// type has. What only a secret field uses is not among them.
pub fn types(schema: &Schema) -> BTreeMap<String, Type> {
    let mut found: BTreeMap<String, Option<Type>> = BTreeMap::new();
    for model in &schema.models {
        for (_, field) in model.visible() {
            collect(&field.ty, &mut found);
        }
    }
    for model in &schema.models {
        found.remove(&*model.name);
        found.remove(&collection_class(model));
    }
    found
        .into_iter()
        .filter_map(|(name, ty)| Some((name, ty?)))
        .collect()
}

/// The fields of a struct that leave the server.
pub fn visible(fields: &[Field]) -> impl Iterator<Item = &Field> {
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

/// What each value of an enum is called as a constant: `work_place` → `WorkPlace`. A value that would share its name
/// with another, or that has none, is called what it is.
pub fn constants<S: AsRef<str>>(values: &[S]) -> Vec<(String, &str)> {
    let camel = |value: &str| value.to_upper_camel_case();
    let names = |name: &str| {
        values
            .iter()
            .filter(|one| camel(one.as_ref()) == name)
            .count()
    };
    values
        .iter()
        .map(|value| {
            let (value, name) = (value.as_ref(), camel(value.as_ref()));
            match escape::is_identifier(&name) && names(&name) == 1 {
                true => (name, value),
                false => (value.to_string(), value),
            }
        })
        .collect()
}

/// One exported thing: what others call it, and what it is called inside of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// For others.
    pub exported: String,
    /// Inside.
    pub local: String,
}

impl Name {
    /// Whether both are the same.
    pub fn is_plain(&self) -> bool {
        self.exported == self.local
    }
}

/// Hands out local names that differ from each other and from a set of words.
pub struct Locals {
    taken: BTreeSet<String>,
}

impl Locals {
    /// Nothing handed out yet; `words` are what the rest of the file says.
    pub fn new(words: impl IntoIterator<Item = String>) -> Locals {
        Locals {
            taken: words.into_iter().collect(),
        }
    }

    /// The name itself where that is possible, otherwise with `_` behind it.
    pub fn name(&mut self, exported: &str) -> Name {
        let mut local: String = exported
            .chars()
            .filter(|one| escape::is_identifier_char(*one))
            .collect();
        if !escape::is_identifier(&local) {
            local.insert_str(0, "Model");
        }
        while escape::is_reserved(&local) || !self.taken.insert(local.clone()) {
            local.push('_');
        }
        Name {
            exported: exported.to_string(),
            local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::constants;

    #[test]
    fn constants_have_names_of_their_own() {
        let of = |values: &[&'static str]| {
            let names = constants(values).into_iter().map(|(name, _)| name);
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            of(&["high", "work_place", "VERY-LOW"]),
            "High WorkPlace VeryLow"
        );
        assert_eq!(of(&["a b", "a_b", "c"]), "a b a_b C");
        assert_eq!(of(&["1st", ""]), "1st ");
    }
}

//! What classes are called outside of a generated file, and inside of it.
//!
//! Invariant: a name inside of a file is an identifier that nothing else in the file uses, so that a model named `Date`
//! or `Map` hides nothing from the code beside it.

use super::javascript::escape;
use heck::ToUpperCamelCase;
use std::collections::BTreeSet;
use vertebra_schema::Model;

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

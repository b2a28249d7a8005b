//! What is wrong with a schema as a whole: everything that one model alone cannot show.
//!
//! Each rule is a small function that opens with why it exists. Invariant: all of them run, whatever the others found,
//! so that one look shows all mistakes.

mod diagnostic;

pub use diagnostic::{Diagnostic, Diagnostics, Place};

use crate::emit::names;
use std::collections::BTreeMap;
use vertebra_schema::{Field, Flag, Model, Schema};

/// Where the parts of a schema stand in their source; empty for one that came from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// In the order of the schema's models.
    pub models: Vec<ModelPlace>,
}

/// Where one model stands.
#[derive(Clone, Debug)]
pub struct ModelPlace {
    /// Its name.
    pub name: Place,
    /// Its path in Rust, such as `crate::models::Todo`.
    pub path: String,
    /// Each field's name, in the order of the model's fields.
    pub fields: Vec<Option<Place>>,
}

impl Places {
    fn model(&self, index: usize) -> Option<Place> {
        self.models.get(index).map(|model| model.name.clone())
    }

    fn field(&self, index: usize, field: usize) -> Option<Place> {
        self.models.get(index)?.fields.get(field)?.clone()
    }
}

/// A schema with its places and what was found in it.
struct Review<'a> {
    schema: &'a Schema,
    places: &'a Places,
    found: Vec<Diagnostic>,
}

/// Everything that is wrong with a schema, in the order of the rules.
pub fn check(schema: &Schema, places: &Places) -> Vec<Diagnostic> {
    let mut review = Review {
        schema,
        places,
        found: Vec::new(),
    };
    let rules = [
        names_of_models,
        names_of_collections,
        names_of_classes,
        collections_that_travel,
        ids,
        names_of_fields,
        fields_that_fit,
    ];
    for rule in rules {
        rule(&mut review);
    }
    review.found
}

impl Review<'_> {
    fn models(&self) -> impl Iterator<Item = (usize, &Model)> {
        self.schema.models.iter().enumerate()
    }

    /// Pairs of models that share a key, the later one first.
    fn doubles(&self, key: impl Fn(&Model) -> String) -> Vec<(usize, usize, String)> {
        let mut first = BTreeMap::new();
        let mut doubles = Vec::new();
        for (index, model) in self.models() {
            match first.get(&key(model)) {
                Some(&earlier) => doubles.push((index, earlier, key(model))),
                None => drop(first.insert(key(model), index)),
            }
        }
        doubles
    }

    fn report_double(&mut self, later: usize, earlier: usize, message: String, help: &str) {
        let found = Diagnostic::new(message, self.places.model(later))
            .related(self.places.model(earlier), "the first one is here")
            .help(help);
        self.found.push(found);
    }
}

/// Rust lets two modules have a struct of the same name; a generated file has one namespace.
fn names_of_models(review: &mut Review<'_>) {
    for (later, earlier, name) in review.doubles(|model| model.name.to_string()) {
        let message = format!("two models are named `{name}`");
        review.report_double(
            later,
            earlier,
            message,
            "generated classes share one namespace: rename one of them",
        );
    }
}

/// A collection is a table, a URL and a namespace: two models would read and write each other's rows.
fn names_of_collections(review: &mut Review<'_>) {
    for (later, earlier, name) in review.doubles(|model| model.collection.to_string()) {
        let message = format!("two models keep their rows in the collection {name:?}");
        review.report_double(
            later,
            earlier,
            message,
            "name it with `#[model(collection = \"…\")]`",
        );
    }
}

/// The class of a collection takes its name from the collection, and can meet the class of another model.
fn names_of_classes(review: &mut Review<'_>) {
    let mut taken: BTreeMap<String, Option<usize>> =
        BTreeMap::from([(names::RUNTIME.to_string(), None)]);
    for (index, model) in review.schema.models.iter().enumerate() {
        if taken.get(&*model.name) == Some(&None) {
            let message = format!("a model can't be named `{}`", model.name);
            let found = Diagnostic::new(message, review.places.model(index))
                .help("the generated file exports its connection under this name");
            review.found.push(found);
        }
        taken.entry(model.name.to_string()).or_insert(Some(index));
    }
    let mut collections = Vec::new();
    for (index, model) in review.models() {
        collections.push((index, names::collection_class(model)));
    }
    let mut seen: Vec<usize> = Vec::new();
    for (index, class) in &collections {
        let double = seen.iter().any(|one| {
            review.schema.models[*one].collection == review.schema.models[*index].collection
        });
        seen.push(*index);
        // Two models of one collection were reported by the rule before.
        if double {
            continue;
        }
        match taken.get(class) {
            Some(other) => {
                let found = Diagnostic::new(
                    format!("the class of the collection would be `{class}`, which is taken"),
                    review.places.model(*index),
                )
                .related(
                    other.and_then(|other| review.places.model(other)),
                    "this one has the name",
                )
                .help("choose another collection name with `#[model(collection = \"…\")]`");
                review.found.push(found);
            }
            None => drop(taken.insert(class.clone(), Some(*index))),
        }
    }
}

/// A collection's name is part of a URL, the name of a table and of a Socket.IO namespace.
fn collections_that_travel(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (index, model) in review.models() {
        let name = &*model.collection;
        let plain = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == '-';
        let why = if !name.starts_with(|one: char| one.is_ascii_alphabetic())
            || !name.chars().all(plain)
        {
            format!("{name:?} can't be the name of a collection")
        } else if name.to_ascii_lowercase().starts_with("sqlite_") {
            format!("{name:?} would be a name of the database's own")
        } else {
            continue;
        };
        let one = Diagnostic::new(why, review.places.model(index))
            .help("it is a table, a part of a URL and a Socket.IO namespace: use the letters a to z, digits, `-` and `_`, and begin with a letter");
        found.push(one);
    }
    review.found.append(&mut found);
}

/// A row is found, merged and deleted by its id, on every side.
fn ids(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (index, model) in review.models() {
        let ids: Vec<(usize, &Field)> = (model.fields.iter().enumerate())
            .filter(|(_, field)| field.is(Flag::Id))
            .collect();
        match ids[..] {
            [(at, id)] if id.is(Flag::Secret) => found.push(
                Diagnostic::new("the id can't be secret", review.places.field(index, at))
                    .help("a client that doesn't know a row's id can neither read nor change it"),
            ),
            [_] => {}
            [] => found.push(
                Diagnostic::new(
                    format!("the model `{}` has no id", model.name),
                    review.places.model(index),
                )
                .help("name a field `id`, or mark one with `#[model(id)]`"),
            ),
            [_, (at, _), ..] => found.push(Diagnostic::new(
                format!("the model `{}` has more than one id", model.name),
                review.places.field(index, at),
            )),
        }
    }
    review.found.append(&mut found);
}

/// `#[serde(rename)]` can give two fields one name on the wire, where the later would hide the earlier.
fn names_of_fields(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (index, model) in review.models() {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, field) in model.fields.iter().enumerate() {
            match first.get(&*field.name) {
                Some(&earlier) => found.push(
                    Diagnostic::new(
                        format!("two fields are named {:?} on the wire", &*field.name),
                        review.places.field(index, at),
                    )
                    .related(review.places.field(index, earlier), "the first one is here"),
                ),
                None => drop(first.insert(&field.name, at)),
            }
        }
    }
    review.found.append(&mut found);
}

/// Rules and defaults that contradict a field's type are refused by the reader of source; a schema can come from elsewhere.
fn fields_that_fit(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (index, model) in review.models() {
        for (at, field) in model.fields.iter().enumerate() {
            found.extend(vertebra_schema::misfits(field).into_iter().map(|misfit| {
                let message = format!("the field {:?}: {}", &*field.name, misfit.message);
                Diagnostic::new(message, review.places.field(index, at))
            }));
        }
    }
    review.found.append(&mut found);
}

#[cfg(test)]
mod tests;

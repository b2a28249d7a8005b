//! What must hold between the parts of an item, one function a rule.

use super::errors::Errors;
use super::item::{Default, Item, ItemField};
use super::known;
use crate::Flag;
use quote::ToTokens;
use std::collections::HashMap;

pub(super) fn item(item: &Item, errors: &Errors) {
    one_id(item, errors);
    one_of_each_moment(item, errors);
    wire_names(&item.fields, errors);
    column_names(item, errors);
    no_function_of_its_own(item, errors);
    for field in &item.fields {
        one_writer(field, errors);
        plain_id(field, errors);
    }
    fields(&item.fields, errors);
}

/// What holds for the fields of models and of values.
pub(super) fn fields(fields: &[ItemField], errors: &Errors) {
    for field in fields {
        match known::known(&field.ty) {
            Some(ty) => {
                field.with_type(ty, errors);
            }
            None => without_type(field, errors),
        }
    }
}

/// Rows are named by their id everywhere: in URLs, in the log, in `Backbone.Model.id`.
fn one_id(item: &Item, errors: &Errors) {
    let mut ids = item.fields.iter().filter(|field| field.is(Flag::Id));
    if ids.next().is_none() {
        let hint = match item.fields.iter().find(|field| field.name == "id") {
            Some(_) => "write `#[model(id)]` on `id`",
            None => "add `#[model(id)] id: Uuid`",
        };
        errors.at(&item.ident, format!("a model has an id: {hint}"));
    }
    for second in ids {
        errors.at(
            second.place("id"),
            "a model has one id, and another field has this attribute already",
        );
    }
}

/// The server would write the same moment twice, and a reader would ask which one counts.
fn one_of_each_moment(item: &Item, errors: &Errors) {
    for flag in [Flag::CreatedAt, Flag::UpdatedAt] {
        for second in item.fields.iter().filter(|field| field.is(flag)).skip(1) {
            let name = flag.attribute();
            errors.at(
                second.place(name),
                format!("another field is `{name}` already"),
            );
        }
    }
}

/// Two fields of one name would be one field on the wire, and two columns whose names differ in case only are one to a
/// database.
pub(super) fn wire_names(fields: &[ItemField], errors: &Errors) {
    let mut known: HashMap<String, &ItemField> = HashMap::new();
    for field in fields {
        if field.name.is_empty() {
            errors.at(&field.ident, "a field has a name on the wire");
        }
        match known.get(&field.name.to_lowercase()) {
            None => {
                known.insert(field.name.to_lowercase(), field);
            }
            Some(first) if first.name == field.name => {
                let message = format!("{:?} on the wire is `{}` already", field.name, first.ident);
                errors.at(&field.ident, message);
            }
            Some(first) => {
                let message = format!(
                    "{:?} and {:?} (`{}`) differ in case only, which a database does not see",
                    field.name, first.name, first.ident
                );
                errors.at(&field.ident, message);
            }
        }
    }
}

/// Some names have a meaning of their own where a field's name stands beside them: the version of a row in its table,
/// operators and order in queries.
fn column_names(item: &Item, errors: &Errors) {
    for field in &item.fields {
        let name = field.name.to_lowercase();
        let message = if name == "_v" || name.starts_with("_vertebra") {
            "names such as `_v` and `_vertebra…` are the server's own"
        } else if name.starts_with('$') {
            "a name that begins with `$` would be an operator in a query"
        } else if name.starts_with('-') || name.contains(',') {
            "`-` at the beginning and `,` would mean something in a query's `sort`"
        } else {
            continue;
        };
        errors.at(&field.ident, format!("{:?}: {message}", field.name));
    }
}

/// The name of a collection is part of URLs, of the names of tables and of Socket.IO namespaces.
pub(super) fn collection(name: &str, at: impl ToTokens, errors: &Errors) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let lower = name.to_ascii_lowercase();
    let message = if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(plain)
    {
        "a collection's name is made of the letters a to z, digits, `_` and `-`, and begins with a letter"
    } else if lower.starts_with("sqlite_") {
        "names that begin with `sqlite_` are the database's own"
    } else {
        return;
    };
    errors.at(at, message);
}

/// `Todo::title()` is a column; `Todo::draft(…)` begins a create.
fn no_function_of_its_own(item: &Item, errors: &Errors) {
    for field in item.fields.iter().filter(|field| field.ident == "draft") {
        let message = format!(
            "`{}::draft` begins a create; name the field otherwise, with `#[serde(rename = \"draft\")]` for the wire",
            item.ident
        );
        errors.at(&field.ident, message);
    }
}

/// A field is set by the server or by a client: attributes that say both contradict each other.
fn one_writer(field: &ItemField, errors: &Errors) {
    let server = [Flag::CreatedAt, Flag::UpdatedAt, Flag::ReadOnly];
    let server: Vec<&str> = server
        .iter()
        .filter(|flag| field.is(**flag))
        .map(|flag| flag.attribute())
        .collect();
    let Some(first) = server.first() else {
        return;
    };
    if let Some(second) = server.get(1) {
        errors.at(
            field.place(second),
            format!("`{first}` and `{second}` don't go together"),
        );
    }
    if field.is(Flag::CreateOnly) {
        let message = format!(
            "a client can't set a field that is `{first}`, not even when it creates the row"
        );
        errors.at(field.place("create_only"), message);
    }
    if *first != "read_only" && field.default != Default::None {
        errors.at(
            field.place("default"),
            format!("the server sets a field that is `{first}`: it needs no default"),
        );
    }
    if *first != "read_only" && !field.rules.is_empty() {
        let rule = field.rules[0].attribute();
        errors.at(
            field.place(rule),
            format!("the server sets a field that is `{first}`: it needs no rules"),
        );
    }
}

/// An id is what a row is found by: always there, never changed, known to everybody who knows the row.
fn plain_id(field: &ItemField, errors: &Errors) {
    if !field.is(Flag::Id) {
        return;
    }
    if field.default != Default::None {
        errors.at(
            field.place("default"),
            "an id has no default: two rows would have the same",
        );
    }
    for (attribute, reason) in [
        ("secret", "an id can't be secret: clients name rows by it"),
        ("index", "an id is indexed anyway"),
        ("unique", "an id is unique anyway"),
        (
            "read_only",
            "whether clients make an id follows from its type: the database makes integers",
        ),
        ("create_only", "an id never changes anyway"),
        ("created_at", "an id is no moment"),
        ("updated_at", "an id is no moment"),
    ] {
        if field.has(attribute) {
            errors.at(field.place(attribute), reason);
        }
    }
}

/// What can be said about rules and defaults before the type is known.
fn without_type(field: &ItemField, errors: &Errors) {
    let broken = crate::fit::broken_rules(&field.rules);
    let any = !broken.is_empty();
    for misfit in broken {
        errors.at(field.place(misfit.attribute), misfit.message);
    }
    let json = match &field.default {
        Default::Json(json) => json,
        Default::Number { plain, .. } => plain,
        Default::None | Default::Empty => return,
    };
    if !any
        && let Ok(value) = serde_json::from_str(json)
        && let Some(problem) = crate::check::broken_rule(&field.rules, &value)
    {
        errors.at(
            field.place("default"),
            format!("the default {json} {problem}"),
        );
    }
}

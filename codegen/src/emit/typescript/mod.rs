//! Declarations for the generated JavaScript, for `tsc --strict` and for editors.
//!
//! Invariant: a member has the type that is on the wire, which is what `model.get(…)` answers.

mod escape;
mod types;

use super::{Config, HEADER, javascript, names};
use askama::Template;
use names::{Locals, Name};
use std::collections::BTreeMap;
use std::path::PathBuf;
use types::Named;
use vertebra_schema::{Field, Flag, Model, Schema, Type};

#[derive(Template)]
#[template(path = "declarations.d.ts", escape = "none")]
struct Page {
    header: &'static str,
    global: String,
    named: Vec<Declared>,
    classes: Vec<Class>,
    renamed: Vec<String>,
}

/// A struct or an enum inside of rows.
struct Declared {
    name: Name,
    /// The members of a struct; empty for an enum.
    members: Vec<Member>,
    /// The values of an enum; empty for a struct.
    alias: Option<String>,
}

struct Class {
    docs: Vec<String>,
    name: Name,
    collection: Name,
    /// The events about its rows, as a type.
    events: String,
    /// The name of the collection, as a type.
    collection_name: String,
    attributes: Vec<Member>,
    create: Vec<Member>,
    patch: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    docs: Vec<String>,
    /// With `readonly ` and `?` where they belong.
    name: String,
    ty: String,
}

/// The declaration file of a schema.
pub(super) fn render(schema: &Schema, config: &Config) -> BTreeMap<PathBuf, String> {
    let page = lower(schema, config);
    // Printing to a string fails only when a template's own value does; these are strings.
    let text = page.render().unwrap_or_else(|error| format!("// {error}"));
    let text = format!("{}\n", text.trim_end());
    BTreeMap::from([(PathBuf::from(format!("{}.d.ts", config.name())), text)])
}

fn lower(schema: &Schema, config: &Config) -> Page {
    let mut locals = Locals::new(escape::words());
    let class_names: Vec<(Name, Name)> = schema
        .models
        .iter()
        .map(|model| {
            let class = locals.name(&model.name);
            (class, locals.name(&names::collection_class(model)))
        })
        .collect();
    let exported: Vec<&str> = class_names
        .iter()
        .flat_map(|(class, collection)| [class, collection])
        .map(|name| name.exported.as_str())
        .collect();
    let named = Named::new(schema, &exported, &mut locals);
    let renamed = class_names
        .iter()
        .flat_map(|(class, collection)| [class, collection])
        .chain(named.iter().map(|(_, name)| name))
        .filter(|name| !name.is_plain())
        .map(|name| format!("{} as {}", name.local, name.exported))
        .collect();
    let declared = named.iter().map(|(ty, name)| declared(ty, name, &named));
    Page {
        header: HEADER,
        global: config.global_name().to_string(),
        named: declared.collect(),
        classes: schema
            .models
            .iter()
            .zip(&class_names)
            .map(|(model, (name, collection))| class(model, name, collection, &named))
            .collect(),
        renamed,
    }
}

fn declared(ty: &Type, name: &Name, named: &Named) -> Declared {
    let members = match ty {
        Type::Struct { fields, .. } => types::visible(fields)
            .map(|field| member(field, named, "  ", false))
            .collect(),
        _ => Vec::new(),
    };
    let is_struct = matches!(ty, Type::Struct { .. });
    Declared {
        name: name.clone(),
        members,
        alias: (!is_struct).then(|| named.written_out(ty)),
    }
}

fn class(model: &Model, name: &Name, collection: &Name, named: &Named) -> Class {
    let made = |field: &Field| field.is(Flag::Id) && model.database_makes_ids();
    let fields = || model.visible().map(|(_, field)| field);
    let attributes = fields().map(|field| member(field, named, "    ", false));
    let create = fields()
        .filter(|field| !field.is_read_only() && !made(field))
        .map(|field| member(field, named, "    ", !field.is_required()));
    let patch = fields()
        .filter(|field| !field.is_read_only() && !field.is(Flag::Id) && !field.is(Flag::CreateOnly))
        .map(|field| member(field, named, "    ", true));
    Class {
        docs: escape::doc_comment(&model.docs, ""),
        events: ["new", "change", "remove"]
            .map(|event| escape::string(&format!("{event}:{}", model.collection)))
            .join(" | "),
        collection_name: escape::string(&model.collection),
        attributes: attributes.collect(),
        create: create.collect(),
        patch: patch.collect(),
        name: name.clone(),
        collection: collection.clone(),
    }
}

fn member(field: &Field, named: &Named, indent: &str, optional: bool) -> Member {
    let mark = if optional { "?" } else { "" };
    Member {
        docs: javascript::escape::doc_comment(&field.docs, indent),
        name: format!("{}{mark}", escape::member(&field.name)),
        ty: named.field(field),
    }
}

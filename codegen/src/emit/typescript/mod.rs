//! Declarations for the generated JavaScript, for `tsc --strict` and for editors.
//!
//! Invariant: a member has the type that is on the wire, which is what `model.get(…)` answers.

mod escape;
mod types;

use super::{Config, HEADER, Values, javascript, names};
use askama::Template;
use names::{Locals, Name};
use std::collections::BTreeMap;
use std::path::PathBuf;
use types::Named;
use vertebra_schema::{Field, Flag, Model, Schema, Shared, Type};

#[derive(Template)]
#[template(path = "declarations.d.ts", escape = "none")]
struct Page {
    header: &'static str,
    /// How the file gets Backbone's types.
    import: &'static str,
    /// Whether it is of the ES module, which the classic script shares.
    is_module: bool,
    global: String,
    /// Whether attributes can be something else than what is on the wire.
    is_typed: bool,
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
    /// The type of an enum's constants.
    constants: Option<String>,
}

struct Class {
    docs: Vec<String>,
    name: Name,
    collection: Name,
    /// The events about its rows, as a type.
    events: String,
    /// The name of the collection, as a type.
    collection_name: String,
    /// The type of the rows of events.
    row: String,
    /// The fields that every new model has, as a type.
    preset: String,
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

/// The declaration file of a schema; of a package a second one, for CommonJS.
pub(super) fn render(schema: &Schema, config: &Config) -> BTreeMap<PathBuf, String> {
    let mut page = lower(schema, config);
    let mut files = BTreeMap::from([file(&page, config, "d.ts")]);
    if config.package().is_some() {
        page.import = "import Backbone = require('backbone');";
        page.is_module = false;
        files.extend([file(&page, config, "d.cts")]);
    }
    files
}

fn file(page: &Page, config: &Config, ending: &str) -> (PathBuf, String) {
    // Printing to a string fails only when a template's own value does; these are strings.
    let text = page.render().unwrap_or_else(|error| format!("// {error}"));
    let text = format!("{}\n", text.trim_end());
    (PathBuf::from(format!("{}.{ending}", config.name())), text)
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
    let values = config.values();
    let named = Named::new(schema, values, &mut locals);
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
        import: "import * as Backbone from 'backbone';",
        is_module: true,
        is_typed: values != Values::default(),
        global: config.global_name().to_string(),
        named: declared.collect(),
        classes: schema
            .models
            .iter()
            .zip(&class_names)
            .map(|(model, (name, collection))| class(model, name, collection, &named, values))
            .collect(),
        renamed,
    }
}

fn declared(ty: &Type, name: &Name, named: &Named) -> Declared {
    let members = match ty {
        Type::Struct { fields, .. } => names::visible(fields)
            .map(|field| member(field, named, "  ", false))
            .collect(),
        _ => Vec::new(),
    };
    let is_struct = matches!(ty, Type::Struct { .. });
    let constants = match ty {
        Type::Enum { values, .. } => Some(constants(values)),
        _ => None,
    };
    Declared {
        name: name.clone(),
        members,
        alias: (!is_struct).then(|| named.written_out(ty)),
        constants,
    }
}

/// The type of the object that has an enum's values by name.
fn constants(values: &[Shared<str>]) -> String {
    let values: Vec<&str> = values.iter().map(|value| &**value).collect();
    let members: Vec<String> = names::constants(&values)
        .into_iter()
        .map(|(name, value)| {
            format!(
                "readonly {}: {}",
                escape::member(&name),
                escape::string(value)
            )
        })
        .collect();
    format!("{{{}}}", members.join("; "))
}

fn class(model: &Model, name: &Name, collection: &Name, named: &Named, values: Values) -> Class {
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
        row: match values == Values::default() {
            true => format!("{}.Attributes", name.local),
            false => format!("Wire<{}.Attributes>", name.local),
        },
        preset: union(javascript::preset(model).map(|field| escape::string(&field.name))),
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

fn union(types: impl Iterator<Item = String>) -> String {
    let types: Vec<String> = types.collect();
    match types.is_empty() {
        true => "never".to_string(),
        false => types.join(" | "),
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

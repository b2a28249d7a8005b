//! Backbone classes with their runtime, as an ES module, a CommonJS module and a classic script.
//!
//! Invariant: the three differ in how they get Backbone and how they hand out their classes, and in nothing else.

pub mod escape;

mod fields;
mod literal;
mod runtime;

use super::{Config, HEADER, names};
use askama::Template;
use literal::Literal;
use names::{Locals, Name};
use std::collections::BTreeMap;
use std::path::PathBuf;
use vertebra_schema::{Field, Flag, Model, Schema};

pub use runtime::text as runtime;

/// What all three templates print. Everything in it is escaped for where it stands.
struct Page {
    header: &'static str,
    runtime: &'static str,
    fingerprint: String,
    models: Vec<Class>,
    /// What makes a declaration visible outside, before each.
    export: &'static str,
    /// The classes whose local name isn't their own, as `local as exported`.
    renamed: Vec<String>,
    /// Everything that is exported, as properties of an object.
    properties: Vec<String>,
    global: String,
}

struct Class {
    docs: Vec<String>,
    name: Name,
    collection: Name,
    collection_docs: Vec<String>,
    id_attribute: String,
    url: String,
    realtime: bool,
    collection_name: String,
    fields: Vec<String>,
    defaults: Option<String>,
}

#[derive(Template)]
#[template(path = "module.js", escape = "none")]
struct EsModule<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "common.cjs", escape = "none")]
struct CommonJs<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "classic.js", escape = "none")]
struct Classic<'a> {
    page: &'a Page,
}

/// The three JavaScript files of a schema.
pub(super) fn render(schema: &Schema, config: &Config) -> BTreeMap<PathBuf, String> {
    let mut page = lower(schema, config);
    // Printing to a string fails only when a template's own value does; these are strings.
    let print = |rendered: askama::Result<String>| {
        let text = rendered.unwrap_or_else(|error| format!("// {error}"));
        format!("{}\n", text.trim_end())
    };
    let module = print(EsModule { page: &page }.render());
    page.export = "";
    [
        ("js", module),
        ("cjs", print(CommonJs { page: &page }.render())),
        ("global.js", print(Classic { page: &page }.render())),
    ]
    .into_iter()
    .map(|(ending, text)| (PathBuf::from(format!("{}.{ending}", config.name())), text))
    .collect()
}

fn lower(schema: &Schema, config: &Config) -> Page {
    let mut locals = Locals::new(runtime::words());
    let models: Vec<Class> = schema
        .models
        .iter()
        .map(|model| class(model, config, &mut locals))
        .collect();
    let names = models
        .iter()
        .flat_map(|class| [&class.name, &class.collection]);
    let renamed = names.clone().filter(|name| !name.is_plain());
    let property = |name: &Name| match name.is_plain() {
        true => name.local.clone(),
        false => format!("{}: {}", escape::key(&name.exported), name.local),
    };
    Page {
        header: HEADER,
        runtime: runtime::text(),
        fingerprint: escape::string(&super::fingerprint(schema)),
        export: "export ",
        renamed: renamed
            .map(|name| format!("{} as {}", name.local, name.exported))
            .collect(),
        properties: std::iter::once(names::RUNTIME.to_string())
            .chain(names.map(property))
            .collect(),
        global: config.global_name().to_string(),
        models,
    }
}

fn class(model: &Model, config: &Config, locals: &mut Locals) -> Class {
    let name = locals.name(&model.name);
    let collection = locals.name(&names::collection_class(model));
    let about = format!("A collection of `{}`.", model.name);
    Class {
        docs: escape::doc_comment(&model.docs, ""),
        collection_docs: escape::doc_comment(&about, ""),
        id_attribute: escape::string(&model.id().name),
        url: escape::string(&config.url(&model.collection)),
        realtime: model.realtime,
        collection_name: escape::string(&model.collection),
        fields: fields::lines(model),
        defaults: defaults(model),
        name,
        collection,
    }
}

/// What a new row holds before anyone says otherwise, as far as a client may say it at all.
fn defaults(model: &Model) -> Option<String> {
    let value = |field: &Field| serde_json::from_str(field.default.as_deref()?).ok();
    let entries: Vec<(String, Literal)> = model
        .visible()
        .filter(|(_, field)| !field.is_read_only() && !field.is(Flag::Id))
        .filter_map(|(_, field)| {
            Some((escape::key(&field.name), Literal::from_json(&value(field)?)))
        })
        .collect();
    (!entries.is_empty()).then(|| Literal::Object(entries).print(4, 11, 1))
}

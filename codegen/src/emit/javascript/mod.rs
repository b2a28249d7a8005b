//! Backbone classes with their runtime, as an ES module, a CommonJS module and a classic script.
//!
//! Invariant: the three differ in how they get Backbone and how they hand out their classes, and in nothing else.

pub mod escape;

mod fields;
mod literal;
mod preset;
mod runtime;
pub(super) mod source_map;

use super::{Config, HEADER, Values, names};
use askama::Template;
use literal::Literal;
use names::{Locals, Name};
use std::collections::BTreeMap;
use std::path::PathBuf;
use vertebra_schema::{Model, Schema, Type};

pub(super) use preset::fields as preset;
pub use runtime::text as runtime;

/// What all three templates print. Everything in it is escaped for where it stands.
struct Page {
    header: &'static str,
    runtime: String,
    fingerprint: String,
    /// How fields become typed attributes.
    kinds: Option<String>,
    constants: Vec<Constants>,
    models: Vec<Class>,
    /// What makes a declaration visible outside, before each.
    export: &'static str,
    /// The classes whose local name isn't their own, as `local as exported`.
    renamed: Vec<String>,
    /// Everything that is exported, as properties of an object.
    properties: Vec<String>,
    global: String,
}

/// The values of an enum, by name.
struct Constants {
    docs: Vec<String>,
    name: Name,
    values: String,
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
    let constants = constants(schema, &mut locals);
    let names = models
        .iter()
        .flat_map(|class| [&class.name, &class.collection])
        .chain(constants.iter().map(|one| &one.name));
    let renamed = names.clone().filter(|name| !name.is_plain());
    let property = |name: &Name| match name.is_plain() {
        true => name.local.clone(),
        false => format!("{}: {}", escape::key(&name.exported), name.local),
    };
    Page {
        header: HEADER,
        runtime: runtime::with(config.values()),
        kinds: runtime::kinds(config.values()),
        fingerprint: escape::string(&super::fingerprint(schema)),
        export: "export ",
        renamed: renamed
            .map(|name| format!("{} as {}", name.local, name.exported))
            .collect(),
        properties: std::iter::once(names::RUNTIME.to_string())
            .chain(names.map(property))
            .collect(),
        global: config.global_name().to_string(),
        constants,
        models,
    }
}

fn constants(schema: &Schema, locals: &mut Locals) -> Vec<Constants> {
    let types = names::types(schema).into_iter();
    types
        .filter_map(|(name, ty)| {
            let Type::Enum { values, .. } = ty else {
                return None;
            };
            let values: Vec<&str> = values.iter().map(|value| &**value).collect();
            let entries = names::constants(&values).into_iter();
            let entries = entries
                .map(|(name, value)| (escape::key(&name), Literal::text(escape::string(value))));
            let name = locals.name(&name);
            let column = "export const  = /* @__PURE__ */ Object.freeze(".len() + name.local.len();
            Some(Constants {
                docs: escape::doc_comment(&format!("The values of `{}`.", name.exported), ""),
                values: Literal::Object(entries.collect()).print(0, column, 2),
                name,
            })
        })
        .collect()
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
        defaults: defaults(model, config.values()),
        name,
        collection,
    }
}

/// What a new row holds before anyone says otherwise, as far as a client may say it at all.
fn defaults(model: &Model, values: Values) -> Option<String> {
    let entries: Vec<(String, Literal)> = preset::fields(model)
        .map(|field| (escape::key(&field.name), preset::literal(field, values)))
        .collect();
    (!entries.is_empty()).then(|| Literal::Object(entries).print(4, 11, 1))
}

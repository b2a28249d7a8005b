//! The Rust file that a build script leaves for `include!`: the generated files as constants, and one assertion a model.
//!
//! Invariant: a program whose compiled models aren't the ones that its JavaScript was generated from doesn't build.

use super::HEADER;
use crate::check::Places;
use askama::Template;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vertebra_schema::{Fingerprint, Schema};

#[derive(Template)]
#[template(path = "vertebra.rs", escape = "none")]
struct Page {
    header: &'static str,
    files: Vec<Embedded>,
    models: Vec<Asserted>,
}

/// A generated file, each part a Rust literal.
struct Embedded {
    name: String,
    media_type: String,
    path: String,
}

struct Asserted {
    path: String,
    fingerprint: String,
    message: String,
}

/// `vertebra.rs`, for files that lie beside it in `OUT_DIR`.
pub fn render(schema: &Schema, places: &Places, files: &BTreeMap<PathBuf, String>) -> String {
    let page = Page {
        header: HEADER,
        files: files.keys().map(|path| embedded(path)).collect(),
        models: schema
            .models
            .iter()
            .zip(&places.models)
            .map(|(model, place)| Asserted {
                path: place.path.clone(),
                fingerprint: format!("0x{:016x}", Fingerprint::of(model)),
                message: literal(&format!(
                    "the generated JavaScript and the compiled model `{}` differ: the source that build.rs reads isn't the \
                     one that is compiled (a macro, a cfg, or another type of the same name); make both read the same",
                    place.path
                )),
            })
            .collect(),
    };
    // Printing to a string fails only when a template's own value does; these are strings.
    let text = page
        .render()
        .unwrap_or_else(|error| format!("compile_error!({});", literal(&error.to_string())));
    format!("{}\n", text.trim_end())
}

fn embedded(path: &Path) -> Embedded {
    let name = path.display().to_string();
    let media_type = match name.rsplit('.').next() {
        Some("js" | "cjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    Embedded {
        path: literal(&format!("/{name}")),
        name: literal(&name),
        media_type: literal(media_type),
    }
}

/// A string literal of Rust.
fn literal(text: &str) -> String {
    format!("{text:?}")
}

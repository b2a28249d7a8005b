//! The Vertebra generator: Rust source → [`Schema`](vertebra_schema::Schema) → JavaScript and TypeScript.
//!
//! The way through is a line: [`source`] reads files, [`check`] judges the whole schema, [`emit`] renders it without
//! touching the disk, [`mod@write`] puts it there. A `build.rs` walks it with one [`Builder`], people with `vertebra generate`.
//!
//! ```
//! use vertebra_codegen::{check, emit, source};
//!
//! let text = "#[derive(Model)] struct Todo { #[model(id)] id: uuid::Uuid, title: String }";
//! let source = source::from_text("todo.rs", text, &source::Cfg::default())?;
//! assert_eq!(check::check(&source.schema, &source.places), []);
//!
//! let files = emit::render(&source.schema, &emit::Config::new("todo"));
//! assert!(files[std::path::Path::new("todo.js")].contains("export const Todo = Backbone.Model.extend({"));
//! # Ok::<(), vertebra_codegen::Diagnostics>(())
//! ```
//!
//! Invariant: everything before [`mod@write`] is pure and deterministic; the same input gives the same bytes.

pub mod check;
pub mod emit;
pub mod source;
pub mod write;

mod builder;

pub use builder::{Builder, Error};
pub use check::{Diagnostic, Diagnostics, Place};

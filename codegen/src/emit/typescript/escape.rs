//! Text that came from a user, made safe for its place in a TypeScript declaration file.
//!
//! Invariant: names of types and of members are data; a declaration file is never run, but it must stay a declaration.

pub use crate::emit::javascript::escape::{doc_comment, is_identifier, string};

/// Names of types that TypeScript has itself, and names that generated declarations use.
const TYPES: &[&str] = &[
    "any",
    "unknown",
    "never",
    "void",
    "undefined",
    "null",
    "number",
    "bigint",
    "boolean",
    "string",
    "symbol",
    "object",
    "type",
    "declare",
    "namespace",
    "module",
    "abstract",
    "readonly",
    "infer",
    "keyof",
    "unique",
    "is",
    "asserts",
    "global",
    "require",
    "satisfies",
    "accessor",
    "constructor",
    "out",
    "Partial",
    "Record",
    "Array",
    "Backbone",
    "Json",
    "Vertebra",
    "Meta",
    "Query",
    "Attributes",
    "New",
    "Patch",
    "JQueryXHR",
    "vertebra",
    "Date",
    "Uint8Array",
    "Int64",
    "Wire",
    "Realtime",
    "RealtimeModel",
    "RealtimeCollection",
    "EventName",
    "Extended",
    "InstanceType",
    "ConstructorParameters",
    "ThisType",
];

/// Words that a declared name may not be.
pub(super) fn words() -> impl Iterator<Item = String> {
    TYPES.iter().map(|word| word.to_string())
}

/// The name of a member of a type; there is nothing special about `__proto__` in one.
pub(super) fn member(name: &str) -> String {
    if is_identifier(name) {
        name.to_string()
    } else {
        string(name)
    }
}

//! The JavaScript runtime as one text: the modules of `js/`, in the order of `js/modules.json`.
//!
//! Invariant: in one file, a module's `import` lines are gone and its `export ` prefixes too; nothing else is touched.

use std::collections::BTreeSet;
use std::sync::LazyLock;

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../js/", $name)))),*]
    };
}

/// Name and text of each module; a later one uses earlier ones.
const MODULES: &[(&str, &str)] = modules![
    "uuid.js",
    "validate.js",
    "errors.js",
    "handle.js",
    "replica.js",
    "connection.js",
    "outbox.js",
    "session.js",
    "pending.js",
    "live.js",
    "sync.js",
    "vertebra.js",
];

/// The runtime that every generated file contains, with `createVertebra` as its doorway.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let modules: Vec<String> = MODULES.iter().map(|(_, text)| inlined(text)).collect();
        modules.join("\n")
    });
    &TEXT
}

fn inlined(module: &str) -> String {
    let lines = module.lines().filter(|line| !line.starts_with("import "));
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix("export ").unwrap_or(line))
        .collect();
    // An import block leaves its blank line behind.
    format!("{}\n", lines.join("\n").replace("\n\n\n", "\n\n").trim())
}

/// What every script can use. The runtime may come to use any of them.
const GLOBALS: &str = "Array ArrayBuffer Atomics BigInt Boolean Date Error Event EventTarget Function Headers Intl Iterator JSON \
    Map Math Node Number Object Promise Proxy Reflect RegExp Request Response Set String Symbol TypeError URL \
    URLSearchParams Uint8Array WeakMap WeakRef WeakSet WebSocket Window console crypto fetch globalThis self setTimeout window";

/// Names that the templates use beside the runtime's.
const TEMPLATES: &str =
    "Backbone createVertebra define exports factory module require root vertebra";

/// Every word that the files say beside the models: what a model can't be called inside of them.
pub(super) fn words() -> BTreeSet<String> {
    let is_word = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '$');
    without_comments(text())
        .split(|one| !is_word(one))
        .chain(GLOBALS.split_whitespace())
        .chain(TEMPLATES.split_whitespace())
        .filter(|word| word.starts_with(|one: char| !one.is_ascii_digit()))
        .map(str::to_string)
        .collect()
}

/// The text without lines that are comments and without `/* … */`. It only has to leave no code out: a comment that
/// stays costs a model its plain name inside of the file, nothing more.
fn without_comments(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut code = String::new();
    for (at, part) in lines
        .collect::<Vec<_>>()
        .join("\n")
        .split("/**")
        .enumerate()
    {
        let behind = part.split_once("*/").map(|(_, behind)| behind);
        code.push_str(if at == 0 {
            part
        } else {
            behind.unwrap_or(part)
        });
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_those_of_the_list() {
        let list: Vec<String> = serde_json::from_str(include_str!("../../../js/modules.json"))
            .expect("a list of names");
        let known: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, list);
    }

    #[test]
    fn nothing_is_imported_or_exported() {
        for line in text().lines() {
            assert!(
                !line.starts_with("import ") && !line.starts_with("export "),
                "{line}"
            );
        }
        assert!(text().contains("\nfunction createVertebra("));
    }

    #[test]
    fn what_the_runtime_uses_is_taken() {
        for word in [
            "Date",
            "Object",
            "Map",
            "WebSocket",
            "Backbone",
            "vertebra",
            "uuid7",
        ] {
            assert!(words().contains(word), "{word}");
        }
        assert!(!words().contains("Todo"));
        assert!(!words().contains("typedef"));
    }
}

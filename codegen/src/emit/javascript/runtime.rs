//! The JavaScript runtime as one text: the modules of `js/`, in the order of `js/modules.json`.
//!
//! Invariant: in one file, a module's `import` lines are gone and its `export ` prefixes too; nothing else is touched.

use super::super::Values;
use super::literal::Literal;
use std::collections::BTreeSet;
use std::sync::LazyLock;

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../js/", $name)))),*]
    };
}

/// Name and text of each module; a later one uses earlier ones.
pub(super) const MODULES: &[(&str, &str)] = modules![
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

/// The modules of typed attributes. Each is in a file only when it is asked for.
const TYPED: [(&str, &str); 4] = [
    ("typed/typed.js", include_str!("../../../js/typed/typed.js")),
    (
        "typed/bigint.js",
        include_str!("../../../js/typed/bigint.js"),
    ),
    ("typed/dates.js", include_str!("../../../js/typed/dates.js")),
    ("typed/bytes.js", include_str!("../../../js/typed/bytes.js")),
];

/// A line of the runtime, and where it was: both counted from zero.
pub(super) struct Line {
    text: &'static str,
    pub module: usize,
    pub line: usize,
    pub column: usize,
}

/// The runtime that every generated file contains, with `createVertebra` as its doorway.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let lines: Vec<&str> = lines().iter().map(|line| line.text).collect();
        format!("{}\n", lines.join("\n"))
    });
    &TEXT
}

/// The lines of the runtime: modules are apart by a blank one.
pub(super) fn lines() -> &'static [Line] {
    static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
        let mut all: Vec<Line> = Vec::new();
        for (module, (_, text)) in MODULES.iter().enumerate() {
            if let Some(last) = all.last() {
                let line = last.line + 1;
                all.push(Line {
                    text: "",
                    module: module - 1,
                    line,
                    column: 0,
                });
            }
            all.extend(inlined(module, text));
        }
        all
    });
    &LINES
}

/// What stays of a module. An import block leaves no blank line behind.
fn inlined(module: usize, text: &'static str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (line, whole) in text.lines().enumerate() {
        if whole.starts_with("import ") {
            continue;
        }
        let text = whole.strip_prefix("export ").unwrap_or(whole);
        if text.is_empty() && lines.last().is_none_or(|last| last.text.is_empty()) {
            continue;
        }
        let column = whole.len() - text.len();
        lines.push(Line {
            text,
            module,
            line,
            column,
        });
    }
    while lines.last().is_some_and(|last| last.text.is_empty()) {
        lines.pop();
    }
    lines
}

/// The runtime with what typed attributes need.
pub(super) fn with(values: Values) -> String {
    let mut all = text().to_string();
    let wanted = [
        values != Values::default(),
        values.bigint,
        values.dates,
        values.bytes,
    ];
    for ((_, text), _) in TYPED.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
        let lines: Vec<&str> = inlined(0, text).iter().map(|line| line.text).collect();
        all.push_str(&format!("\n{}\n", lines.join("\n")));
    }
    all
}

/// How values are read and written, by the type of a field; nothing when every value is what is on the wire.
pub(super) fn kinds(values: Values) -> Option<String> {
    let kinds = [
        ("int64", values.bigint, "bigintValue"),
        ("uint64", values.bigint, "bigintValue"),
        ("'date-time'", values.dates, "momentValue"),
        ("date", values.dates, "dayValue"),
        ("bytes", values.bytes, "bytesValue"),
    ];
    let kinds = kinds.into_iter().filter(|(_, is_on, _)| *is_on);
    let entries: Vec<(String, Literal)> = kinds
        .map(|(name, _, value)| (name.to_string(), Literal::text(value)))
        .collect();
    let column = "const modelBase = /* @__PURE__ */ typedModel(vertebra.model, ".len();
    (!entries.is_empty()).then(|| Literal::Object(entries).print(0, column, 2))
}

/// What every script can use. The runtime may come to use any of them.
const GLOBALS: &str = "Array ArrayBuffer Atomics BigInt Boolean Date Error Event EventTarget Function Headers Intl Iterator JSON \
    Map Math Node Number Object Promise Proxy Reflect RegExp Request Response Set String Symbol TypeError URL \
    URLSearchParams Uint8Array WeakMap WeakRef WeakSet WebSocket Window console crypto fetch globalThis self setTimeout window";

/// Names that the templates use beside the runtime's.
const TEMPLATES: &str = "Backbone collectionClass createVertebra define exports factory modelBase modelClass module require root vertebra";

/// Every word that the files say beside the models: what a model can't be called inside of them.
pub(super) fn words() -> BTreeSet<String> {
    let is_word = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '$');
    let all = Values {
        bigint: true,
        dates: true,
        bytes: true,
    };
    without_comments(&with(all))
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

//! Source maps, by the line: which line of which module a line of a generated file was.
//!
//! Invariant: a line maps to a line of the same text, but for an `export ` that is gone; blank lines map to nothing.

use super::runtime;
use serde_json::json;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The map of a generated file, for `file.map` beside it. What isn't of the runtime is a source of its own.
pub fn of(file: &str, text: &str) -> String {
    let known = runtime::lines();
    let first = match text.find(runtime::text()) {
        Some(at) => text[..at].lines().count(),
        None => usize::MAX,
    };
    let rest = runtime::MODULES.len();
    let (mut mappings, mut own) = (String::new(), Vec::new());
    let mut last = (0, 0, 0);
    for (at, line) in text.lines().enumerate() {
        let place = match at.checked_sub(first).and_then(|at| known.get(at)) {
            Some(known) => (known.module, known.line, known.column),
            None => {
                own.push(line);
                (rest, own.len() - 1, 0)
            }
        };
        if !line.trim().is_empty() {
            mappings.push('A');
            push(&mut mappings, last.0, place.0);
            push(&mut mappings, last.1, place.1);
            push(&mut mappings, last.2, place.2);
            last = place;
        }
        mappings.push(';');
    }
    let modules = runtime::MODULES.iter();
    let names = modules.clone().map(|(name, _)| format!("vertebra/{name}"));
    let names: Vec<String> = names.chain([format!("models/{file}")]).collect();
    let texts = modules.map(|(_, text)| text.to_string());
    let texts: Vec<String> = texts.chain([own.join("\n") + "\n"]).collect();
    let map = json!({
        "//": super::HEADER,
        "version": 3,
        "file": file,
        "sources": names,
        "sourcesContent": texts,
        "names": [],
        "mappings": mappings,
    });
    format!("{map}\n")
}

/// The difference of two numbers as a base64 variable-length quantity.
fn push(text: &mut String, from: usize, to: usize) {
    let mut rest = match to.checked_sub(from) {
        Some(more) => more << 1,
        None => (from - to) << 1 | 1,
    };
    loop {
        let more = if rest >> 5 > 0 { 32 } else { 0 };
        text.push(DIGITS[rest & 31 | more].into());
        rest >>= 5;
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_the_format() {
        let of = |from, to| {
            let mut text = String::new();
            push(&mut text, from, to);
            text
        };
        // 16 and -16 need a second digit; these are the values that every reader of maps agrees on.
        assert_eq!(
            [of(0, 0), of(0, 1), of(1, 0), of(0, 16), of(16, 0)],
            ["A", "C", "D", "gB", "hB"]
        );
        assert_eq!(of(0, 1000), "w+B");
    }
}

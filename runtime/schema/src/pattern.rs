//! Patterns of strings, which mean the same here and in a browser.
//!
//! A pattern is what JavaScript's `RegExp` with the flag `u` and Rust's `regex` both have. Where they read the same text
//! differently, JavaScript's reading counts, and the pattern is rewritten for Rust. Invariant: a pattern that one of
//! them does not have, or that cannot be rewritten, is refused where it is written down.

use regex::Regex;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::{Arc, LazyLock, RwLock};

/// Whether a pattern matches somewhere in a text. One that is refused matches nothing.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_some_and(|regex| regex.is_match(text))
}

/// Why a pattern can't be used, if it can't.
pub(crate) fn problem(pattern: &str) -> Option<String> {
    let rewritten = match rewrite(pattern) {
        Ok(rewritten) => rewritten,
        Err(problem) => return Some(problem),
    };
    let error = Regex::new(&rewritten).err()?.to_string();
    let reason = error.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ");
    Some(format!("this pattern can't be used: {reason}"))
}

/// A pattern's compiled form, kept for the life of the program: schemas have few.
fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    static KNOWN: LazyLock<RwLock<HashMap<String, Option<Arc<Regex>>>>> =
        LazyLock::new(RwLock::default);
    // A poisoned lock means a panic while inserting a finished value: the map is still whole.
    let known = |guard: &HashMap<String, Option<Arc<Regex>>>| guard.get(pattern).cloned();
    if let Some(regex) = known(&KNOWN.read().unwrap_or_else(|broken| broken.into_inner())) {
        return regex;
    }
    let regex = rewrite(pattern)
        .ok()
        .and_then(|text| Regex::new(&text).ok());
    let regex = regex.map(Arc::new);
    let mut all = KNOWN.write().unwrap_or_else(|broken| broken.into_inner());
    all.insert(pattern.to_string(), regex.clone());
    regex
}

/// White space as JavaScript has it: <https://tc39.es/ecma262/#prod-CharacterClassEscape>.
const SPACE: &str = r"\t\n\x0B\x0C\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

/// What JavaScript reads, as Rust writes it.
fn rewrite(pattern: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match (c, in_class) {
            ('\\', _) => escape(&mut rest, in_class, &mut out)?,
            ('[', false) => {
                in_class = true;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if rest.peek() == Some(&']') {
                    return Err("`[]` matches nothing in JavaScript and is an error in Rust".into());
                }
            }
            (']', true) => {
                in_class = false;
                out.push(']');
            }
            // Rust has sets in sets and operators on them; to JavaScript these are plain characters.
            ('[' | '&' | '~', true) => out.extend(['\\', c]),
            ('-', true) if rest.peek() == Some(&'-') => {
                return Err("write `\\-` for the character `-` inside of `[…]`".into());
            }
            (']' | '}', false) if c == ']' || !closes(&out) => {
                return Err(format!("write `\\{c}` for the character `{c}`"));
            }
            // JavaScript's `.` stops at every end of a line.
            ('.', false) => out.push_str(r"[^\n\r\u2028\u2029]"),
            ('(', false) if rest.next_if_eq(&'?').is_some() => {
                group(&mut rest)?;
                out.push_str("(?");
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// Whether a `}` ends a repetition such as `{2,3}`.
fn closes(before: &str) -> bool {
    let Some((_, inside)) = before.rsplit_once('{') else {
        return false;
    };
    !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit() || c == ',')
}

/// `(?:` and `(?<name>` are all that both have; flags and lookaround are not.
fn group(rest: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let mut ahead = rest.clone();
    match (ahead.next(), ahead.next()) {
        (Some(':'), _) => Ok(()),
        (Some('<'), Some(c)) if c.is_ascii_alphabetic() || c == '_' => Ok(()),
        (Some(c), _) => Err(format!(
            "`(?{c}` isn't in Rust's and JavaScript's patterns both: use `(…)`, `(?:…)` or `(?<name>…)`"
        )),
        (None, _) => Err("this pattern ends in the middle".into()),
    }
}

fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) -> Result<(), String> {
    let Some(c) = rest.next() else {
        return Err("this pattern ends with a `\\`".into());
    };
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.extend(["[", SPACE, "]"]),
        'S' => out.extend(["[^", SPACE, "]"]),
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        't' | 'n' | 'v' | 'f' | 'r' | 'u' | 'x' => {
            if c == 'x' && rest.peek() == Some(&'{') {
                return Err("write `\\u{…}`: JavaScript has no `\\x{…}`".into());
            }
            out.extend(['\\', c]);
        }
        '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
        | '/' => {
            out.extend(['\\', c]);
        }
        '-' if in_class => out.push_str(r"\-"),
        'p' | 'P' => property(c, rest, out)?,
        _ => {
            return Err(format!(
                "`\\{c}` isn't in Rust's and JavaScript's patterns both"
            ));
        }
    }
    // What is inside of `\u{…}` is neither a repetition nor a character.
    if c == 'u' && rest.next_if_eq(&'{').is_some() {
        out.push('{');
        for c in rest.by_ref() {
            out.push(c);
            if c == '}' {
                break;
            }
        }
    }
    Ok(())
}

/// `\p{L}`: both have the general categories under their short names; other properties they name differently.
fn property(c: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let mut ahead = rest.clone();
    let text: String = ahead.by_ref().take_while(|c| *c != '}').collect();
    match text.strip_prefix('{') {
        Some(name) if (1..=2).contains(&name.len()) && name.chars().all(char::is_alphabetic) => {
            *rest = ahead;
            out.push_str(&format!("\\{c}{{{name}}}"));
            Ok(())
        }
        _ => Err("only the general categories, such as `\\p{L}` and `\\p{Nd}`, are in both".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, problem};

    /// What JavaScript says to each of these was asked of Node 20: `new RegExp(pattern, 'u').test(text)`.
    #[test]
    fn a_pattern_means_what_it_means_in_javascript() {
        let cases = [
            (r"^\d+$", "123", true),
            (r"^\d+$", "٣", false),
            (r"^\w+$", "é", false),
            (r"^\s$", "\u{feff}", true),
            (r"^\s$", "\u{85}", false),
            (r"^.$", "\u{2028}", false),
            (r"^.$", "\r", false),
            (r"^.$", "😀", true),
            (r"^[[&&]+$", "[&", true),
            (r"^[\d\-a]+$", "1-a", true),
            (r"^[^\W]$", "_", true),
            (r"\bé", "é", false),
            (r"^a{2,3}$", "aaa", true),
            (r"^\u{1F600}\u0041\x42$", "😀AB", true),
            (r"^\p{Lu}$", "É", true),
            (r"^(?:a|b)(?<rest>c)$", "bc", true),
            (r"^a$", "a\n", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(problem(pattern), None, "{pattern}");
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn what_one_side_lacks_is_refused() {
        let patterns = [
            r"(?i)a",
            r"(?=a)",
            r"(?P<name>a)",
            r"\Aa",
            r"a\z",
            r"\x{41}",
            r"\p{Greek}",
            r"\pL",
            r"a\",
            r"[a",
            r"[]",
            r"[^]",
            r"(a)\1",
            r"[a--b]",
            r"a}",
            r"a]",
            r"\#",
            "(",
            "*",
        ];
        for pattern in patterns {
            assert!(problem(pattern).is_some(), "{pattern}");
            assert!(!matches(pattern, "a"), "{pattern}");
        }
    }
}

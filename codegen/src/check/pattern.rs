//! Which regular expressions mean the same in Rust and in JavaScript.
//!
//! Invariant: what is named here is a syntax error, or something else, in a JavaScript `RegExp` with the flag `u`.

/// The first construct of a pattern that only Rust understands.
pub(super) fn foreign_to_javascript(pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut depth = 0;
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        match rest {
            ['\\', next, ..] => {
                if let Some(foreign) = escape(*next, rest.get(2), depth > 0) {
                    return Some(foreign);
                }
                at += 1;
            }
            ['[', ':', ..] if depth > 0 => return Some("a class such as `[:alpha:]`".to_string()),
            ['[', ..] if depth > 0 => return Some("a class inside of a class".to_string()),
            ['[', ..] => {
                depth = 1;
                // A bracket that comes first is itself in Rust, and the end of an empty class in JavaScript.
                let negated = usize::from(rest.get(1) == Some(&'^'));
                if rest.get(1 + negated) == Some(&']') {
                    return Some("`]` as the first of a class (write `\\]`)".to_string());
                }
            }
            [']', ..] if depth > 0 => depth = 0,
            [']', ..] => return Some("a lone `]` (write `\\]`)".to_string()),
            ['}', ..] if depth == 0 && !closes_repetition(&chars[..at]) => {
                return Some("a lone `}` (write `\\}`)".to_string());
            }
            ['&', '&', ..] | ['~', '~', ..] | ['-', '-', ..] if depth > 0 => {
                return Some(format!("`{}{}` between classes", rest[0], rest[1]));
            }
            ['(', '?', 'P', ..] if depth == 0 => {
                return Some("`(?P<…>…)` (write `(?<…>…)`)".to_string());
            }
            ['(', '?', next, ..] if depth == 0 && !matches!(next, ':' | '<' | '=' | '!') => {
                return Some(format!("the flags `(?{next}…)`"));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn escape(next: char, then: Option<&char>, in_class: bool) -> Option<String> {
    match next {
        '-' if !in_class => Some("`\\-` outside of a class (write `-`)".to_string()),
        'A' | 'z' => Some(format!("`\\{next}` (write `^` or `$`)")),
        'a' | 'U' | '<' | '>' => Some(format!("`\\{next}`")),
        'p' | 'P' if then != Some(&'{') => Some(format!("`\\{next}` without braces")),
        'x' if then == Some(&'{') => Some("`\\x{…}` (write `\\u{…}`)".to_string()),
        '#' | '&' | '~' | '"' | '\'' | '%' | ',' | ':' | ';' | '=' | '@' | '`' | '!' | ' ' => {
            Some(format!("`\\{next}` (write `{next}`)"))
        }
        _ => None,
    }
}

/// Whether a `}` after `before` ends `{2}`, `{2,}`, `{2,3}`, `\p{…}` or `\u{…}`.
fn closes_repetition(before: &[char]) -> bool {
    before
        .iter()
        .rposition(|one| *one == '{')
        .is_some_and(|open| !before[open..].contains(&'}'))
}

#[cfg(test)]
mod tests {
    use super::foreign_to_javascript as foreign;

    #[test]
    fn shared_syntax_is_left_alone() {
        for pattern in [
            "^[a-z0-9_-]+$",
            r"^\d{2,3}\.\w+@x$",
            r"\p{L}[^\]\[]",
            "(?<year>[0-9]{4})(?:-x)?",
            r"\\A",
            r"\u{1F600}",
            r"[\-]",
        ] {
            assert_eq!(foreign(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn foreign_syntax_is_named() {
        for (pattern, part) in [
            ("(?i)abc", "(?i"),
            ("(?P<a>x)", "(?<"),
            (r"\Aabc\z", r"\A"),
            ("[[:alpha:]]", "[:alpha:]"),
            (r"\pL", "without braces"),
            ("[a-z&&[^b]]", "&&"),
            ("a}", "lone `}`"),
            ("[]a]", "first of a class"),
            (r"\x{41}", r"\u{"),
        ] {
            let found = foreign(pattern).unwrap_or_else(|| panic!("{pattern} passed"));
            assert!(found.contains(part), "{pattern}: {found}");
        }
    }
}

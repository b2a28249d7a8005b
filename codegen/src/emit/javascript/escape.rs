//! Text that came from a user, made safe for its place in a JavaScript file.
//!
//! Invariant: whatever goes in, what comes out is one token (or one comment) that means the same text, also in a
//! `<script>` element of a page.

use std::fmt::Write;

/// Words that JavaScript in strict mode keeps for itself, and three that behave like them in modules.
const RESERVED: &[&str] = &[
    "arguments",
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "Infinity",
    "instanceof",
    "interface",
    "let",
    "NaN",
    "new",
    "null",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "__proto__",
];

/// Whether a name can't be declared.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether a name is spelled like an identifier. Only ASCII is: the sets of Unicode that Rust, JavaScript and its tools
/// allow differ by their age.
pub fn is_identifier(name: &str) -> bool {
    name.chars().all(is_identifier_char) && name.starts_with(|one: char| !one.is_ascii_digit())
}

/// Whether a character can be inside of an identifier.
pub fn is_identifier_char(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '$')
}

/// A string literal in single quotes.
pub fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        match one {
            '\'' => literal.push_str("\\'"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '<' if is_markup(rest.as_str()) => literal.push_str("\\x3C"),
            ']' if rest.as_str().starts_with("]>") => literal.push_str("\\x5D"),
            one if is_invisible(one) => push_escape(&mut literal, one),
            one => literal.push(one),
        }
    }
    literal.push('\'');
    literal
}

/// Whether `<` and this would mean something to the page around a script: `</script>`, `<!--`, `<script`.
fn is_markup(behind: &str) -> bool {
    let is_script = |word: &str| word.eq_ignore_ascii_case("script");
    behind.starts_with(['/', '!']) || behind.get(..6).is_some_and(is_script)
}

/// Characters that a reader can't see, or that reorder what a reader sees, or that end a line.
fn is_invisible(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(one, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
}

fn push_escape(literal: &mut String, one: char) {
    let mut units = [0; 2];
    for unit in one.encode_utf16(&mut units) {
        // Writing to a string can't fail.
        let _ = write!(literal, "\\u{unit:04X}");
    }
}

/// The key of a property. A plain `__proto__` would set the object's prototype; a computed one is a key like any other.
pub fn key(name: &str) -> String {
    match name {
        "__proto__" => "['__proto__']".to_string(),
        name if is_identifier(name) => name.to_string(),
        name => string(name),
    }
}

/// A doc comment, with its marks, one line of it per item and each indented; nothing for an empty one.
pub fn doc_comment(docs: &str, indent: &str) -> Vec<String> {
    let lines: Vec<String> = docs.trim().lines().map(comment_line).collect();
    match &lines[..] {
        [] => Vec::new(),
        [one] if one.is_empty() => Vec::new(),
        [one] => vec![format!("{indent}/** {one} */")],
        many => {
            let body = many
                .iter()
                .map(|line| format!("{indent} * {line}").trim_end().to_string());
            std::iter::once(format!("{indent}/**"))
                .chain(body)
                .chain([format!("{indent} */")])
                .collect()
        }
    }
}

/// One line of a block comment: nothing in it ends the comment, the script or the line.
fn comment_line(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut rest = line.trim_end().chars();
    while let Some(one) = rest.next() {
        match one {
            '*' if rest.as_str().starts_with('/') => safe.push_str("*\\"),
            '<' if is_markup(rest.as_str()) => safe.push_str("<\\"),
            // A joiner is part of many emoji, and harmless here.
            '\u{200d}' => safe.push(one),
            '\t' => safe.push(one),
            one if is_invisible(one) => push_escape(&mut safe, one),
            one => safe.push(one),
        }
    }
    // The mark that closes the comment follows.
    if safe.ends_with('*') {
        safe.push('\\');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_one_token() {
        for (text, literal) in [
            ("plain", "'plain'"),
            ("it's", r"'it\'s'"),
            ("\"double\"", "'\"double\"'"),
            ("back\\slash", r"'back\\slash'"),
            ("a\nb\r\tc", r"'a\nb\r\tc'"),
            ("</script>", r"'\x3C/script>'"),
            ("<!--", r"'\x3C!--'"),
            ("\u{2028}\u{2029}", r"'\u2028\u2029'"),
            ("\u{0}\u{7f}\u{1b}", r"'\u0000\u007F\u001B'"),
            ("\u{202e}", r"'\u202E'"),
            ("a ]]> b", r"'a \x5D]> b'"),
            ("${x}`", "'${x}`'"),
            ("🦀", "'🦀'"),
        ] {
            assert_eq!(string(text), literal);
        }
    }

    #[test]
    fn keys_are_data() {
        for (name, literal) in [
            ("title", "title"),
            ("class", "class"),
            ("__proto__", "['__proto__']"),
            ("constructor", "constructor"),
            ("a-b", "'a-b'"),
            ("1st", "'1st'"),
            ("", "''"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(key(name), literal);
        }
    }

    #[test]
    fn comments_end_where_they_should() {
        for (docs, lines) in [
            ("", vec![]),
            ("One.", vec!["/** One. */"]),
            ("a */ b", vec![r"/** a *\/ b */"]),
            ("ends in *", vec![r"/** ends in *\ */"]),
            ("</script><!--", vec![r"/** <\/script><\!-- */"]),
            (
                "One.\n\nTwo.",
                vec!["/**", " * One.", " *", " * Two.", " */"],
            ),
            ("Vec<String>", vec!["/** Vec<String> */"]),
            ("<SCRIPT>", vec![r"/** <\SCRIPT> */"]),
        ] {
            assert_eq!(doc_comment(docs, ""), lines, "{docs}");
        }
    }
}

//! Doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of a doc comment: its lines without markers and without the space after them.
pub(super) fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else {
            return None;
        };
        match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) if meta.path.is_ident("doc") => Some(text.value()),
            _ => None,
        }
    });
    let mut all = Vec::new();
    for line in lines {
        // A block comment is one attribute with many lines.
        for line in line.lines() {
            all.push(
                line.strip_prefix(' ')
                    .unwrap_or(line)
                    .trim_end()
                    .to_string(),
            );
        }
        if line.is_empty() {
            all.push(String::new());
        }
    }
    all.join("\n").trim().to_string()
}

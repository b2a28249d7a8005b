//! What the reader of attributes complains of, as diagnostics.
//!
//! Invariant: nothing is reported twice: a type's own error stands where the type is named.

use super::tree::{Item, Tree};
use crate::check::Diagnostic;

/// What a closure answers to the reader when the reason has been noted already.
pub(super) const REPORTED: &str = "this type has been reported";

/// Adds each error of the reader.
pub(super) fn add(
    found: &mut Vec<Diagnostic>,
    errors: Option<&Vec<syn::Error>>,
    tree: &Tree,
    item: &Item,
) {
    for error in errors.into_iter().flatten().flat_map(|error| error.clone()) {
        let message = error.to_string();
        if message == REPORTED {
            continue;
        }
        let place = tree.place(item.module, error.span());
        let place = place.or_else(|| tree.place(item.module, item.name.span()));
        // The reader refuses some types by their look, and what they mean has been refused too.
        if place.is_some() && found.iter().any(|one| one.place == place) {
            continue;
        }
        // A message of several lines is a sentence and what to do.
        let (message, help) = match message.split_once('\n') {
            Some((first, rest)) => (first.to_string(), Some(rest.trim().to_string())),
            None => (message, None),
        };
        found.push(Diagnostic {
            help,
            ..Diagnostic::new(message, place)
        });
    }
}

//! `#[model(…)]`: which attributes there are, where they belong and what they take.
//!
//! Invariant: an attribute that is not in `ATTRIBUTES` is refused.

use super::errors::Errors;
use super::suggestion::nearest;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Ident, Meta};

/// Where an attribute belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the struct of a model.
    Model,
    /// On a field of a model.
    ModelField,
    /// On a field of a model or of a struct inside one.
    AnyField,
}

/// Name, place, and how it is written when it takes a value.
const ATTRIBUTES: &[(&str, Place, Option<&str>)] = &[
    ("collection", Place::Model, Some("collection = \"todos\"")),
    ("realtime", Place::Model, None),
    ("strict", Place::Model, None),
    ("id", Place::ModelField, None),
    ("index", Place::ModelField, None),
    ("unique", Place::ModelField, None),
    ("read_only", Place::ModelField, None),
    ("create_only", Place::ModelField, None),
    ("secret", Place::ModelField, None),
    ("created_at", Place::ModelField, None),
    ("updated_at", Place::ModelField, None),
    ("number", Place::AnyField, None),
    ("default", Place::AnyField, Some("default = 1")),
    ("min", Place::AnyField, Some("min = 0")),
    ("max", Place::AnyField, Some("max = 100")),
    ("len", Place::AnyField, Some("len = 1..=200")),
    ("pattern", Place::AnyField, Some("pattern = \"^[a-z]+$\"")),
    ("one_of", Place::AnyField, Some("one_of = [\"a\", \"b\"]")),
];

/// One attribute: `len = 1..=200`.
pub(super) struct Entry {
    /// As in `ATTRIBUTES`.
    pub(super) name: &'static str,
    /// What follows the `=`; empty for a flag.
    pub(super) value: TokenStream,
    /// All of it, for messages.
    pub(super) tokens: TokenStream,
}

/// Reads the `#[model(…)]` attributes of a struct or field; what does not belong there is an error.
pub(super) fn entries(
    attributes: &[Attribute],
    allowed: &[Place],
    place: &str,
    errors: &Errors,
) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for part in parts(attributes, "model", errors) {
        let written = part.name.to_string();
        let names = ATTRIBUTES.iter().map(|(name, ..)| *name);
        let Some((name, where_it_belongs, example)) =
            ATTRIBUTES.iter().find(|(name, ..)| *name == written)
        else {
            let hint = match nearest(&written, names) {
                Some(name) => format!("; did you mean `{name}`?"),
                None => String::new(),
            };
            errors.at(
                &part.name,
                format!("there is no attribute `{written}`{hint}"),
            );
            continue;
        };
        if !allowed.contains(where_it_belongs) {
            let home = match where_it_belongs {
                Place::Model => "the struct of a model",
                Place::ModelField => "a field of a model",
                Place::AnyField => "a field",
            };
            let message = format!("`{name}` belongs on {home}, not on {place}");
            errors.at(&part.name, message);
            continue;
        }
        match (example, &part.value) {
            (Some(example), None) => {
                errors.at(&part.tokens, format!("`{name}` takes a value: `{example}`"));
                continue;
            }
            (None, Some(_)) => {
                errors.at(&part.tokens, format!("`{name}` takes no value"));
                continue;
            }
            _ => {}
        }
        if all.iter().any(|entry| entry.name == *name) {
            errors.at(&part.tokens, format!("`{name}` is given twice"));
            continue;
        }
        all.push(Entry {
            name,
            value: part.value.unwrap_or_default(),
            tokens: part.tokens,
        });
    }
    all
}

/// One part of an attribute's list, whatever it means.
pub(super) struct Part {
    pub(super) name: Ident,
    /// What follows the `=`, if there is one.
    pub(super) value: Option<TokenStream>,
    pub(super) tokens: TokenStream,
}

/// The parts of `#[name(a, b = c, d(e))]`, one by one, so that one that is wrong does not hide the others.
pub(super) fn parts(attributes: &[Attribute], name: &str, errors: &Errors) -> Vec<Part> {
    let mut all = Vec::new();
    for attribute in attributes {
        if !attribute.path().is_ident(name) {
            continue;
        }
        let Meta::List(list) = &attribute.meta else {
            errors.at(&attribute.meta, format!("write `#[{name}(…)]`"));
            continue;
        };
        for tokens in split(list.tokens.clone()) {
            let mut trees = tokens.clone().into_iter();
            let Some(TokenTree::Ident(name)) = trees.next() else {
                errors.at(&tokens, "an attribute begins with its name");
                continue;
            };
            let value = match trees.next() {
                None => None,
                Some(TokenTree::Punct(sign)) if sign.as_char() == '=' => {
                    let value: TokenStream = trees.collect();
                    (!value.is_empty()).then_some(value)
                }
                Some(TokenTree::Group(group)) => Some(group.to_token_stream()),
                Some(other) => {
                    errors.at(other, "expected `=` or `,`");
                    continue;
                }
            };
            all.push(Part {
                name,
                value,
                tokens,
            });
        }
    }
    all
}

/// The pieces between the commas; a group in brackets is one token.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut all = vec![TokenStream::new()];
    for tree in tokens {
        match (&tree, all.last_mut()) {
            (TokenTree::Punct(sign), _) if sign.as_char() == ',' => all.push(TokenStream::new()),
            (_, Some(last)) => last.extend([tree]),
            (_, None) => {}
        }
    }
    all.retain(|piece| !piece.is_empty());
    all
}

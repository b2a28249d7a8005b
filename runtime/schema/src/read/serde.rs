//! What serde's attributes say about the wire, in serde's own reading.
//!
//! Invariant: every attribute that serde knows is carried or refused here; one that serde does not know, serde refuses.

use super::attributes::parts;
use super::errors::Errors;
use super::known;
use serde_derive_internals::{Ctxt, Derive, ast, attr};
use syn::{Attribute, DeriveInput};

/// What is carried of a container: names, and what changes nothing on the wire.
const CONTAINER: &[&str] = &[
    "rename",
    "rename_all",
    "rename_all_fields",
    "deny_unknown_fields",
    "bound",
    "crate",
    "expecting",
];
const FIELD: &[&str] = &["rename", "default", "skip_serializing_if", "bound"];
const VARIANT: &[&str] = &["rename", "rename_all"];

/// Why the others are not.
const REFUSED: &[(&str, &str)] = &[
    ("alias", "a field has one name on the wire"),
    ("borrow", "rows own their values"),
    ("content", "enums are plain strings"),
    ("default", "write it on each field that has a default"),
    (
        "deserialize_with",
        "the type on the wire would not be known",
    ),
    ("field_identifier", "it has no meaning on the wire"),
    ("flatten", "a field is one column; write the fields out"),
    (
        "from",
        "the fields on the wire would not be those of this type",
    ),
    (
        "getter",
        "the fields on the wire would not be those of this type",
    ),
    (
        "into",
        "the fields on the wire would not be those of this type",
    ),
    (
        "other",
        "an unknown value would be changed when the row is saved",
    ),
    ("remote", "derive on the type itself"),
    ("serialize_with", "the type on the wire would not be known"),
    (
        "skip",
        "every field is a column; `#[model(secret)]` keeps one on the server",
    ),
    (
        "skip_deserializing",
        "every field is a column; `#[model(read_only)]` keeps clients from setting one",
    ),
    (
        "skip_serializing",
        "every field is a column; `#[model(secret)]` keeps one on the server",
    ),
    ("tag", "a row is its fields and nothing else"),
    ("transparent", "a model has its fields on the wire"),
    (
        "try_from",
        "the fields on the wire would not be those of this type",
    ),
    ("untagged", "enums are plain strings"),
    ("variant_identifier", "it has no meaning on the wire"),
    ("with", "the type on the wire would not be known"),
];

/// The names on the wire and what else is carried of each field, in declaration order.
pub(super) struct Carried {
    pub(super) fields: Vec<CarriedField>,
    pub(super) variants: Vec<String>,
}

/// What serde says about one field.
pub(super) struct CarriedField {
    pub(super) name: String,
    /// `#[serde(default)]`.
    pub(super) default: bool,
    /// `#[serde(default = "function")]`, which only Rust can call.
    pub(super) default_function: bool,
}

/// Reads what serde reads. `None` where serde itself finds no sense in it.
pub(super) fn carried(input: &DeriveInput, in_model: bool, errors: &Errors) -> Option<Carried> {
    refuse(&input.attrs, CONTAINER, errors);
    match &input.data {
        syn::Data::Struct(data) => {
            for field in &data.fields {
                refuse(&field.attrs, FIELD, errors);
            }
        }
        syn::Data::Enum(data) => {
            for variant in &data.variants {
                refuse(&variant.attrs, VARIANT, errors);
            }
        }
        syn::Data::Union(_) => return None,
    }

    let context = Ctxt::new();
    let private = quote::format_ident!("__private");
    let container = ast::Container::from_ast(&context, input, Derive::Deserialize, &private);
    errors.note(context.check())?;
    match container?.data {
        ast::Data::Struct(_, fields) => Some(Carried {
            fields: fields
                .iter()
                .map(|field| carried_field(field, in_model, errors))
                .collect(),
            variants: Vec::new(),
        }),
        ast::Data::Enum(variants) => Some(Carried {
            fields: Vec::new(),
            variants: variants
                .iter()
                .map(|variant| one_name(variant.attrs.name(), variant.original, errors))
                .collect(),
        }),
    }
}

fn carried_field(field: &ast::Field<'_>, in_model: bool, errors: &Errors) -> CarriedField {
    if field.attrs.skip_serializing_if().is_some() {
        optional_only(field, in_model, errors);
    }
    CarriedField {
        name: one_name(field.attrs.name(), field.original, errors),
        default: matches!(field.attrs.default(), attr::Default::Default),
        default_function: matches!(field.attrs.default(), attr::Default::Path(_)),
    }
}

/// A row on the wire has all its fields, so leaving one out is carried only where absent and `null` are the same to
/// serde: for an `Option` that is left out when it is `None`.
fn optional_only(field: &ast::Field<'_>, in_model: bool, errors: &Errors) {
    let function = field.attrs.skip_serializing_if();
    let is_none = function.is_some_and(|path| {
        let path = quote::quote!(#path).to_string().replace(' ', "");
        path.ends_with("Option::is_none")
    });
    if in_model && is_none && known::is_option(field.ty) {
        return;
    }
    for part in parts(&field.original.attrs, "serde", errors) {
        if part.name == "skip_serializing_if" {
            let message = if in_model {
                "`#[serde(skip_serializing_if)]` isn't carried: a row has all its fields; only \
                 `\"Option::is_none\"` on an `Option` means the same as `null`"
            } else {
                "`#[serde(skip_serializing_if)]` isn't carried: a value has all its fields"
            };
            errors.at(part.tokens, message);
        }
    }
}

/// The name on the wire, which must be the same in both directions.
fn one_name(
    names: &serde_derive_internals::name::MultiName,
    at: impl quote::ToTokens,
    errors: &Errors,
) -> String {
    let (out, back) = (names.serialize_name(), names.deserialize_name());
    if out != back {
        let message = format!(
            "`#[serde(rename(…))]` isn't carried: this is {:?} when written and {:?} when read, and the wire has \
             one name",
            out.value, back.value
        );
        errors.at(at, message);
    }
    out.value.clone()
}

fn refuse(attributes: &[Attribute], carried: &[&str], errors: &Errors) {
    // Whether the attribute is well formed is serde's to say, with its own words.
    let quiet = Errors::new();
    let found = parts(attributes, "serde", &quiet);
    let _ = quiet.finish(Some(()));
    for part in found {
        let name = part.name.to_string();
        if carried.contains(&name.as_str()) {
            continue;
        }
        if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            let message = format!("`#[serde({name})]` isn't carried: {reason}");
            errors.at(part.tokens, message);
        }
    }
}

//! Reading items without a compiler, as the source front-end does.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "read")]

use proc_macro2::Span;
use vertebra_schema::{Flag, Type, read};

/// What is wrong, and the text that it points at.
#[track_caller]
fn refused(
    source: &str,
    resolve: impl FnMut(&syn::Type) -> syn::Result<Type>,
) -> Vec<(String, String)> {
    let input = syn::parse_str(source).unwrap();
    let model = read::model(&input).and_then(|item| item.into_model(resolve));
    let errors = model.expect_err("this is no model");
    let text = |span: Span| span.source_text().unwrap_or_default();
    errors
        .iter()
        .map(|error| (text(error.span()), error.to_string()))
        .collect()
}

#[test]
fn what_only_a_resolved_type_shows_is_said_all_at_once() {
    let source = "struct Todo {
        #[model(id)] id: Key,
        #[model(index, len = 1..)] done: Done,
        #[serde(default)] status: Status,
        #[model(default = 300)] small: Small,
        lost: Nowhere,
    }";
    let errors = refused(source, |ty| match ty {
        syn::Type::Path(path) if path.path.is_ident("Key") => Ok(Type::Float),
        syn::Type::Path(path) if path.path.is_ident("Done") => Ok(Type::Bool),
        syn::Type::Path(path) if path.path.is_ident("Status") => Ok(Type::Enum {
            name: "Status".into(),
            values: vec!["open".into()].into(),
        }),
        syn::Type::Path(path) if path.path.is_ident("Small") => Ok(Type::Integer {
            bits: 8,
            signed: false,
        }),
        other => Err(syn::Error::new_spanned(other, "there is no such type")),
    });
    let errors: Vec<(&str, &str)> = errors
        .iter()
        .map(|(at, what)| (at.as_str(), what.as_str()))
        .collect();
    assert_eq!(
        errors,
        [
            ("id", "an id is a `Uuid`, a `String` or an integer"),
            ("len = 1..", "`len` is for strings and lists"),
            (
                "default",
                "only Rust knows the empty value of this type: write the default as `#[model(default = …)]`"
            ),
            (
                "default = 300",
                "the default is beyond what the type can hold"
            ),
            ("Nowhere", "there is no such type"),
        ]
    );
}

#[test]
fn a_draft_takes_what_nobody_else_gives() {
    let input = syn::parse_quote! {
        struct Todo {
            #[model(id)]
            key: String,
            title: String,
            due: Option<Date>,
            #[serde(default)]
            done: bool,
            #[model(created_at)]
            created_at: Timestamp,
            #[model(create_only)]
            list: Uuid,
        }
    };
    let item = read::model(&input).unwrap();
    let required = item.fields.iter().filter(|field| field.is_required());
    assert_eq!(
        required
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>(),
        ["key", "title", "list"]
    );
    assert!(item.id().is(Flag::Id));
}

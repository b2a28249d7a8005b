//! The derive and the reader understand the same source in the same way: what the compiler makes of a type and what
//! a front-end makes of its path end in equal models, with equal fingerprints.
#![allow(clippy::unwrap_used)]

#[path = "agreement/models.rs"]
mod models;

use models::{Story, Todo};
use std::collections::HashMap;
use vertebra::Model;
use vertebra::schema::{Fingerprint, Type, read};

const SOURCE: &str = include_str!("agreement/models.rs");
const TODO: u64 = Fingerprint::constant(Todo::MODEL);
const STORY: u64 = Fingerprint::constant(Story::MODEL);

#[test]
fn what_is_derived_is_what_is_read() {
    let mut types = HashMap::new();
    let mut models = Vec::new();
    for item in syn::parse_file(SOURCE).unwrap().items {
        match item {
            syn::Item::Type(alias) => {
                types.insert(alias.ident.to_string(), resolve(&alias.ty, &types).unwrap());
            }
            syn::Item::Enum(item) => described(&item.into(), &mut types),
            syn::Item::Struct(item) => {
                let derives_model = item.attrs.iter().any(|attribute| {
                    let syn::Meta::List(list) = &attribute.meta else {
                        return false;
                    };
                    list.path.is_ident("derive") && list.tokens.to_string().contains("Model")
                });
                if derives_model {
                    let item = read::model(&item.into()).unwrap();
                    models.push(item.into_model(|ty| resolve(ty, &types)).unwrap());
                } else {
                    described(&item.into(), &mut types);
                }
            }
            _ => {}
        }
    }
    let derived = [Todo::MODEL, Story::MODEL];
    assert_eq!(models.len(), derived.len());
    for (read, derived) in models.iter().zip(derived) {
        let text = |model: &vertebra::schema::Model| serde_json::to_string_pretty(model).unwrap();
        assert_eq!(text(read), text(derived));
        assert_eq!(read, derived);
    }
    assert_eq!(
        models.iter().map(Fingerprint::of).collect::<Vec<_>>(),
        [TODO, STORY]
    );
    assert_eq!(derived.map(Fingerprint::of), [TODO, STORY]);
}

fn described(input: &syn::DeriveInput, types: &mut HashMap<String, Type>) {
    let value = read::described(input).unwrap();
    let name = value.name.clone();
    let ty = value.into_type(|ty| resolve(ty, types)).unwrap();
    types.insert(name, ty);
}

/// A small resolver: words that everybody knows, and the names of this file.
fn resolve(ty: &syn::Type, types: &HashMap<String, Type>) -> syn::Result<Type> {
    if let Some(ty) = read::known(ty) {
        return Ok(ty);
    }
    if let syn::Type::Tuple(tuple) = ty {
        let parts = tuple
            .elems
            .iter()
            .map(|part| Ok(resolve(part, types)?.into()));
        return Ok(Type::Tuple(parts.collect::<syn::Result<Vec<_>>>()?.into()));
    }
    let syn::Type::Path(path) = ty else {
        return Err(syn::Error::new_spanned(ty, "no such type here"));
    };
    let last = path.path.segments.last().unwrap();
    let arguments: Vec<Type> = match &last.arguments {
        syn::PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                syn::GenericArgument::Type(ty) => resolve(ty, types),
                other => Err(syn::Error::new_spanned(other, "no such type here")),
            })
            .collect::<syn::Result<_>>()?,
        _ => Vec::new(),
    };
    let inner = || arguments.last().cloned().unwrap().into();
    Ok(match last.ident.to_string().as_str() {
        "Uuid" => Type::Uuid,
        "Timestamp" => Type::Timestamp,
        "Option" => Type::Optional(inner()),
        "Vec" => Type::List(inner()),
        "BTreeMap" => Type::Map(inner()),
        "Box" => arguments.last().cloned().unwrap(),
        name => types[name].clone(),
    })
}

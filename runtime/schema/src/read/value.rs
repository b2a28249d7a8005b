//! A type for fields, as it is written: a struct with named fields, or an enum of plain names.

use super::attributes::{Place, entries};
use super::errors::Errors;
use super::item::{ItemField, fields, named_fields};
use super::{checks, serde};
use crate::Type;
use std::collections::HashSet;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident};

/// A struct or enum with `#[derive(Described)]`.
pub struct Value {
    /// The type.
    pub ident: Ident,
    /// Its Rust name, without `r#`.
    pub name: String,
    /// What it is made of.
    pub shape: Shape,
}

/// What a value is made of.
pub enum Shape {
    /// Fields, in declaration order.
    Struct(Vec<ItemField>),
    /// The strings on the wire, in declaration order.
    Enum(Vec<String>),
}

impl Value {
    pub(super) fn read(input: &DeriveInput) -> Result<Value, Vec<syn::Error>> {
        let errors = Errors::new();
        let value = value(input, &errors);
        if let Some(Value {
            shape: Shape::Struct(fields),
            ..
        }) = &value
        {
            checks::wire_names(fields, &errors);
            checks::fields(fields, &errors);
        }
        errors.finish(value)
    }

    /// The type, with the types of its fields as `resolve` understands them.
    pub fn into_type(
        self,
        mut resolve: impl FnMut(&syn::Type) -> syn::Result<Type>,
    ) -> Result<Type, Vec<syn::Error>> {
        let name = self.name.as_str().into();
        let errors = Errors::new();
        let ty = match &self.shape {
            Shape::Enum(values) => Type::Enum {
                name,
                values: values
                    .iter()
                    .map(|value| value.as_str().into())
                    .collect::<Vec<_>>()
                    .into(),
            },
            Shape::Struct(parts) => Type::Struct {
                name,
                fields: fields(parts, &mut resolve, &errors).into(),
            },
        };
        errors.finish(Some(ty))
    }
}

fn value(input: &DeriveInput, errors: &Errors) -> Option<Value> {
    entries(&input.attrs, &[], "a value", errors);
    let carried = serde::carried(input, false, errors);
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "type parameters and lifetimes aren't supported: write the types out",
        );
    }
    let shape = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => {
                let carried = carried.map(|all| all.fields);
                Shape::Struct(named_fields(
                    named,
                    carried,
                    &[Place::AnyField],
                    "a field of a value",
                    errors,
                ))
            }
            _ => {
                errors.at(
                    &input.ident,
                    "`Described` is for structs with named fields and for enums of plain names",
                );
                return None;
            }
        },
        Data::Enum(data) => {
            for variant in &data.variants {
                entries(&variant.attrs, &[], "a variant", errors);
                if !matches!(variant.fields, Fields::Unit) {
                    errors.at(
                        variant,
                        "an enum is one of a few strings here: its variants carry no data",
                    );
                }
            }
            if data.variants.is_empty() {
                errors.at(&input.ident, "an enum without variants has no values");
            }
            let values = carried?.variants;
            let mut known = HashSet::new();
            for (value, variant) in values.iter().zip(&data.variants) {
                if !known.insert(value) {
                    errors.at(
                        &variant.ident,
                        format!("{value:?} on the wire is another variant already"),
                    );
                }
            }
            Shape::Enum(values)
        }
        Data::Union(_) => {
            errors.at(
                &input.ident,
                "`Described` is for structs with named fields and for enums of plain names",
            );
            return None;
        }
    };
    Some(Value {
        ident: input.ident.clone(),
        name: input.ident.unraw().to_string(),
        shape,
    })
}

//! What `#[derive(Described)]` writes: one constant.

use crate::fields::{check, field, strings, vertebra};
use proc_macro2::TokenStream;
use quote::quote;
use vertebra_schema::read::{Shape, Value};

pub(crate) fn expand(value: &Value) -> TokenStream {
    let v = vertebra();
    let (ident, name) = (&value.ident, &value.name);
    let mut constants = TokenStream::new();
    let shape = match &value.shape {
        Shape::Struct(fields) => {
            let checks = fields
                .iter()
                .enumerate()
                .filter_map(|(i, field)| check(field, i));
            let checks: TokenStream = checks.collect();
            let fields = fields.iter().map(field);
            constants = quote!(const FIELDS: &[#v::Field] = &[#(#fields),*]; #checks);
            quote!(Struct { name: #v::Shared::Static(#name), fields: #v::Shared::Static(FIELDS) })
        }
        Shape::Enum(values) => {
            let values = strings(values.iter().map(String::as_str));
            quote!(Enum { name: #v::Shared::Static(#name), values: #values })
        }
    };
    quote! {
        const _: () = {
            use ::vertebra::derive as #v;
            #constants
            impl #v::Described for #ident {
                const TYPE: &'static #v::Type = &#v::Type::#shape;
            }
        };
    }
}

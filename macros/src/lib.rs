//! The derives of Vertebra: a doorway.
//!
//! What attributes mean is read in `vertebra_schema::read`; here it is only written down as constants. Invariant: what
//! is written down is data and typed names for it, never a handler: those are generic code in `vertebra`.

mod described;
mod fields;
mod model;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};
use vertebra_schema::read;

/// Makes a struct with named fields a model: a row of a table, an object on the wire.
///
/// See `vertebra::Model` for what is written and for the attributes.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    answer(read::model(&input).map(|item| model::expand(&item)))
}

/// Makes a struct with named fields, or an enum of plain names, a type that a model's field can have.
///
/// See `vertebra::schema::Described`.
#[proc_macro_derive(Described, attributes(model))]
pub fn derive_described(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    answer(read::described(&input).map(|value| described::expand(&value)))
}

/// The code, or every error at its place.
fn answer(result: Result<proc_macro2::TokenStream, Vec<syn::Error>>) -> TokenStream {
    let refused =
        |errors: Vec<syn::Error>| errors.iter().map(syn::Error::to_compile_error).collect();
    result.unwrap_or_else(refused).into()
}

//! The one reader of `#[model(…)]`, `#[serde(…)]` and doc comments.
//!
//! A struct is read in two steps. The first, here, looks at one item and at nothing else, so that the derive can take
//! it: names, docs, flags, rules, defaults, and each field's type as it is written. The second gives each type its
//! meaning: the derive leaves that to the compiler, the source front-end follows paths and calls [`Item::into_model`].
//!
//! serde's own parser reads serde's attributes. Invariant: an attribute is carried or refused with the place where it is
//! written, never dropped; and all that is wrong with an item is said at once.
//!
//! ```
//! use vertebra_schema::{Type, read};
//!
//! let todo: syn::DeriveInput = syn::parse_quote! {
//!     struct Todo {
//!         #[model(id)]
//!         id: Uuid,
//!         #[serde(default)]
//!         done: bool,
//!     }
//! };
//! let item = read::model(&todo).unwrap();
//! assert_eq!(item.collection, "todos");
//! let model = item.into_model(|ty| match quote::quote!(#ty).to_string().as_str() {
//!     "bool" => Ok(Type::Bool),
//!     _ => Ok(Type::Uuid),
//! });
//! assert_eq!(model.unwrap().fields[1].default.as_deref(), Some("false"));
//! ```

mod attributes;
mod checks;
mod docs;
mod errors;
mod item;
mod known;
mod literals;
mod naming;
mod serde;
mod suggestion;
mod value;

pub use item::{Default, Item, ItemField};
pub use known::known;
pub use value::{Shape, Value};

use syn::DeriveInput;

/// What `#[derive(Model)]` says, or everything that is wrong with it.
pub fn model(input: &DeriveInput) -> Result<Item, Vec<syn::Error>> {
    Item::read(input)
}

/// What `#[derive(Described)]` says, or everything that is wrong with it.
pub fn described(input: &DeriveInput) -> Result<Value, Vec<syn::Error>> {
    Value::read(input)
}

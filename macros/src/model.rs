//! What `#[derive(Model)]` writes: one constant, a name for each column, and the function that begins a create.

use crate::fields::{check, field, vertebra};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use vertebra_schema::Flag;
use vertebra_schema::read::{Item, ItemField};

pub(crate) fn expand(item: &Item) -> TokenStream {
    let v = vertebra();
    let (ident, name, collection, docs) = (&item.ident, &item.name, &item.collection, &item.docs);
    let (realtime, strict) = (item.realtime, item.strict);
    let fields = item.fields.iter().map(field);
    let id = &item.id().ident;
    let id_type = &item.id().ty;
    let columns = item
        .fields
        .iter()
        .enumerate()
        .map(|(i, field)| column(item, field, i));
    let draft = draft(item);
    let checks = item
        .fields
        .iter()
        .enumerate()
        .filter_map(|(i, field)| check(field, i));
    quote! {
        const _: () = {
            use ::vertebra::derive as #v;
            const FIELDS: &[#v::Field] = &[#(#fields),*];
            impl ::vertebra::Model for #ident {
                const MODEL: &'static ::vertebra::schema::Model =
                    &::vertebra::schema::Model::new(#name, #collection, #docs, #realtime, #strict, FIELDS);
                type Id = #id_type;
                fn id(&self) -> &#id_type { &self.#id }
            }
            #[allow(missing_docs, dead_code, private_bounds, private_interfaces, clippy::all)]
            impl #ident {
                #(#columns)*
                #draft
            }
            #(#checks)*
        };
    }
}

/// `pub const fn title() -> Column<Todo, String>`, as visible as the field.
fn column(item: &Item, field: &ItemField, position: usize) -> TokenStream {
    let v = vertebra();
    let (model, ty, vis) = (&item.ident, &field.ty, &field.vis);
    let name = written(&field.ident);
    let kind = kind(field);
    let position = proc_macro2::Literal::usize_unsuffixed(position);
    quote! {
        #vis const fn #name() -> #v::Column<#model, #ty #kind> { #v::at(#position) }
    }
}

/// Who may set the column; anybody where nothing is said.
fn kind(field: &ItemField) -> TokenStream {
    let v = vertebra();
    let server = [Flag::CreatedAt, Flag::UpdatedAt, Flag::ReadOnly];
    if field.is(Flag::Id) {
        quote!(, #v::Id)
    } else if server.iter().any(|flag| field.is(*flag)) {
        quote!(, #v::ReadOnly)
    } else if field.is(Flag::CreateOnly) {
        quote!(, #v::CreateOnly)
    } else {
        TokenStream::new()
    }
}

/// `pub fn draft(title: impl Fits<String>) -> New<Todo>`: what a create needs, in the order of the fields.
fn draft(item: &Item) -> TokenStream {
    let v = vertebra();
    let (model, vis) = (&item.ident, &item.vis);
    let required = || item.fields.iter().filter(|field| field.is_required());
    let parameters = required().map(|field| {
        let (name, ty) = (written(&field.ident), &field.ty);
        quote!(#name: impl #v::Fits<#ty>)
    });
    let settings = required().map(|field| {
        let name = written(&field.ident);
        quote!(.set(Self::#name(), #name))
    });
    quote! {
        #vis fn draft(#(#parameters),*) -> #v::New<#model> { #v::New::begin() #(#settings)* }
    }
}

/// The field's name as a name of ours, at the field's place: lints about it would be about what nobody wrote.
fn written(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(ident.span().resolved_at(Span::call_site()));
    ident
}

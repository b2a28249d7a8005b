//! Fields as constants.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use vertebra_schema::read::{Default, ItemField, known};
use vertebra_schema::{Flag, Number, Rule};

/// The name of `vertebra::derive` in what is written, so that lines stay short.
pub(crate) fn vertebra() -> Ident {
    format_ident!("__v")
}

/// `field::<String>("title").docs("What to do.").end()`; parts that say nothing are left out.
pub(crate) fn field(field: &ItemField) -> TokenStream {
    let v = vertebra();
    let (name, ty) = (&field.name, &field.ty);
    let mut code = quote!(#v::field::<#ty>(#name));
    let ident = field.ident.unraw().to_string();
    if ident != *name {
        code.extend(quote!(.ident(#ident)));
    }
    if !field.docs.is_empty() {
        let docs = &field.docs;
        code.extend(quote!(.docs(#docs)));
    }
    code.extend(default(field));
    if !field.flags.is_empty() {
        let names = field.flags.iter().map(|flag| format_ident!("{flag:?}"));
        code.extend(quote!(.flags(&[#(#v::Flag::#names),*])));
    }
    if !field.rules.is_empty() {
        let rules = field.rules.iter().map(rule);
        code.extend(quote!(.rules(&[#(#rules),*])));
    }
    code.extend(quote!(.end()));
    code
}

fn default(field: &ItemField) -> TokenStream {
    let as_number = field.is(Flag::Number);
    match &field.default {
        Default::None => TokenStream::new(),
        Default::Json(json) => quote!(.default(#json)),
        Default::Empty => match known(&field.ty).and_then(|ty| ty.empty(as_number)) {
            Some(json) => quote!(.default(#json)),
            None => quote!(.or_empty(#as_number)),
        },
        Default::Number { plain, float } => match known(&field.ty) {
            Some(ty) => {
                let json = vertebra_schema::literal_text(&ty, as_number, plain, float);
                quote!(.default(#json))
            }
            None => {
                let quoted = format!("\"{plain}\"");
                quote!(.or_number(#as_number, [#plain, #float, #quoted]))
            }
        },
    }
}

fn rule(rule: &Rule) -> TokenStream {
    let v = vertebra();
    match rule {
        Rule::Min(bound) => {
            let bound = number(bound);
            quote!(#v::Rule::Min(#bound))
        }
        Rule::Max(bound) => {
            let bound = number(bound);
            quote!(#v::Rule::Max(#bound))
        }
        Rule::Len(least, most) => {
            let (least, most) = (limit(*least), limit(*most));
            quote!(#v::Rule::Len(#least, #most))
        }
        Rule::Pattern(pattern) => {
            let pattern = &**pattern;
            quote!(#v::Rule::Pattern(#v::Shared::Static(#pattern)))
        }
        Rule::OneOf(values) => {
            let values = strings(values.iter().map(|value| &**value));
            quote!(#v::Rule::OneOf(#values))
        }
    }
}

/// A constant list of strings.
pub(crate) fn strings<'a>(values: impl Iterator<Item = &'a str>) -> TokenStream {
    let v = vertebra();
    quote!(#v::Shared::Static(&[#(#v::Shared::Static(#values)),*]))
}

fn limit(limit: Option<u32>) -> TokenStream {
    match limit {
        None => quote!(None),
        Some(limit) => {
            let limit = Literal::u32_unsuffixed(limit);
            quote!(Some(#limit))
        }
    }
}

fn number(number: &Number) -> TokenStream {
    let v = vertebra();
    match number {
        Number::Int(value) => {
            let value = Literal::i64_unsuffixed(*value);
            quote!(#v::Number::Int(#value))
        }
        Number::Float(value) => {
            let value = Literal::f64_unsuffixed(*value);
            quote!(#v::Number::Float(#value))
        }
    }
}

/// A question to the compiler, where only it knows the type: does what is said about the field fit? It is about the
/// constant `FIELDS`, and the answer stands under the field's attributes.
pub(crate) fn check(field: &ItemField, position: usize) -> Option<TokenStream> {
    let has_default = field.default != Default::None;
    let says_something = has_default || !field.flags.is_empty() || !field.rules.is_empty();
    if !says_something || known(&field.ty).is_some() {
        return None;
    }
    let position = Literal::usize_unsuffixed(position);
    // An error about a call is underlined from its first token to its last.
    let mut blamed = field.blamed().into_iter().map(|token| token.span());
    let first = blamed.next().unwrap_or_else(Span::call_site);
    let last = blamed.last().unwrap_or(first);
    let v = Ident::new("__v", first.resolved_at(Span::call_site()));
    let function = quote_spanned!(first=> #v::fits);
    let arguments = quote_spanned!(last=> (FIELDS, #position, #has_default));
    Some(quote!(const _: () = #function #arguments;))
}

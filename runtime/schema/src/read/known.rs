//! Types whose meaning can be seen without the compiler.
//!
//! Invariant: what is not certain is unknown, never guessed: the compiler or the source front-end decides then.

use crate::{Shared, Type};
use syn::{GenericArgument, PathArguments, PathSegment};

/// The type of the words that nobody redefines: primitives, `String`, `Option`, `Vec`, `Box`, maps by `String`, and
/// the others by their full path.
///
/// ```
/// use vertebra_schema::{Described, read};
///
/// let known = |text| read::known(&syn::parse_str(text).unwrap());
/// assert_eq!(known("Option<u8>").as_ref(), Some(<Option<u8>>::TYPE));
/// assert_eq!(known("uuid::Uuid").as_ref(), Some(uuid::Uuid::TYPE));
/// assert_eq!(known("Uuid"), None);
/// ```
pub fn known(ty: &syn::Type) -> Option<Type> {
    let path = match ty {
        syn::Type::Path(path) if path.qself.is_none() => &path.path,
        syn::Type::Group(group) => return known(&group.elem),
        syn::Type::Paren(paren) => return known(&paren.elem),
        _ => return None,
    };
    let names: Vec<String> = path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let last = path.segments.last()?;
    let integer = |bits, signed| Some(Type::Integer { bits, signed });
    match names.as_slice() {
        ["bool"] => Some(Type::Bool),
        ["i8"] => integer(8, true),
        ["i16"] => integer(16, true),
        ["i32"] => integer(32, true),
        ["i64"] => integer(64, true),
        ["u8"] => integer(8, false),
        ["u16"] => integer(16, false),
        ["u32"] => integer(32, false),
        ["u64"] => integer(64, false),
        ["f32" | "f64"] => Some(Type::Float),
        ["char"] => Some(Type::Char),
        ["String"] | ["std", "string", "String"] => Some(Type::String),
        ["uuid", "Uuid"] => Some(Type::Uuid),
        ["jiff", "Timestamp"] => Some(Type::Timestamp),
        ["jiff", "civil", "Date"] => Some(Type::Date),
        ["serde_json", "Value"] => Some(Type::Json),
        ["Option"] | ["std", "option", "Option"] => inner(last).map(Type::Optional),
        ["Vec"] | ["std", "vec", "Vec"] => inner(last).map(Type::List),
        ["Box"] => inner(last).map(|inner| (*inner).clone()),
        ["BTreeMap" | "HashMap"] | ["std", "collections", "BTreeMap" | "HashMap"] => {
            let [key, value] = arguments(last)[..] else {
                return None;
            };
            (known(key)? == Type::String).then(|| known(value).map(|ty| Type::Map(ty.into())))?
        }
        _ => None,
    }
}

/// Whether the type is written as an `Option`.
pub(super) fn is_option(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Option"),
        syn::Type::Group(group) => is_option(&group.elem),
        syn::Type::Paren(paren) => is_option(&paren.elem),
        _ => false,
    }
}

/// Whether the type is written as a `String`.
pub(super) fn is_string(ty: &syn::Type) -> bool {
    known(ty) == Some(Type::String)
}

/// Why a type can never be one of a field, where that can be seen: the part of it, and a sentence.
pub(super) fn impossible(ty: &syn::Type) -> Option<(&syn::Type, &'static str)> {
    match ty {
        syn::Type::Path(path) => {
            if path.qself.is_none()
                && let Some(name) = path.path.get_ident()
            {
                let message = match name.to_string().as_str() {
                    "usize" | "isize" => {
                        "the width of this type differs between machines: choose one, such as `u32` or `u64`"
                    }
                    "i128" | "u128" => {
                        "128-bit integers aren't supported: use `u64`, `i64` or a `String`"
                    }
                    "str" => "a row owns its values: use `String`",
                    _ => return None,
                };
                return Some((ty, message));
            }
            let last = path.path.segments.last()?;
            let inner = arguments(last);
            if last.ident == "Option" && inner.iter().any(|ty| is_option(ty)) {
                return Some((
                    ty,
                    "there is one `null` on the wire: take one `Option` away",
                ));
            }
            inner.into_iter().find_map(impossible)
        }
        syn::Type::Group(group) => impossible(&group.elem),
        syn::Type::Paren(paren) => impossible(&paren.elem),
        syn::Type::Tuple(tuple) => match tuple.elems.len() {
            2 | 3 => tuple.elems.iter().find_map(impossible),
            _ => Some((ty, "a tuple has two or three parts here: use a struct")),
        },
        syn::Type::Reference(_) => Some((
            ty,
            "a row owns its values: use `String`, or the type without `&`",
        )),
        syn::Type::Array(_) | syn::Type::Slice(_) => {
            Some((ty, "arrays aren't supported: use a `Vec`"))
        }
        syn::Type::Ptr(_)
        | syn::Type::FnPtr(_)
        | syn::Type::TraitObject(_)
        | syn::Type::ImplTrait(_)
        | syn::Type::Never(_)
        | syn::Type::Infer(_) => Some((ty, "a field holds a value that can be stored")),
        _ => None,
    }
}

fn inner(segment: &PathSegment) -> Option<Shared<Type>> {
    match arguments(segment)[..] {
        [one] => known(one).map(Shared::from),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Vec<&syn::Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

//! The types of other crates that can be a field's: those for which `vertebra_schema::Described` is implemented.
//!
//! Invariant: every path here is one by which that very type can be named; re-exports elsewhere aren't known.

use vertebra_schema::Type;

/// Types that this crate knows outside of the crate that it reads.
pub(super) enum Known {
    Plain(Type),
    Optional,
    List,
    Boxed,
    Map,
}

/// Whether a path from outside is a type that can be a field's.
pub(super) fn is_known(path: &[String]) -> bool {
    known(path).is_some()
}

/// What a path from outside means.
pub(super) fn known(path: &[String]) -> Option<Known> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let integer = |bits, signed| Some(Known::Plain(Type::Integer { bits, signed }));
    let plain = |ty| Some(Known::Plain(ty));
    match path[..] {
        [primitive] | ["std" | "core", "primitive", primitive] => match primitive {
            "bool" => plain(Type::Bool),
            "char" => plain(Type::Char),
            "f32" | "f64" => plain(Type::Float),
            "i8" => integer(8, true),
            "i16" => integer(16, true),
            "i32" => integer(32, true),
            "i64" => integer(64, true),
            "u8" => integer(8, false),
            "u16" => integer(16, false),
            "u32" => integer(32, false),
            "u64" => integer(64, false),
            _ => None,
        },
        ["std" | "alloc", "string", "String"] => plain(Type::String),
        ["std" | "core", "option", "Option"] => Some(Known::Optional),
        ["std" | "alloc", "vec", "Vec"] => Some(Known::List),
        ["std" | "alloc", "boxed", "Box"] => Some(Known::Boxed),
        ["std" | "alloc", "collections", "BTreeMap"] => Some(Known::Map),
        ["std" | "alloc", "collections", "btree_map", "BTreeMap"] => Some(Known::Map),
        ["std", "collections", "HashMap"] | ["std", "collections", "hash_map", "HashMap"] => {
            Some(Known::Map)
        }
        ["uuid", "Uuid"] => plain(Type::Uuid),
        ["jiff", "Timestamp"] => plain(Type::Timestamp),
        ["jiff", "civil", "Date"] => plain(Type::Date),
        ["serde_json", "Value"] | ["serde_json", "value", "Value"] => plain(Type::Json),
        _ => None,
    }
}

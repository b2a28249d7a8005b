//! The models of the cases.
//!
//! Invariant: between them they have every type, every flag that a store knows, and names that hurt.

use serde_json::Value;
use vertebra_schema::{Described, Field, Flag, Model, Schema, Shared, Type};

/// A field without default or flags.
pub(crate) fn field(name: &str, ty: &Type) -> Field {
    Field {
        name: name.into(),
        ident: name.into(),
        ty: ty.clone().into(),
        docs: "".into(),
        default: None,
        flags: Shared::Static(&[]),
        rules: Shared::Static(&[]),
    }
}

/// The field with flags.
pub(crate) fn flagged(mut field: Field, flags: &[Flag]) -> Field {
    field.flags = flags.to_vec().into();
    field
}

/// The field with a default.
pub(crate) fn defaulted(mut field: Field, value: Value) -> Field {
    field.default = Some(value.to_string().into());
    field
}

/// The id that clients make.
pub(crate) fn text_id() -> Field {
    flagged(field("id", String::TYPE), &[Flag::Id])
}

pub(crate) fn model(collection: &str, fields: Vec<Field>) -> Model {
    Model {
        name: collection.into(),
        collection: collection.into(),
        docs: "".into(),
        realtime: true,
        strict: false,
        fields: fields.into(),
    }
}

pub(crate) fn schema(models: Vec<Model>) -> Schema {
    Schema { models }
}

/// Ordinary rows.
pub(crate) fn todos() -> Vec<Field> {
    vec![
        text_id(),
        field("title", String::TYPE),
        defaulted(field("done", bool::TYPE), false.into()),
        field("priority", Option::<i32>::TYPE),
        flagged(field("owner", Option::<String>::TYPE), &[Flag::Index]),
        flagged(field("slug", Option::<String>::TYPE), &[Flag::Unique]),
        flagged(field("note", Option::<String>::TYPE), &[Flag::Secret]),
    ]
}

/// Every type, each nullable, and ids that the database makes.
fn everything() -> Vec<Field> {
    let values: Shared<[Shared<str>]> = vec!["low".into(), "high".into()].into();
    let level = Type::Enum {
        name: "Level".into(),
        values,
    };
    let of = |ty: Type| Type::Optional(ty.into());
    vec![
        flagged(field("id", i64::TYPE), &[Flag::Id]),
        field("bool", Option::<bool>::TYPE),
        field("small", Option::<i8>::TYPE),
        field("medium", Option::<u32>::TYPE),
        field("big", Option::<i64>::TYPE),
        field("huge", Option::<u64>::TYPE),
        flagged(field("number", Option::<i64>::TYPE), &[Flag::Number]),
        field("float", Option::<f64>::TYPE),
        field("text", Option::<String>::TYPE),
        field("char", Option::<char>::TYPE),
        field("uuid", Option::<uuid::Uuid>::TYPE),
        field("moment", Option::<jiff::Timestamp>::TYPE),
        field("day", Option::<jiff::civil::Date>::TYPE),
        field("decimal", &of(Type::Decimal)),
        field("bytes", &of(Type::Bytes)),
        field("level", &of(level)),
        field("list", Option::<Vec<u64>>::TYPE),
        field("json", serde_json::Value::TYPE),
    ]
}

/// Names that hurt where they are not quoted.
pub(crate) const HOSTILE: &str = "select \"x\"; DROP TABLE todos; --";

fn hostile() -> Vec<Field> {
    let text = Option::<String>::TYPE;
    vec![
        flagged(field("constructor", String::TYPE), &[Flag::Id]),
        flagged(field("__proto__", text), &[Flag::Index]),
        flagged(field("order", text), &[Flag::Unique]),
        field("a\"b'c", text),
        field("rowid", text),
        field("größe 🦴", text),
        field("?1", text),
    ]
}

/// What most cases use.
pub(crate) fn standard() -> Schema {
    let mut strict = model("strict", vec![text_id(), field("title", String::TYPE)]);
    strict.strict = true;
    schema(vec![
        model("todos", todos()),
        model("everything", everything()),
        model(HOSTILE, hostile()),
        strict,
    ])
}

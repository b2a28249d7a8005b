//! The vectors of `tests/protocol/validation.json`, which the generated JavaScript runs too: both sides find the same
//! values wrong, for the same reason, in the same words.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::path::Path;
use vertebra_schema::{Field, Flag, Number, Problems, Rule, Shared, Type, accept};

/// What the table of the generated JavaScript could say and no model can.
const BEYOND_MODELS: [(&str, &str); 3] = [
    ("one of numbers", "`one_of` is for strings"),
    ("an item too long", "the items of a list have no rules"),
    (
        "json, null where null is not allowed",
        "`null` is JSON: the generator marks such a field as nullable",
    ),
];

#[test]
fn both_sides_agree() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/protocol/validation.json");
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut skipped = 0;
    let mut wrong = Vec::new();
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        if BEYOND_MODELS.iter().any(|(beyond, _)| *beyond == name) {
            skipped += 1;
            continue;
        }
        let field = field("value", &vector["field"]);
        let expected: Problems = match vector["message"].as_str() {
            Some(message) => {
                let path = vector.get("path").and_then(Value::as_str);
                [(path.unwrap_or("value").to_string(), message.to_string())].into()
            }
            None => Problems::new(),
        };
        let found = problems(&field, vector);
        if found != expected {
            wrong.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
    }
    assert_eq!(skipped, BEYOND_MODELS.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a server says about a value, absent or given, that a client sends for a new row.
fn problems(field: &Field, vector: &Value) -> Problems {
    let mut problems = Problems::new();
    let mut say = |message: &str| {
        problems.insert("value".to_string(), message.to_string());
    };
    match vector.get("value") {
        None if field.is_required() => say("is required"),
        None => {}
        Some(_) if field.is_read_only() => say("is read-only"),
        Some(value) => {
            let accepted = accept(field, value.clone(), &mut problems);
            assert_eq!(accepted.is_some(), problems.is_empty(), "{vector}");
        }
    }
    problems
}

/// A field from the table that the generated JavaScript has of it.
fn field(name: &str, table: &Value) -> Field {
    let is = |key: &str| table[key] == json!(true);
    let (mut ty, as_number) = ty(table);
    if is("nullable") {
        ty = Type::Optional(ty.into());
    }
    let mut flags = Vec::new();
    if is("readOnly") {
        flags.push(Flag::ReadOnly);
    }
    if as_number {
        flags.push(Flag::Number);
    }
    let mut rules = Vec::new();
    let length = |key: &str| table[key].as_u64().map(|length| length as u32);
    if table.get("minLength").is_some() || table.get("maxLength").is_some() {
        rules.push(Rule::Len(length("minLength"), length("maxLength")));
    }
    if table["type"] != "integer" {
        rules.extend(bound(&table["minimum"]).map(Rule::Min));
        rules.extend(bound(&table["maximum"]).map(Rule::Max));
    }
    rules.extend(
        table["pattern"]
            .as_str()
            .map(|one| Rule::Pattern(one.into())),
    );
    if table.get("oneOf").is_some() {
        rules.push(Rule::OneOf(texts(&table["oneOf"])));
    }
    Field {
        name: name.into(),
        ident: name.into(),
        ty: ty.into(),
        docs: "".into(),
        // Any default makes a field one that need not be given.
        default: (!is("required")).then(|| "null".into()),
        flags: flags.into(),
        rules: rules.into(),
    }
}

/// A type, and whether it is a 64-bit integer that travels as a number.
fn ty(table: &Value) -> (Type, bool) {
    let part = |key: &str| Shared::from(ty(&table[key]).0);
    let simple = match table["type"].as_str().unwrap() {
        "boolean" => Type::Bool,
        "string" => Type::String,
        "char" => Type::Char,
        "number" => Type::Float,
        "uuid" => Type::Uuid,
        "date" => Type::Date,
        "date-time" => Type::Timestamp,
        "decimal" => Type::Decimal,
        "bytes" => Type::Bytes,
        "json" => Type::Json,
        "int64" => Type::Integer {
            bits: 64,
            signed: true,
        },
        "uint64" => Type::Integer {
            bits: 64,
            signed: false,
        },
        // In JavaScript the width of an integer is a pair of bounds.
        "integer" => {
            let limit = table["maximum"].as_i64().unwrap_or(i64::from(i32::MAX));
            let signed = table["minimum"] != 0;
            return match limit {
                255 => (Type::Integer { bits: 8, signed }, false),
                0x7fff_ffff => (Type::Integer { bits: 32, signed }, false),
                _ => (Type::Integer { bits: 64, signed }, true),
            };
        }
        "array" => Type::List(part("items")),
        "map" => Type::Map(part("values")),
        "tuple" => {
            let parts = table["items"].as_array().unwrap().iter();
            Type::Tuple(
                parts
                    .map(|part| ty(part).0.into())
                    .collect::<Vec<_>>()
                    .into(),
            )
        }
        "enum" => Type::Enum {
            name: "Choice".into(),
            values: texts(&table["values"]),
        },
        "object" => {
            let fields = table["fields"].as_object().unwrap().iter();
            Type::Struct {
                name: "Part".into(),
                fields: fields
                    .map(|(name, part)| field(name, part))
                    .collect::<Vec<_>>()
                    .into(),
            }
        }
        other => panic!("no such type: {other}"),
    };
    (simple, false)
}

fn bound(value: &Value) -> Option<Number> {
    match value {
        Value::String(digits) => Some(Number::Int(digits.parse().unwrap())),
        value => value
            .as_i64()
            .map(Number::Int)
            .or(value.as_f64().map(Number::Float)),
    }
}

fn texts(values: &Value) -> Shared<[Shared<str>]> {
    let texts = values.as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().into())
        .collect::<Vec<_>>()
        .into()
}

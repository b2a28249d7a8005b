//! What the browser has to know of a field, as the `schema` of a generated class.
//!
//! Invariant: a secret field is nowhere in it, at any depth.

use super::{escape, literal::Literal};
use vertebra_schema::{Field, Flag, Model, Number, Rule, Type};

/// The largest whole number below which JavaScript's numbers are exact.
const EXACT: i64 = (1 << 53) - 1;

/// The fields of a model that leave the server, one text each: `title: {type: 'string'}`.
pub(super) fn lines(model: &Model) -> Vec<String> {
    const INDENT: usize = 6;
    let line = |field: &Field| {
        let key = escape::key(&field.name);
        let made = field.is(Flag::Id) && model.database_makes_ids();
        let column = INDENT + key.chars().count() + 2;
        format!("{key}: {}", described(field, made).print(INDENT, column, 1))
    };
    model.visible().map(|(_, field)| line(field)).collect()
}

/// The same for a struct inside of a row.
fn fields(fields: &[Field]) -> Literal {
    let visible = fields.iter().filter(|field| !field.is(Flag::Secret));
    Literal::Object(
        visible
            .map(|field| (escape::key(&field.name), described(field, false)))
            .collect(),
    )
}

/// One field; `made` says that the database gives it its value.
fn described(field: &Field, made: bool) -> Literal {
    let mut entries = entries(field.ty.required(), field.is_number());
    // `required` says that there must be a value, `nullable` that it may be null.
    for (name, holds) in [
        ("nullable", field.ty.is_nullable()),
        ("required", field.is_required()),
        ("readOnly", made || field.is_read_only()),
        ("createOnly", field.is(Flag::CreateOnly)),
    ] {
        if holds {
            entries.push((name.to_string(), Literal::text("true")));
        }
    }
    for rule in field.rules.iter() {
        add_rule(&mut entries, rule);
    }
    Literal::Object(entries)
}

/// A type inside of another one: an item, a value of a map.
fn nested(ty: &Type) -> Literal {
    let mut entries = entries(ty.required(), false);
    if ty.is_nullable() {
        entries.push(("nullable".to_string(), Literal::text("true")));
    }
    Literal::Object(entries)
}

fn entries(ty: &Type, as_number: bool) -> Vec<(String, Literal)> {
    let (name, mut details): (&str, Vec<(&str, Literal)>) = match ty {
        Type::Bool => ("boolean", vec![]),
        Type::String => ("string", vec![]),
        Type::Char => ("char", vec![]),
        Type::Float => ("number", vec![]),
        Type::Uuid => ("uuid", vec![]),
        Type::Date => ("date", vec![]),
        Type::Timestamp => ("date-time", vec![]),
        Type::Decimal => ("decimal", vec![]),
        Type::Bytes => ("bytes", vec![]),
        Type::Json => ("json", vec![]),
        Type::Integer { bits, signed } if *bits < 64 || as_number => {
            let (least, most) = bounds(*bits, *signed);
            let number = |bound: i64| Literal::text(bound.to_string());
            (
                "integer",
                vec![("minimum", number(least)), ("maximum", number(most))],
            )
        }
        Type::Integer { signed: true, .. } => ("int64", vec![]),
        Type::Integer { signed: false, .. } => ("uint64", vec![]),
        Type::List(item) => ("array", vec![("items", nested(item))]),
        Type::Map(value) => ("map", vec![("values", nested(value))]),
        Type::Tuple(items) => {
            let items = items.iter().map(|item| nested(item)).collect();
            ("tuple", vec![("items", Literal::Array(items))])
        }
        Type::Enum { values, .. } => ("enum", vec![("values", strings(values))]),
        Type::Struct { fields: inner, .. } => ("object", vec![("fields", fields(inner))]),
        // An option in an option is one on the wire: there is one `null`.
        Type::Optional(inner) => return entries(inner, as_number),
    };
    details.insert(0, ("type", Literal::text(escape::string(name))));
    details
        .into_iter()
        .map(|(key, value)| (key.to_string(), value))
        .collect()
}

/// What fits in an integer of the width, as far as JavaScript's numbers are exact.
fn bounds(bits: u8, signed: bool) -> (i64, i64) {
    match (bits, signed) {
        (64.., true) => (-EXACT, EXACT),
        (64.., false) => (0, EXACT),
        (bits, true) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        (bits, false) => (0, (1 << bits) - 1),
    }
}

fn strings(values: &[vertebra_schema::Shared<str>]) -> Literal {
    let values = values
        .iter()
        .map(|value| Literal::text(escape::string(value)));
    Literal::Array(values.collect())
}

/// Adds what a rule says. A bound takes the place of the width's when it is narrower.
fn add_rule(entries: &mut Vec<(String, Literal)>, rule: &Rule) {
    let mut set = |key: &str, value: Literal| {
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, known)) if is_wider(key, known, &value) => *known = value,
            Some(_) => {}
            None => entries.push((key.to_string(), value)),
        };
    };
    match rule {
        Rule::Min(bound) => set("minimum", number(bound)),
        Rule::Max(bound) => set("maximum", number(bound)),
        Rule::Len(least, most) => {
            for (key, bound) in [("minLength", least), ("maxLength", most)] {
                if let Some(bound) = bound {
                    set(key, Literal::text(bound.to_string()));
                }
            }
        }
        Rule::Pattern(pattern) => set("pattern", Literal::text(escape::string(pattern))),
        Rule::OneOf(values) => set("oneOf", strings(values)),
    }
}

/// Whether a known bound allows more than a new one. Text that is no number is not comparable, and stays.
fn is_wider(key: &str, known: &Literal, new: &Literal) -> bool {
    let value = |literal: &Literal| match literal {
        Literal::Text(text) => text.trim_matches('\'').parse::<f64>().ok(),
        _ => None,
    };
    match (value(known), value(new)) {
        (Some(known), Some(new)) if key.starts_with("max") => new < known,
        (Some(known), Some(new)) => new > known,
        _ => false,
    }
}

/// A bound; one that a JavaScript number would round is a string, which is how 64-bit integers travel too.
fn number(bound: &Number) -> Literal {
    match bound {
        Number::Int(whole) if (-EXACT..=EXACT).contains(whole) => Literal::text(whole.to_string()),
        Number::Int(whole) => Literal::text(escape::string(&whole.to_string())),
        Number::Float(fraction) => Literal::text(fraction.to_string()),
    }
}

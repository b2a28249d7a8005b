//! Between the JSON that serde makes of a Rust value and the JSON on the wire.
//!
//! They differ in one thing: 64-bit integers are decimal strings on the wire, because JavaScript would round them.
//! Invariant: `from_wire(to_wire(x)) == x` for every value of a type.

use crate::{Field, Model, Type};
use serde_json::{Map, Value};

/// Turns what serde made of a model into what is on the wire.
///
/// ```
/// use serde_json::json;
/// use vertebra_schema::{Described, Field, Model, from_wire, to_wire};
///
/// const FIELDS: &[Field] = &[Field::new("total", "total", u64::TYPE, "", None, &[], &[])];
/// const BILL: Model = Model::new("Bill", "bills", "", true, false, FIELDS);
/// let mut row = json!({"total": 18446744073709551615u64});
/// to_wire(&BILL, &mut row);
/// assert_eq!(row, json!({"total": "18446744073709551615"}));
/// from_wire(&BILL, &mut row);
/// assert_eq!(row, json!({"total": 18446744073709551615u64}));
/// ```
pub fn to_wire(model: &Model, row: &mut Value) {
    fields(&model.fields, row, Direction::Out);
}

/// Turns a row from the wire into what serde reads.
pub fn from_wire(model: &Model, row: &mut Value) {
    fields(&model.fields, row, Direction::In);
}

/// Turns what serde made of one field's value into what is on the wire.
pub fn value_to_wire(field: &Field, value: &mut Value) {
    if !field.is_number() {
        turn(&field.ty, value, Direction::Out);
    }
}

/// Turns one field's value from the wire into what serde reads.
pub fn value_from_wire(field: &Field, value: &mut Value) {
    if !field.is_number() {
        turn(&field.ty, value, Direction::In);
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Out,
    In,
}

fn fields(fields: &[Field], row: &mut Value, direction: Direction) {
    if let Value::Object(entries) = row {
        for field in fields.iter().filter(|field| !field.is_number()) {
            if holds_big(&field.ty)
                && let Some(value) = entries.get_mut(&*field.name)
            {
                turn(&field.ty, value, direction);
            }
        }
    }
}

/// Whether a value of the type can contain a 64-bit integer; most rows have none and are left alone.
fn holds_big(ty: &Type) -> bool {
    match ty {
        Type::Integer { bits, .. } => *bits >= 64,
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => holds_big(inner),
        Type::Tuple(types) => types.iter().any(|ty| holds_big(ty)),
        Type::Struct { fields, .. } => fields.iter().any(|field| holds_big(&field.ty)),
        _ => false,
    }
}

fn turn(ty: &Type, value: &mut Value, direction: Direction) {
    match (ty, &mut *value) {
        (Type::Optional(inner), value) if !value.is_null() => turn(inner, value, direction),
        (Type::Integer { bits: 64, .. }, number) => {
            let turned = match (direction, &*number) {
                (Direction::Out, Value::Number(number)) => Some(Value::String(number.to_string())),
                (Direction::In, Value::String(digits)) => digits
                    .parse::<i64>()
                    .map(Value::from)
                    .or_else(|_| digits.parse::<u64>().map(Value::from))
                    .ok(),
                _ => None,
            };
            if let Some(turned) = turned {
                *number = turned;
            }
        }
        (Type::List(item), Value::Array(items)) => {
            items.iter_mut().for_each(|one| turn(item, one, direction));
        }
        (Type::Tuple(types), Value::Array(items)) => {
            for (ty, one) in types.iter().zip(items) {
                turn(ty, one, direction);
            }
        }
        (Type::Map(item), Value::Object(entries)) => turn_values(item, entries, direction),
        (Type::Struct { fields: inner, .. }, value) => fields(inner, value, direction),
        _ => {}
    }
}

fn turn_values(item: &Type, entries: &mut Map<String, Value>, direction: Direction) {
    entries
        .values_mut()
        .for_each(|one| turn(item, one, direction));
}

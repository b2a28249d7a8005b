//! The order of rows, as the server's database has it.
//!
//! Invariant: equal to the order of a `list` with the same `sort`: nothing before something, text by its code points,
//! numbers by their value, and at last by id.

use crate::schema::{Model, Type};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// One level: the field's name, its type, and whether the largest comes first.
type Level = (&'static str, &'static Type, bool);

#[derive(Clone, Debug)]
pub(super) struct Sorting(Vec<Level>);

impl Sorting {
    /// `names` as in a query: a minus for descending. Names that aren't fields are the server's to refuse.
    pub(super) fn new(model: &'static Model, names: &[String]) -> Sorting {
        let levels = names.iter().filter_map(|name| {
            let plain = name.strip_prefix('-');
            let field = model.field(plain.unwrap_or(name))?;
            Some((&*field.name, &*field.ty, plain.is_some()))
        });
        let id = model.id();
        Sorting(levels.chain([(&*id.name, &*id.ty, false)]).collect())
    }

    pub(super) fn compare(&self, a: &Map<String, Value>, b: &Map<String, Value>) -> Ordering {
        let levels = self.0.iter().map(|(name, ty, descending)| {
            let value = |row: &Map<String, Value>| row.get(*name).cloned().unwrap_or_default();
            let order = compare(ty, &value(a), &value(b));
            if *descending { order.reverse() } else { order }
        });
        levels.fold(Ordering::Equal, Ordering::then)
    }
}

fn compare(ty: &Type, a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => b.is_null().cmp(&a.is_null()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a
                .as_f64()
                .partial_cmp(&b.as_f64())
                .unwrap_or(Ordering::Equal),
        },
        (Value::String(a), Value::String(b)) => text(ty.required(), a, b),
        _ => Ordering::Equal,
    }
}

/// Some types are text only on the wire.
fn text(ty: &Type, a: &str, b: &str) -> Ordering {
    fn parsed<T: std::str::FromStr + Ord>(a: &str, b: &str) -> Option<Ordering> {
        Some(a.parse::<T>().ok()?.cmp(&b.parse::<T>().ok()?))
    }
    let parsed = match ty {
        Type::Integer { .. } => parsed::<i128>(a, b),
        Type::Timestamp => parsed::<jiff::Timestamp>(a, b),
        _ => None,
    };
    parsed.unwrap_or_else(|| a.cmp(b))
}

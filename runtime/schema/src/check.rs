//! Whether a value from a client may be stored in a field, and its canonical form.
//!
//! The words are the ones that the generated JavaScript uses; `tests/protocol/validation.json` is run by both.
//! Invariant: what `accept` returns is in wire form and equal values have equal forms, so that rows can be compared.

use crate::forms::{is_base64, is_decimal, is_whole, moment};
use crate::pattern;
use crate::{Field, Rule, Type};
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// What is wrong, by the path of the value that is wrong: `title`, `tags.2`, `address.city`.
pub type Problems = BTreeMap<String, String>;

/// Checks a value for a field. Returns its canonical form, or adds what is wrong to `problems`.
///
/// ```
/// use vertebra_schema::{Described, Field, Problems, Rule, accept};
///
/// let title = Field::new("title", "title", String::TYPE, "", None, &[], &[Rule::Len(Some(1), Some(3))]);
/// let mut problems = Problems::new();
/// assert_eq!(accept(&title, "abc".into(), &mut problems), Some("abc".into()));
/// assert_eq!(accept(&title, "abcd".into(), &mut problems), None);
/// assert_eq!(problems["title"], "must have at most 3 characters");
/// ```
pub fn accept(field: &Field, value: Value, problems: &mut Problems) -> Option<Value> {
    accept_at(&field.name, field, value, problems)
}

fn accept_at(path: &str, field: &Field, value: Value, problems: &mut Problems) -> Option<Value> {
    let before = problems.len();
    if let (Type::List(_), Value::Array(items)) = (field.ty.required(), &value)
        && let Some(message) = broken_length(&field.rules, items.len(), "item")
    {
        // A list that is too long is not read to its end.
        problems.insert(path.to_string(), message);
        return None;
    }
    let value = convert(path, &field.ty, field.is_number(), value, problems)?;
    if problems.len() > before {
        return None;
    }
    if !value.is_null()
        && let Some(message) = broken_rule(&field.rules, &value)
    {
        problems.insert(path.to_string(), message);
        return None;
    }
    Some(value)
}

/// The canonical form of a value of a type, or `None` with the reason in `problems`.
fn convert(
    path: &str,
    ty: &Type,
    as_number: bool,
    value: Value,
    problems: &mut Problems,
) -> Option<Value> {
    let refuse = |problems: &mut Problems, message: &str| {
        problems.insert(path.to_string(), message.to_string());
        None
    };
    if let Type::Optional(inner) = ty {
        return match value {
            Value::Null => Some(Value::Null),
            value => convert(path, inner, as_number, value, problems),
        };
    }
    if value.is_null() && !matches!(ty, Type::Json) {
        return refuse(problems, "must not be null");
    }
    let accepted = match ty {
        Type::Optional(_) | Type::Json => Ok(value),
        Type::Bool => keep(value, Value::is_boolean, "must be a boolean"),
        Type::String => keep(value, Value::is_string, "must be a string"),
        Type::Integer { bits, signed } if *bits < 64 || as_number => {
            let limit = if *bits < 64 { *bits } else { 54 };
            small_integer(&value, limit, *signed)
        }
        Type::Integer { signed, .. } => big_integer(&value, *signed),
        Type::Float => match value.as_f64() {
            // Adding zero makes 0 of -0, which is equal to it.
            Some(number) if value.is_number() => Number::from_f64(number + 0.0)
                .map(Value::Number)
                .ok_or_else(|| "must be a number".to_string()),
            _ => Err("must be a number".to_string()),
        },
        Type::Char => text(&value, "must be a single character", |text| {
            (text.chars().count() == 1).then(|| text.to_string())
        }),
        Type::Uuid => text(&value, "must be a UUID", |text| {
            let hyphenated = text.len() == 36;
            let id = uuid::Uuid::try_parse(text).ok().filter(|_| hyphenated)?;
            Some(id.hyphenated().to_string())
        }),
        Type::Timestamp => text(
            &value,
            "must be a date and time such as 2026-01-31T12:00:00Z",
            |text| moment(text).map(|moment| moment.to_string()),
        ),
        Type::Date => text(&value, "must be a date such as 2026-01-31", |text| {
            let date = text.parse::<jiff::civil::Date>().ok()?.to_string();
            (date == text).then_some(date)
        }),
        Type::Decimal => text(&value, "must be a decimal number in a string", |text| {
            is_decimal(text).then(|| text.to_string())
        }),
        Type::Bytes => text(&value, "must be base64 text", |text| {
            is_base64(text).then(|| text.to_string())
        }),
        Type::Enum { values, .. } => match value.as_str() {
            Some(text) if values.iter().any(|one| &**one == text) => Ok(value),
            _ => Err(one_of(values)),
        },
        Type::List(item) => match value {
            Value::Array(items) => {
                return items
                    .into_iter()
                    .enumerate()
                    .map(|(i, one)| convert(&format!("{path}.{i}"), item, false, one, problems))
                    // Every item is looked at, so that every problem is named.
                    .fold(Some(Vec::new()), collect)
                    .map(Value::Array);
            }
            _ => Err("must be a list".to_string()),
        },
        Type::Tuple(types) => match value {
            Value::Array(items) if items.len() == types.len() => {
                return items
                    .into_iter()
                    .zip(types.iter())
                    .enumerate()
                    .map(|(i, (one, ty))| convert(&format!("{path}.{i}"), ty, false, one, problems))
                    .fold(Some(Vec::new()), collect)
                    .map(Value::Array);
            }
            Value::Array(items) => Err(length(items.len(), "item", types.len(), types.len())),
            _ => Err("must be a list".to_string()),
        },
        Type::Map(item) => match value {
            Value::Object(entries) => {
                return entries
                    .into_iter()
                    .map(|(key, one)| {
                        let one = convert(&format!("{path}.{key}"), item, false, one, problems)?;
                        Some((key, one))
                    })
                    .fold(Some(Vec::new()), collect)
                    .map(|entries| Value::Object(entries.into_iter().collect()));
            }
            _ => Err("must be an object".to_string()),
        },
        Type::Struct { fields, .. } => match value {
            Value::Object(entries) => return record(path, fields, entries, problems),
            _ => Err("must be an object".to_string()),
        },
    };
    match accepted {
        Ok(value) => Some(value),
        Err(message) => refuse(problems, &message),
    }
}

/// A nested struct: known fields only, every required one there.
fn record(
    path: &str,
    fields: &[Field],
    mut entries: serde_json::Map<String, Value>,
    problems: &mut Problems,
) -> Option<Value> {
    let before = problems.len();
    let mut accepted = serde_json::Map::new();
    for field in fields {
        let at = format!("{path}.{}", field.name);
        match entries.remove(&*field.name) {
            Some(value) => {
                if let Some(value) = accept_at(&at, field, value, problems) {
                    accepted.insert(field.name.to_string(), value);
                }
            }
            None if field.is_required() => {
                problems.insert(at, "is required".to_string());
            }
            None => {
                let default = field.default.as_deref();
                let value = default.and_then(|json| serde_json::from_str(json).ok());
                accepted.insert(field.name.to_string(), value.unwrap_or_default());
            }
        }
    }
    for unknown in entries.keys() {
        problems.insert(format!("{path}.{unknown}"), "is not a field".to_string());
    }
    (problems.len() == before).then_some(Value::Object(accepted))
}

fn collect<T>(all: Option<Vec<T>>, one: Option<T>) -> Option<Vec<T>> {
    match (all, one) {
        (Some(mut all), Some(one)) => {
            all.push(one);
            Some(all)
        }
        _ => None,
    }
}

fn keep(value: Value, right: fn(&Value) -> bool, message: &str) -> Result<Value, String> {
    if right(&value) {
        Ok(value)
    } else {
        Err(message.to_string())
    }
}

fn text(
    value: &Value,
    message: &str,
    canonical: impl FnOnce(&str) -> Option<String>,
) -> Result<Value, String> {
    value
        .as_str()
        .and_then(canonical)
        .map(Value::String)
        .ok_or_else(|| message.to_string())
}

/// An integer that is a JSON number; `bits` is its width, or 54 for one that must be exact as a 64-bit float.
fn small_integer(value: &Value, bits: u8, signed: bool) -> Result<Value, String> {
    let number = match value.as_i64() {
        Some(number) => number,
        // `3.0` is the number 3 in JSON; anything with a fraction or out of reach is not.
        None => match value.as_f64() {
            Some(number) if number.fract() == 0.0 && number.abs() < 9.1e15 => number as i64,
            Some(number) if number.fract() == 0.0 => {
                let (least, most) = bounds(bits, signed);
                return Err(if number < 0.0 {
                    format!("must be at least {least}")
                } else {
                    format!("must be at most {most}")
                });
            }
            _ => return Err("must be an integer".to_string()),
        },
    };
    let (least, most) = bounds(bits, signed);
    if number < least {
        Err(format!("must be at least {least}"))
    } else if number > most {
        Err(format!("must be at most {most}"))
    } else {
        Ok(number.into())
    }
}

fn bounds(bits: u8, signed: bool) -> (i64, i64) {
    match (bits, signed) {
        (54, true) => (-((1 << 53) - 1), (1 << 53) - 1),
        (54, false) => (0, (1 << 53) - 1),
        (bits, true) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        (bits, false) => (0, (1 << bits) - 1),
    }
}

/// An integer that is a string of decimal digits.
fn big_integer(value: &Value, signed: bool) -> Result<Value, String> {
    let message = || "must be an integer in a string".to_string();
    let text = value.as_str().ok_or_else(message)?;
    if !is_whole(text) {
        return Err(message());
    }
    let (least, most) = if signed {
        (i128::from(i64::MIN), i128::from(i64::MAX))
    } else {
        (0, i128::from(u64::MAX))
    };
    match text.parse::<i128>() {
        Ok(number) if number < least => Err(format!("must be at least {least}")),
        Ok(number) if number > most => Err(format!("must be at most {most}")),
        Ok(number) => Ok(number.to_string().into()),
        Err(_) if text.starts_with('-') => Err(format!("must be at least {least}")),
        Err(_) => Err(format!("must be at most {most}")),
    }
}

fn one_of(values: &[crate::Shared<str>]) -> String {
    let names: Vec<&str> = values.iter().map(|value| &**value).collect();
    format!("must be one of: {}", names.join(", "))
}

/// What the first broken rule says.
pub(crate) fn broken_rule(rules: &[Rule], value: &Value) -> Option<String> {
    // Width before length before pattern before choice, whatever the order in the source.
    let rank = |rule: &&Rule| match rule {
        Rule::Min(_) | Rule::Max(_) => 0,
        Rule::Len(..) => 1,
        Rule::Pattern(_) => 2,
        Rule::OneOf(_) => 3,
    };
    let mut ordered: Vec<&Rule> = rules.iter().collect();
    ordered.sort_by_key(rank);
    ordered.into_iter().find_map(|rule| match rule {
        Rule::Min(least) => {
            (compare(value, least)?.is_lt()).then(|| format!("must be at least {least}"))
        }
        Rule::Max(most) => {
            (compare(value, most)?.is_gt()).then(|| format!("must be at most {most}"))
        }
        Rule::Len(..) => match value {
            Value::String(text) => broken_length(rules, text.chars().count(), "character"),
            Value::Array(items) => broken_length(rules, items.len(), "item"),
            _ => None,
        },
        Rule::Pattern(pattern) => {
            let matches = pattern::matches(pattern, value.as_str().unwrap_or_default());
            (!matches).then(|| format!("must match {pattern}"))
        }
        Rule::OneOf(values) => {
            let known = values.iter().any(|one| Some(&**one) == value.as_str());
            (!known).then(|| one_of(values))
        }
    })
}

/// What the rules say about a length.
fn broken_length(rules: &[Rule], count: usize, unit: &str) -> Option<String> {
    rules.iter().find_map(|rule| match rule {
        Rule::Len(least, most) => {
            let least = least.map_or(0, |least| least as usize);
            let most = most.map_or(usize::MAX, |most| most as usize);
            (count < least || count > most).then(|| length(count, unit, least, most))
        }
        _ => None,
    })
}

/// The sentence about a length that is not within its bounds.
fn length(count: usize, unit: &str, least: usize, most: usize) -> String {
    let (word, limit) = if count < least {
        ("least", least)
    } else {
        ("most", most)
    };
    let plural = if limit == 1 { "" } else { "s" };
    format!("must have at {word} {limit} {unit}{plural}")
}

/// How a value compares with a bound; a 64-bit integer is a string.
fn compare(value: &Value, bound: &crate::Number) -> Option<std::cmp::Ordering> {
    match bound {
        crate::Number::Int(bound) => {
            let whole = match value {
                Value::String(digits) => digits.parse::<i128>().ok(),
                value => value.as_i64().map(i128::from),
            };
            match whole {
                Some(whole) => Some(whole.cmp(&i128::from(*bound))),
                None => value.as_f64()?.partial_cmp(&(*bound as f64)),
            }
        }
        crate::Number::Float(bound) => value.as_f64()?.partial_cmp(bound),
    }
}

//! Whether what is said about a field fits its type.
//!
//! The derive asks in a constant, because only the compiler knows what an alias stands for; the other front-ends ask at
//! run time. Invariant: what one refuses for a reason of types, the other refuses in the same words.

use crate::{Field, Problems, Rule, Type, accept};

/// Something that was said about a field and does not fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The attribute that does not fit, such as `len`.
    pub attribute: &'static str,
    /// Why, as a sentence without its first letter in capitals.
    pub message: String,
}

/// Everything about a field that does not fit its type, or contradicts itself.
///
/// ```
/// use vertebra_schema::{Described, Field, Rule, misfits};
///
/// let field = Field::new("done", "done", bool::TYPE, "", None, &[], &[Rule::Len(Some(1), None)]);
/// assert_eq!(misfits(&field)[0].message, "`len` is for strings and lists");
/// ```
pub fn misfits(field: &Field) -> Vec<Misfit> {
    let count = field.flags.len() + field.rules.len() + 1;
    let mut all: Vec<Misfit> = (0..count)
        .filter_map(|part| {
            let message = running::misfit(field, part)?;
            Some(Misfit {
                attribute: attribute(field, part),
                message: message.to_string(),
            })
        })
        .collect();
    all.extend(broken_rules(&field.rules));
    if all.is_empty()
        && let Some(message) = broken_default(field)
    {
        all.push(Misfit {
            attribute: "default",
            message,
        });
    }
    all
}

/// Stops the build, with the reason, if something about a field of a constant field does not fit its type.
///
/// # Panics
///
/// That is how a constant says no.
pub const fn fits(fields: &[Field], position: usize, has_default: bool) {
    let field = &fields[position];
    if has_default && field.default.is_none() {
        panic!("{}", NO_EMPTY);
    }
    let count = field.flags.constant().len() + field.rules.constant().len() + 1;
    let mut part = 0;
    while part < count {
        if let Some(message) = constant::misfit(field, part) {
            panic!("{}", message);
        }
        part += 1;
    }
}

/// Why `#[serde(default)]` is not enough.
pub(crate) const NO_EMPTY: &str =
    "only Rust knows the empty value of this type: write the default as `#[model(default = …)]`";

/// The JSON text of a whole number as a value of a type: 64-bit integers and decimals are strings on the wire, and a
/// number with a fraction always shows it.
///
/// ```
/// use vertebra_schema::{Described, literal};
///
/// assert_eq!(literal(u8::TYPE, false, ["3", "3.0", "\"3\""]), "3");
/// assert_eq!(literal(<Option<u64>>::TYPE, false, ["3", "3.0", "\"3\""]), "\"3\"");
/// ```
pub const fn literal(
    ty: &Type,
    as_number: bool,
    [plain, float, quoted]: [&'static str; 3],
) -> &'static str {
    let ty = match ty {
        Type::Optional(inner) => inner.constant(),
        ty => ty,
    };
    pick(ty, as_number, [plain, float, quoted])
}

/// As [`literal`], for any type and at run time.
pub fn literal_text(ty: &Type, as_number: bool, plain: &str, float: &str) -> String {
    let quoted = format!("\"{plain}\"");
    pick(ty.required(), as_number, [plain, float, &quoted]).to_string()
}

const fn pick<'a>(ty: &Type, as_number: bool, [plain, float, quoted]: [&'a str; 3]) -> &'a str {
    match ty {
        Type::Float => float,
        Type::Decimal => quoted,
        ty if ty.is_text_integer(as_number) => quoted,
        _ => plain,
    }
}

fn attribute(field: &Field, part: usize) -> &'static str {
    let rule = part.checked_sub(field.flags.len());
    match (field.flags.get(part), rule) {
        (Some(flag), _) => flag.attribute(),
        (None, Some(rule)) if rule < field.rules.len() => field.rules[rule].attribute(),
        _ => "default",
    }
}

/// A default that no client could send would be refused the first time that somebody saves the row unchanged.
fn broken_default(field: &Field) -> Option<String> {
    let json = field.default.as_deref()?;
    let Ok(value) = serde_json::from_str::<serde_json::Value>(json) else {
        return Some(format!("the default {json} is not JSON"));
    };
    let mut problems = Problems::new();
    let accepted = accept(field, value.clone(), &mut problems);
    match (accepted, problems.into_iter().next()) {
        (Some(accepted), None) if accepted == value => None,
        (Some(accepted), None) => Some(format!("write this default as {accepted}")),
        (_, Some((_, problem))) => Some(format!("the default {json} {problem}")),
        (None, None) => None,
    }
}

/// What is wrong with rules whatever the type: for front-ends, which have the text of the attributes at hand.
pub(crate) fn broken_rules(rules: &[Rule]) -> Vec<Misfit> {
    let mut all = Vec::new();
    let mut say = |attribute, message: String| all.push(Misfit { attribute, message });
    let mut least = None;
    let mut most = None;
    for rule in rules {
        match rule {
            Rule::Min(bound) => least = Some(*bound),
            Rule::Max(bound) => most = Some(*bound),
            Rule::Len(Some(least), Some(most)) if least > most => {
                say("len", format!("no length is from {least} to {most}"));
            }
            Rule::Pattern(pattern) => {
                if let Some(message) = crate::pattern::problem(pattern) {
                    say("pattern", message);
                }
            }
            Rule::OneOf(values) if values.is_empty() => {
                say("one_of", "no value is one of nothing".to_string());
            }
            Rule::OneOf(values) => {
                let twice = |i: &usize| values[..*i].contains(&values[*i]);
                if let Some(i) = (0..values.len()).find(twice) {
                    say("one_of", format!("{:?} is listed twice", &*values[i]));
                }
            }
            Rule::Len(..) => {}
        }
    }
    if let (Some(least), Some(most)) = (least, most)
        && least.as_f64() > most.as_f64()
    {
        say("min", format!("no number is from {least} to {most}"));
    }
    all
}

/// The rules of types, compiled twice for the reason that `fingerprint.rs` gives.
macro_rules! rules_of_types {
    ($get:ident, $($function:tt)+) => {
        use crate::{Field, Flag, Number, Rule, Type};

        /// Why one part of a field does not fit: its flags count first, then its rules, then the default.
        pub(super) $($function)+ misfit(field: &Field, part: usize) -> Option<&'static str> {
            let flags = field.flags.$get();
            let rules = field.rules.$get();
            if part < flags.len() {
                return flag(flags[part], field);
            }
            let inner = required(field.ty.$get());
            if part - flags.len() < rules.len() {
                return rule(&rules[part - flags.len()], inner);
            }
            match &field.default {
                Some(json) => default(json.$get().as_bytes(), field.ty.$get(), has(field, Flag::Number)),
                None => None,
            }
        }

        $($function)+ required(ty: &Type) -> &Type {
            match ty {
                Type::Optional(inner) => inner.$get(),
                ty => ty,
            }
        }

        $($function)+ has(field: &Field, flag: Flag) -> bool {
            let flags = field.flags.$get();
            let mut i = 0;
            while i < flags.len() {
                if flags[i] as u8 == flag as u8 {
                    return true;
                }
                i += 1;
            }
            false
        }

        $($function)+ flag(flag: Flag, field: &Field) -> Option<&'static str> {
            let ty = field.ty.$get();
            let nested = matches!(
                required(ty),
                Type::Json | Type::List(_) | Type::Map(_) | Type::Tuple(_) | Type::Struct { .. }
            );
            let nullable = matches!(ty, Type::Optional(_) | Type::Json);
            match flag {
                Flag::Id => match ty {
                    Type::Uuid | Type::String | Type::Integer { .. } => None,
                    Type::Optional(_) => Some("an id can't be missing: take the type without `Option`"),
                    _ => Some("an id is a `Uuid`, a `String` or an integer"),
                },
                Flag::Index | Flag::Unique if nested => {
                    Some("lists, maps, tuples, structs and JSON can't be indexed")
                }
                Flag::ReadOnly if !nullable && field.default.is_none() => Some(
                    "nothing sets this field when a row is created: give it a default or make it an `Option`",
                ),
                Flag::Secret if !nullable && field.default.is_none() && ty.empty(false).is_none() => Some(
                    "a client reads rows without this field: make it an `Option` or give it a default",
                ),
                Flag::CreatedAt | Flag::UpdatedAt => match ty {
                    Type::Timestamp => None,
                    _ => Some("the server sets this to a moment: the type must be `jiff::Timestamp`"),
                },
                Flag::Number => match required(ty) {
                    Type::Integer { bits: 64.., .. } => None,
                    _ => Some("`number` is for 64-bit integers: all others are numbers anyway"),
                },
                _ => None,
            }
        }

        $($function)+ rule(rule: &Rule, ty: &Type) -> Option<&'static str> {
            match rule {
                Rule::Min(bound) | Rule::Max(bound) => match (ty, bound) {
                    (Type::Float, _) => None,
                    (Type::Integer { .. }, Number::Float(_)) => {
                        Some("the bound of an integer is a whole number")
                    }
                    (Type::Integer { bits, signed }, Number::Int(bound)) => {
                        if reaches(*bits, *signed, *bound as i128) {
                            None
                        } else {
                            Some("no value of this type reaches this bound")
                        }
                    }
                    _ => Some("`min` and `max` are for numbers"),
                },
                Rule::Len(..) => match ty {
                    Type::String | Type::List(_) => None,
                    _ => Some("`len` is for strings and lists"),
                },
                Rule::Pattern(_) => match ty {
                    Type::String => None,
                    _ => Some("`pattern` is for strings"),
                },
                Rule::OneOf(_) => match ty {
                    Type::String => None,
                    _ => Some("`one_of` is for strings"),
                },
            }
        }

        $($function)+ reaches(bits: u8, signed: bool, number: i128) -> bool {
            let (least, most) = if signed {
                (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
            } else {
                (0, (1i128 << bits) - 1)
            };
            least <= number && number <= most
        }

        /// By the first byte of the JSON text; a front-end that has the type at hand also runs the rules.
        $($function)+ default(json: &[u8], ty: &Type, as_number: bool) -> Option<&'static str> {
            let first = if json.is_empty() { b'?' } else { json[0] };
            if first == b'n' {
                return match ty {
                    Type::Optional(_) | Type::Json => None,
                    _ => Some("`null` is a default of an `Option` only"),
                };
            }
            match required(ty) {
                Type::Bool if first != b't' && first != b'f' => Some("the default of a `bool` is true or false"),
                Type::Integer { bits, signed } => {
                    let Some(number) = whole(json) else {
                        return Some("the default of an integer is a whole number");
                    };
                    if !reaches(*bits, *signed, number) {
                        return Some("the default is beyond what the type can hold");
                    }
                    if as_number && number.unsigned_abs() > 9_007_199_254_740_991 {
                        return Some("the default is beyond what a JSON number holds exactly");
                    }
                    None
                }
                Type::Float | Type::Decimal if first == b'"' && whole(json).is_none() => {
                    Some("the default of a number is a number")
                }
                Type::Float | Type::Decimal if !matches!(first, b'-' | b'"' | b'0'..=b'9') => {
                    Some("the default of a number is a number")
                }
                Type::String | Type::Char | Type::Uuid | Type::Timestamp | Type::Date | Type::Bytes
                | Type::Enum { .. }
                    if first != b'"' =>
                {
                    Some("the default of this type is a string")
                }
                Type::List(_) | Type::Tuple(_) if first != b'[' => Some("the default of a list is `[]`"),
                Type::Map(_) | Type::Struct { .. } if first != b'{' => Some("the default of a map is `{}`"),
                _ => None,
            }
        }

        /// A whole number, quoted or not.
        $($function)+ whole(json: &[u8]) -> Option<i128> {
            let quoted = json.len() > 2 && json[0] == b'"';
            let end = if quoted { json.len() - 1 } else { json.len() };
            let mut i = quoted as usize;
            let negative = json[i] == b'-';
            i += negative as usize;
            if i >= end || end - i > 20 {
                return None;
            }
            let mut number: i128 = 0;
            while i < end {
                if !json[i].is_ascii_digit() {
                    return None;
                }
                number = number * 10 + (json[i] - b'0') as i128;
                i += 1;
            }
            Some(if negative { -number } else { number })
        }
    };
}

mod constant {
    rules_of_types!(constant, const fn);
}

mod running {
    rules_of_types!(anywhere, fn);
}

//! The values that attributes take.

use super::item::Default;
use crate::{Number, Shared};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitInt, LitStr, RangeLimits, Token};

/// `"text"`.
pub(super) fn text(name: &str, value: &TokenStream) -> syn::Result<String> {
    match syn::parse2::<LitStr>(value.clone()) {
        Ok(text) => Ok(text.value()),
        Err(_) => Err(wrong(value, format!("`{name}` takes a string"))),
    }
}

/// `["a", "b"]`.
pub(super) fn texts(name: &str, value: &TokenStream) -> syn::Result<Vec<Shared<str>>> {
    let list = |input: ParseStream<'_>| {
        let content;
        syn::bracketed!(content in input);
        Punctuated::<LitStr, Token![,]>::parse_terminated(&content)
    };
    match list.parse2(value.clone()) {
        Ok(texts) => Ok(texts.iter().map(|text| text.value().into()).collect()),
        Err(_) => Err(wrong(
            value,
            format!("`{name}` takes a list of strings: `[\"a\", \"b\"]`"),
        )),
    }
}

/// `3`, `-3` or `0.5`.
pub(super) fn number(name: &str, value: &TokenStream) -> syn::Result<Number> {
    match signed.parse2(value.clone()) {
        Ok((negative, Lit::Int(literal))) => {
            let number = whole(negative, &literal)?;
            match i64::try_from(number) {
                Ok(number) => Ok(Number::Int(number)),
                Err(_) => Err(wrong(
                    value,
                    format!("`{name}` takes numbers from {} to {}", i64::MIN, i64::MAX),
                )),
            }
        }
        Ok((negative, Lit::Float(literal))) => {
            let number: f64 = literal.base10_parse()?;
            Ok(Number::Float(if negative { -number } else { number }))
        }
        _ => Err(wrong(value, format!("`{name}` takes a number"))),
    }
}

/// `1..=200`, `1..`, `..=200` or `36`.
pub(super) fn range(name: &str, value: &TokenStream) -> syn::Result<(Option<u32>, Option<u32>)> {
    let how = || {
        wrong(
            value,
            format!("`{name}` takes a length: `1..=200`, `..=200`, `1..` or `36`"),
        )
    };
    let bound = |expression: &Expr| match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Int(literal),
            ..
        }) => literal.base10_parse::<u32>(),
        _ => Err(how()),
    };
    match ungroup(syn::parse2::<Expr>(value.clone()).map_err(|_| how())?) {
        Expr::Range(range) => {
            if matches!(range.limits, RangeLimits::HalfOpen(_)) && range.end.is_some() {
                return Err(wrong(
                    value,
                    format!("write `..=`: the upper bound of `{name}` belongs to the range"),
                ));
            }
            let least = range.start.as_deref().map(bound).transpose()?;
            let most = range.end.as_deref().map(bound).transpose()?;
            if least.is_none() && most.is_none() {
                return Err(how());
            }
            Ok((least, most))
        }
        single => {
            let length = bound(&single)?;
            Ok((Some(length), Some(length)))
        }
    }
}

/// A bool, a number, a string, `null`, `[]` or `{}`.
pub(super) fn default(value: &TokenStream) -> syn::Result<Default> {
    let how = || {
        wrong(
            value,
            "a default is a bool, a number, a string, `[]` or `{}`: it is the same in the database and in JavaScript",
        )
    };
    match value.to_string().replace(' ', "").as_str() {
        "[]" => return Ok(Default::Json("[]".to_string())),
        "{}" => return Ok(Default::Json("{}".to_string())),
        _ => {}
    }
    match signed.parse2(value.clone()).map_err(|_| how())? {
        (false, Lit::Bool(literal)) => Ok(Default::Json(literal.value.to_string())),
        (false, Lit::Str(literal)) => Ok(Default::Json(json_text(&literal.value()))),
        (false, Lit::Char(literal)) => Ok(Default::Json(json_text(&literal.value().to_string()))),
        (negative, Lit::Int(literal)) => {
            let number = whole(negative, &literal)?;
            Ok(Default::Number {
                plain: number.to_string(),
                float: float(number as f64),
            })
        }
        (negative, Lit::Float(literal)) => {
            let number: f64 = literal.base10_parse()?;
            let text = float(if negative { -number } else { number });
            Ok(Default::Number {
                plain: text.clone(),
                float: text,
            })
        }
        _ => Err(how()),
    }
}

fn signed(input: ParseStream<'_>) -> syn::Result<(bool, Lit)> {
    let minus: Option<Token![-]> = input.parse()?;
    Ok((minus.is_some(), input.parse()?))
}

fn whole(negative: bool, literal: &LitInt) -> syn::Result<i128> {
    let number: i128 = literal.base10_parse()?;
    Ok(if negative { -number } else { number })
}

fn float(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value that came through `macro_rules!` may sit in an invisible group.
fn ungroup(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungroup(*group.expr),
        other => other,
    }
}

fn wrong(value: &TokenStream, message: impl std::fmt::Display) -> syn::Error {
    if value.is_empty() {
        return syn::Error::new(Span::call_site(), message);
    }
    syn::Error::new_spanned(value.to_token_stream(), message)
}

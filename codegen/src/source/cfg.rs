//! Which parts of a source exist: `#[cfg]` and `#[cfg_attr]`.
//!
//! Invariant: a condition that isn't known is neither true nor false. It is an error exactly where the answer matters.

use proc_macro2::Span;
use std::collections::{BTreeMap, BTreeSet};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Lit, Meta, Token};

/// What `#[cfg]` conditions are judged by. `test` is never set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cfg {
    /// Names as cargo spells them in its environment: `FULL_TEXT` for `full-text`.
    features: BTreeSet<String>,
    /// Everything else that the compiler was told, when that is known.
    known: Option<BTreeMap<String, String>>,
}

/// What became of a condition.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    Yes,
    No,
    /// It depends on this part, which is unknown here.
    Unknown(Span),
}

impl Cfg {
    /// With the features that are on, and nothing known about the target.
    ///
    /// ```
    /// use vertebra_codegen::source::Cfg;
    ///
    /// let cfg = Cfg::with_features(["full-text"]);
    /// assert_ne!(cfg, Cfg::default());
    /// ```
    pub fn with_features<S: AsRef<str>>(features: impl IntoIterator<Item = S>) -> Cfg {
        Cfg {
            features: features
                .into_iter()
                .map(|one| spelled(one.as_ref()))
                .collect(),
            known: None,
        }
    }

    /// As cargo tells a build script in its environment: `CARGO_FEATURE_…` and `CARGO_CFG_…`.
    pub fn from_cargo(environment: impl IntoIterator<Item = (String, String)>) -> Cfg {
        let mut cfg = Cfg::default();
        let mut known = BTreeMap::new();
        for (name, value) in environment {
            if let Some(feature) = name.strip_prefix("CARGO_FEATURE_") {
                cfg.features.insert(feature.to_string());
            } else if let Some(option) = name.strip_prefix("CARGO_CFG_") {
                known.insert(option.to_string(), value);
            }
        }
        // Cargo sets some of them for every target; without any, this isn't cargo's environment.
        cfg.known = (!known.is_empty()).then_some(known);
        cfg
    }

    /// Whether an item with these attributes is there.
    pub(super) fn includes(&self, attributes: &[Attribute]) -> Verdict {
        let conditions = attributes.iter().filter(|one| one.path().is_ident("cfg"));
        all(conditions.map(|attribute| match &attribute.meta {
            Meta::List(list) => self.tokens(&list.tokens, list.span()),
            other => Verdict::Unknown(other.span()),
        }))
    }

    /// The attributes with each `cfg_attr` replaced by what it stands for. One that is unknown is left out, and given
    /// to `unknown`.
    pub(super) fn expand(
        &self,
        attributes: &[Attribute],
        unknown: &mut dyn FnMut(Span, &Meta),
    ) -> Vec<Attribute> {
        let mut expanded = Vec::new();
        for attribute in attributes {
            match conditional(attribute) {
                None => expanded.push(attribute.clone()),
                Some((condition, then)) => {
                    let verdict = self.meta(&condition);
                    for meta in then {
                        match verdict {
                            Verdict::Yes => {
                                let inner = Attribute {
                                    meta,
                                    ..attribute.clone()
                                };
                                expanded.extend(self.expand(&[inner], unknown));
                            }
                            Verdict::No => {}
                            Verdict::Unknown(span) => unknown(span, &meta),
                        }
                    }
                }
            }
        }
        expanded
    }

    fn tokens(&self, tokens: &proc_macro2::TokenStream, span: Span) -> Verdict {
        match tokens.to_string().as_str() {
            "true" => Verdict::Yes,
            "false" => Verdict::No,
            _ => match syn::parse2::<Meta>(tokens.clone()) {
                Ok(meta) => self.meta(&meta),
                Err(_) => Verdict::Unknown(span),
            },
        }
    }

    fn meta(&self, meta: &Meta) -> Verdict {
        let known = |holds: bool| if holds { Verdict::Yes } else { Verdict::No };
        match meta {
            Meta::Path(path) => match path.get_ident().map(ToString::to_string).as_deref() {
                Some("test" | "doc" | "doctest") => Verdict::No,
                Some(name) => match &self.known {
                    // Cargo doesn't tell build scripts about this one.
                    Some(options) if name != "debug_assertions" => {
                        known(options.contains_key(&spelled(name)))
                    }
                    _ => Verdict::Unknown(meta.span()),
                },
                None => Verdict::Unknown(meta.span()),
            },
            Meta::NameValue(pair) => {
                let syn::Expr::Lit(syn::ExprLit {
                    lit: Lit::Str(value),
                    ..
                }) = &pair.value
                else {
                    return Verdict::Unknown(meta.span());
                };
                match (pair.path.get_ident().map(ToString::to_string), &self.known) {
                    (Some(name), _) if name == "feature" => {
                        known(self.features.contains(&spelled(&value.value())))
                    }
                    (Some(name), Some(options)) => known(
                        options
                            .get(&spelled(&name))
                            .is_some_and(|all| all.split(',').any(|one| one == value.value())),
                    ),
                    _ => Verdict::Unknown(meta.span()),
                }
            }
            Meta::List(list) => {
                let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
                let Ok(parts) = parts else {
                    return Verdict::Unknown(meta.span());
                };
                let mut verdicts = parts.iter().map(|part| self.meta(part));
                match list.path.get_ident().map(ToString::to_string).as_deref() {
                    Some("all") => all(verdicts),
                    Some("any") => not(all(verdicts.map(not))),
                    Some("not") if parts.len() == 1 => {
                        verdicts.next().map_or(Verdict::Unknown(meta.span()), not)
                    }
                    _ => Verdict::Unknown(meta.span()),
                }
            }
        }
    }
}

/// As cargo spells a name in its environment.
fn spelled(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::Yes, |so_far, next| match (so_far, next) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::Unknown(span), _) | (_, Verdict::Unknown(span)) => Verdict::Unknown(span),
        (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
    })
}

fn not(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Yes => Verdict::No,
        Verdict::No => Verdict::Yes,
        unknown => unknown,
    }
}

/// The condition of a `cfg_attr` and the attributes behind it.
fn conditional(attribute: &Attribute) -> Option<(Meta, Vec<Meta>)> {
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let mut parts = parts.ok()?.into_iter();
    Some((parts.next()?, parts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cfg: &Cfg, condition: &str) -> &'static str {
        let item: syn::ItemMod =
            syn::parse_str(&format!("#[cfg({condition})] mod x {{}}")).expect("an item");
        match cfg.includes(&item.attrs) {
            Verdict::Yes => "yes",
            Verdict::No => "no",
            Verdict::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn features_are_known_and_targets_are_not() {
        let cfg = Cfg::with_features(["full-text"]);
        for (condition, expected) in [
            ("feature = \"full-text\"", "yes"),
            ("feature = \"other\"", "no"),
            ("test", "no"),
            ("not(test)", "yes"),
            ("unix", "unknown"),
            ("all(test, unix)", "no"),
            ("any(feature = \"full-text\", unix)", "yes"),
            ("any(feature = \"other\", unix)", "unknown"),
            ("not(any(unix, windows))", "unknown"),
            ("target_os = \"linux\"", "unknown"),
            ("true", "yes"),
            ("all()", "yes"),
            ("any()", "no"),
            ("madeup(x)", "unknown"),
        ] {
            assert_eq!(verdict(&cfg, condition), expected, "{condition}");
        }
    }

    #[test]
    fn cargo_tells_a_build_script_everything_but_one() {
        let environment = [
            ("CARGO_CFG_UNIX", ""),
            ("CARGO_CFG_TARGET_OS", "linux"),
            ("CARGO_FEATURE_FULL_TEXT", "1"),
        ];
        let cfg =
            Cfg::from_cargo(environment.map(|(name, value)| (name.to_string(), value.to_string())));
        for (condition, expected) in [
            ("unix", "yes"),
            ("windows", "no"),
            ("target_os = \"linux\"", "yes"),
            ("feature = \"full-text\"", "yes"),
            ("debug_assertions", "unknown"),
        ] {
            assert_eq!(verdict(&cfg, condition), expected, "{condition}");
        }
    }
}

//! What a path means: items of the crate, or names of other crates.
//!
//! Invariant: names of the crate come before names from outside, and what a module says itself before what its globs
//! bring, as the compiler has it.

use super::cfg::Verdict;
use super::tree::{ItemId, ModuleId, Target, Tree};
use proc_macro2::Span;

/// What a path stands for.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    Module(ModuleId),
    Item(ItemId),
    /// A path that begins with the name of a crate, or one name of the language: `["std", "vec", "Vec"]`, `["u8"]`.
    Outside(Vec<String>),
}

/// Why a path stands for nothing.
#[derive(Clone, Debug)]
pub(super) enum Lost {
    /// This part of it isn't known.
    Unknown(String),
    /// It depends on a condition that isn't known.
    Condition(ModuleId, Span),
}

/// `use` of `use` of …: nobody writes more, and a circle ends here.
const DEPTH: usize = 64;

impl Tree {
    /// What a path means in a module. A leading `::` is an empty first part.
    pub(super) fn resolve(&self, module: ModuleId, path: &[String]) -> Result<Meaning, Lost> {
        self.walk(module, path, 0)
    }

    fn walk(&self, module: ModuleId, path: &[String], depth: usize) -> Result<Meaning, Lost> {
        let Some((first, rest)) = path.split_first() else {
            return Ok(Meaning::Module(module));
        };
        if depth > DEPTH {
            return Err(Lost::Unknown(first.clone()));
        }
        let (start, rest) = match first.as_str() {
            "" => return Ok(Meaning::Outside(rest.to_vec())),
            "crate" => (Meaning::Module(0), rest),
            "self" => (Meaning::Module(module), rest),
            "super" => match self.modules[module].parent {
                Some(parent) => (Meaning::Module(parent), rest),
                None => return Err(Lost::Unknown(first.clone())),
            },
            // The first name of a `use` is a crate where it is nothing else, also when it is the only one.
            name => (
                self.first(module, name, !rest.is_empty() || depth > 0, depth)?,
                rest,
            ),
        };
        rest.iter().try_fold(start, |so_far, part| match so_far {
            Meaning::Module(inside) if part == "super" => self.modules[inside]
                .parent
                .map(Meaning::Module)
                .ok_or_else(|| Lost::Unknown(part.clone())),
            Meaning::Module(inside) => match self.member(inside, part, depth)? {
                Some(found) => Ok(found),
                None => Err(Lost::Unknown(part.clone())),
            },
            Meaning::Outside(mut path) => {
                path.push(part.clone());
                Ok(Meaning::Outside(path))
            }
            // A variant of an enum, or something that only traits know.
            Meaning::Item(_) => Err(Lost::Unknown(part.clone())),
        })
    }

    /// The first name of a path.
    fn first(
        &self,
        module: ModuleId,
        name: &str,
        goes_on: bool,
        depth: usize,
    ) -> Result<Meaning, Lost> {
        if let Some(found) = self.member(module, name, depth)? {
            return Ok(found);
        }
        if let Some(path) = prelude(name) {
            return Ok(Meaning::Outside(path));
        }
        // What goes on begins with a crate's name; a single name may be one that a glob of another crate brings.
        if goes_on {
            return Ok(Meaning::Outside(vec![name.to_string()]));
        }
        let brought = self.modules[module].globs.iter().find_map(|glob| {
            let Ok(Meaning::Outside(mut path)) = self.glob(module, glob, depth) else {
                return None;
            };
            path.push(name.to_string());
            super::known::is_known(&path).then_some(path)
        });
        brought
            .map(Meaning::Outside)
            .ok_or_else(|| Lost::Unknown(name.to_string()))
    }

    /// What a name means in a module, seen from anywhere.
    fn member(&self, module: ModuleId, name: &str, depth: usize) -> Result<Option<Meaning>, Lost> {
        if depth > DEPTH {
            return Ok(None);
        }
        if let Some(binding) = self.modules[module].names.get(name) {
            if let Verdict::Unknown(span) = binding.condition {
                return Err(Lost::Condition(module, span));
            }
            return match &binding.target {
                Target::Module(id) => Ok(Some(Meaning::Module(*id))),
                Target::Item(id) => Ok(Some(Meaning::Item(*id))),
                // `use uuid;` names itself: it is the crate.
                Target::Path(path) if path[..] == [name.to_string()] => {
                    Ok(Some(Meaning::Outside(path.clone())))
                }
                Target::Path(path) => self.walk(module, path, depth + 1).map(Some),
            };
        }
        for glob in &self.modules[module].globs {
            if let Ok(Meaning::Module(other)) = self.glob(module, glob, depth)
                && other != module
                && let Some(found) = self.member(other, name, depth + 1)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What `use path::*` opens. Its first name can't come from a glob of the same module: that would be a circle.
    fn glob(&self, module: ModuleId, path: &[String], depth: usize) -> Result<Meaning, Lost> {
        match path.first() {
            Some(first) if self.modules[module].names.contains_key(first) => {
                self.walk(module, path, depth + 1)
            }
            Some(first) if ["crate", "self", "super", ""].contains(&first.as_str()) => {
                self.walk(module, path, depth + 1)
            }
            _ => Ok(Meaning::Outside(path.to_vec())),
        }
    }
}

/// Names that are there without being imported.
fn prelude(name: &str) -> Option<Vec<String>> {
    let path: &[&str] = match name {
        "String" => &["std", "string", "String"],
        "Option" => &["std", "option", "Option"],
        "Vec" => &["std", "vec", "Vec"],
        "Box" => &["std", "boxed", "Box"],
        "bool" | "char" | "str" | "f16" | "f32" | "f64" | "f128" | "i8" | "i16" | "i32" | "i64"
        | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            return Some(vec![name.to_string()]);
        }
        _ => return None,
    };
    Some(path.iter().map(|part| part.to_string()).collect())
}

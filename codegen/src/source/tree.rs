//! The modules of a crate and what their names stand for, as far as that can be known without compiling it.
//!
//! Invariant: ids are handed out in the order of the source, so that everything that follows is deterministic.

use super::cfg::Verdict;
use crate::check::{Diagnostic, Place};
use proc_macro2::Span;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use syn::DeriveInput;

pub(super) type ModuleId = usize;
pub(super) type ItemId = usize;

/// Files, modules and items; the first module is the crate's root.
#[derive(Default)]
pub(super) struct Tree {
    pub files: Vec<File>,
    pub modules: Vec<Module>,
    pub items: Vec<Item>,
    /// What went wrong, each with the module in which it did.
    pub found: Vec<(ModuleId, Diagnostic)>,
}

pub(super) struct File {
    pub path: Arc<Path>,
    pub text: Arc<str>,
}

pub(super) struct Module {
    pub parent: Option<ModuleId>,
    /// From the root: empty for the root itself.
    pub path: Vec<String>,
    pub file: usize,
    /// What names mean in it, without those that globs bring.
    pub names: BTreeMap<String, Binding>,
    /// `use path::*`.
    pub globs: Vec<Vec<String>>,
}

/// What a name stands for, and on what it depends whether it does.
#[derive(Clone)]
pub(super) struct Binding {
    pub target: Target,
    pub condition: Verdict,
}

#[derive(Clone)]
pub(super) enum Target {
    Module(ModuleId),
    Item(ItemId),
    /// `use`: look this up instead.
    Path(Vec<String>),
}

pub(super) struct Item {
    pub module: ModuleId,
    pub name: syn::Ident,
    pub kind: Kind,
    pub condition: Verdict,
}

pub(super) enum Kind {
    /// A struct or an enum.
    Data(Box<DeriveInput>),
    Alias(Box<syn::ItemType>),
    /// A trait or a union: a name that can't be a field's type.
    Other,
}

impl Tree {
    /// A span of a file. One that no text stands behind is `None`.
    pub(super) fn place(&self, module: ModuleId, span: Span) -> Option<Place> {
        let file = &self.files[self.modules[module].file];
        let span = span.byte_range();
        (!span.is_empty() && span.end <= file.text.len()).then(|| Place {
            file: file.path.clone(),
            text: file.text.clone(),
            span,
        })
    }

    /// Whether a module is another one or inside of it.
    pub(super) fn is_inside(&self, module: ModuleId, of: ModuleId) -> bool {
        let mut at = Some(module);
        while let Some(one) = at {
            if one == of {
                return true;
            }
            at = self.modules[one].parent;
        }
        false
    }
}

//! All that is wrong with an item, said at once.
//!
//! Invariant: errors are never forgotten: dropping a list that nobody has looked into is a panic.

use quote::ToTokens;
use std::cell::RefCell;

/// Gathers errors while an item is read; reading goes on after each.
pub(super) struct Errors {
    /// `None` once they were handed over.
    found: RefCell<Option<Vec<syn::Error>>>,
}

impl Errors {
    pub(super) fn new() -> Errors {
        Errors {
            found: RefCell::new(Some(Vec::new())),
        }
    }

    /// An error under the given tokens.
    pub(super) fn at(&self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// An error, or several in one.
    pub(super) fn push(&self, error: syn::Error) {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.extend(error);
        }
    }

    /// The value, with its error noted if it is none.
    pub(super) fn note<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The value, if nothing was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<syn::Error>> {
        let found = self.found.take().unwrap_or_default();
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => Err(found),
        }
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.found.borrow().is_some() {
            panic!("errors were gathered and nobody looked at them");
        }
    }
}

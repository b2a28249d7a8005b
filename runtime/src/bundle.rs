//! Generated files as part of the program that serves them.
//!
//! Invariant: a bundle is constant data: it is found by its exact name, and nothing else can be asked of it.

/// The JavaScript that was generated from a program's models, to be served beside the realtime endpoint.
///
/// A `build.rs` with `vertebra_codegen::Builder` writes one; tests and programs without it can write one by hand.
///
/// ```
/// static BUNDLE: vertebra::Bundle =
///     vertebra::Bundle::new(&[("todo.js", "text/javascript; charset=utf-8", "export const Todo = 1;")]);
///
/// assert_eq!(BUNDLE.get("todo.js"), Some(("text/javascript; charset=utf-8", "export const Todo = 1;")));
/// assert_eq!(BUNDLE.get("../secret"), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bundle(&'static [(&'static str, &'static str, &'static str)]);

impl Bundle {
    /// A bundle of files, each as its name, its media type and its text.
    pub const fn new(files: &'static [(&'static str, &'static str, &'static str)]) -> Bundle {
        Bundle(files)
    }

    /// Media type and text of a file.
    pub fn get(&self, name: &str) -> Option<(&'static str, &'static str)> {
        self.iter()
            .find_map(|(known, media_type, text)| (known == name).then_some((media_type, text)))
    }

    /// Name, media type and text of each file.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> + use<> {
        self.0.iter().copied()
    }
}

//! The generated JavaScript of an application, as part of its program.
//!
//! Invariant: written by the generator, never by hand.

/// The files that `build.rs` generated: names, media types, contents.
///
/// ```
/// use vertebra::Bundle;
///
/// static BUNDLE: Bundle = Bundle::new(&[("todo.js", "text/javascript; charset=utf-8", "export {};")]);
/// assert_eq!(BUNDLE.file("todo.js").unwrap().1, "export {};");
/// assert!(BUNDLE.file("../secret").is_none());
/// ```
#[derive(Debug)]
pub struct Bundle(&'static [(&'static str, &'static str, &'static str)]);

impl Bundle {
    /// A bundle of `(name, media type, contents)`.
    pub const fn new(files: &'static [(&'static str, &'static str, &'static str)]) -> Bundle {
        Bundle(files)
    }

    /// A file's media type and contents, by its name.
    pub fn file(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let file = self.0.iter().find(|(one, ..)| *one == name);
        file.map(|(_, media_type, contents)| (*media_type, *contents))
    }
}

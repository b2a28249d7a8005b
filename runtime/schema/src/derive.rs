//! The words in which the derive writes a model down: short, because every program with models compiles them.
//!
//! Invariant: not for anybody else; it changes with the derive.

pub use crate::{Described, Field, Flag, Number, Rule, Shared, Type, fits, literal};

/// A field in the making; parts that are not named are empty.
#[derive(Clone, Copy)]
pub struct Parts {
    name: &'static str,
    ident: &'static str,
    ty: &'static Type,
    docs: &'static str,
    default: Option<&'static str>,
    flags: &'static [Flag],
    rules: &'static [Rule],
}

/// A field that holds a `T`, by its name on the wire.
pub const fn field<T: Described>(name: &'static str) -> Parts {
    Parts {
        name,
        ident: name,
        ty: T::TYPE,
        docs: "",
        default: None,
        flags: &[],
        rules: &[],
    }
}

impl Parts {
    /// The Rust name, if it is another one.
    pub const fn ident(self, ident: &'static str) -> Parts {
        Parts { ident, ..self }
    }

    /// The doc comment.
    pub const fn docs(self, docs: &'static str) -> Parts {
        Parts { docs, ..self }
    }

    /// The default, as JSON.
    pub const fn default(self, json: &'static str) -> Parts {
        let default = Some(json);
        Parts { default, ..self }
    }

    /// The empty value of the type, if there is one that is not only Rust's: `fits` asks.
    pub const fn or_empty(self, as_number: bool) -> Parts {
        let default = self.ty.empty(as_number);
        Parts { default, ..self }
    }

    /// A number, whose text depends on the type.
    pub const fn or_number(self, as_number: bool, texts: [&'static str; 3]) -> Parts {
        let default = Some(literal(self.ty, as_number, texts));
        Parts { default, ..self }
    }

    /// The flags.
    pub const fn flags(self, flags: &'static [Flag]) -> Parts {
        Parts { flags, ..self }
    }

    /// The rules.
    pub const fn rules(self, rules: &'static [Rule]) -> Parts {
        Parts { rules, ..self }
    }

    /// The field.
    pub const fn end(self) -> Field {
        Field::new(
            self.name,
            self.ident,
            self.ty,
            self.docs,
            self.default,
            self.flags,
            self.rules,
        )
    }
}

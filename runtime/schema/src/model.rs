//! Models and their fields.
//!
//! Invariant: the order of fields is the order of declaration, and is the order of columns everywhere.

use crate::{Rule, Shared, Type};
use serde::{Deserialize, Serialize};

/// All models of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// In the order in which they were given.
    pub models: Vec<Model>,
}

impl Schema {
    /// The model of a collection, by the collection's name on the wire.
    pub fn model(&self, collection: &str) -> Option<&Model> {
        self.models
            .iter()
            .find(|model| &*model.collection == collection)
    }
}

/// One model: a row of a table, an object on the wire, a `Backbone.Model`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The Rust name, and the name of the JavaScript class.
    pub name: Shared<str>,
    /// The name of its collection: of the table, the URL and the Socket.IO namespace.
    pub collection: Shared<str>,
    /// Its doc comment, without markers.
    pub docs: Shared<str>,
    /// Whether generated classes stay in sync by themselves.
    pub realtime: bool,
    /// Whether an update without an expected version is refused.
    pub strict: bool,
    /// In declaration order; exactly one has [`Flag::Id`].
    pub fields: Shared<[Field]>,
}

impl Model {
    /// A model as the derive writes it down.
    pub const fn new(
        name: &'static str,
        collection: &'static str,
        docs: &'static str,
        realtime: bool,
        strict: bool,
        fields: &'static [Field],
    ) -> Model {
        Model {
            name: Shared::Static(name),
            collection: Shared::Static(collection),
            docs: Shared::Static(docs),
            realtime,
            strict,
            fields: Shared::Static(fields),
        }
    }

    /// The position of a field, by its name on the wire.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// A field, by its name on the wire.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The position of the id. A model without one is never built: the reader and the document front-end refuse it.
    pub fn id_position(&self) -> usize {
        self.fields
            .iter()
            .position(|field| field.is(Flag::Id))
            .unwrap_or_default()
    }

    /// The field that names a row.
    pub fn id(&self) -> &Field {
        &self.fields[self.id_position()]
    }

    /// Whether the database makes the ids (whole numbers); otherwise the client that creates a row does.
    pub fn database_makes_ids(&self) -> bool {
        matches!(*self.id().ty, Type::Integer { .. })
    }

    /// The fields that may leave the server, in wire order.
    pub fn visible(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields
            .iter()
            .enumerate()
            .filter(|(_, field)| !field.is(Flag::Secret))
    }
}

/// One field of a model, or of a struct inside one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name on the wire, in the table and in JavaScript.
    pub name: Shared<str>,
    /// The Rust name, without `r#`.
    pub ident: Shared<str>,
    /// What it holds.
    #[serde(rename = "type")]
    pub ty: Shared<Type>,
    /// Its doc comment, without markers.
    pub docs: Shared<str>,
    /// The value of a row that was created without one, as JSON text of the wire.
    pub default: Option<Shared<str>>,
    /// What is special about it.
    pub flags: Shared<[Flag]>,
    /// What its values keep, in the order in which they are checked.
    pub rules: Shared<[Rule]>,
}

impl Field {
    /// A field as the derive writes it down; `default` is JSON text.
    pub const fn new(
        name: &'static str,
        ident: &'static str,
        ty: &'static Type,
        docs: &'static str,
        default: Option<&'static str>,
        flags: &'static [Flag],
        rules: &'static [Rule],
    ) -> Field {
        Field {
            name: Shared::Static(name),
            ident: Shared::Static(ident),
            ty: Shared::Static(ty),
            docs: Shared::Static(docs),
            default: match default {
                Some(json) => Some(Shared::Static(json)),
                None => None,
            },
            flags: Shared::Static(flags),
            rules: Shared::Static(rules),
        }
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether only the server may set it.
    pub fn is_read_only(&self) -> bool {
        self.is(Flag::ReadOnly) || self.is(Flag::CreatedAt) || self.is(Flag::UpdatedAt)
    }

    /// Whether a create must name it.
    pub fn is_required(&self) -> bool {
        !self.ty.is_nullable()
            && self.default.is_none()
            && !self.is_read_only()
            && !self.is(Flag::Id)
    }

    /// Whether a 64-bit integer travels as a JSON number, checked to ±(2^53 − 1), instead of as a string.
    pub fn is_number(&self) -> bool {
        self.is(Flag::Number)
    }
}

/// What is special about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// It names the row.
    Id,
    /// The table has an index on it.
    Index,
    /// No two rows share a value.
    Unique,
    /// Only the server sets it.
    ReadOnly,
    /// A client may set it when it creates the row, and not later.
    CreateOnly,
    /// It never leaves the server.
    Secret,
    /// The server sets it when the row is created.
    CreatedAt,
    /// The server sets it whenever the row is written.
    UpdatedAt,
    /// A 64-bit integer that travels as a JSON number.
    Number,
}

impl Flag {
    /// The name of the attribute that sets it: `created_at` for `#[model(created_at)]`.
    pub const fn attribute(self) -> &'static str {
        match self {
            Flag::Id => "id",
            Flag::Index => "index",
            Flag::Unique => "unique",
            Flag::ReadOnly => "read_only",
            Flag::CreateOnly => "create_only",
            Flag::Secret => "secret",
            Flag::CreatedAt => "created_at",
            Flag::UpdatedAt => "updated_at",
            Flag::Number => "number",
        }
    }
}

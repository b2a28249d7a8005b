//! A model as it is written: everything but what its types mean.
//!
//! Invariant: an `Item` that was read is right in all that can be seen in it alone.

use super::attributes::{Entry, Place, entries};
use super::errors::Errors;
use super::serde::CarriedField;
use super::{checks, docs, known, literals, naming, serde};
use crate::{Field, Flag, Misfit, Model, Rule, Type};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, Visibility};

/// A struct with `#[derive(Model)]`.
pub struct Item {
    /// The struct.
    pub ident: Ident,
    /// Who may see it.
    pub vis: Visibility,
    /// Its Rust name, without `r#`.
    pub name: String,
    /// The name of its collection.
    pub collection: String,
    /// Its doc comment.
    pub docs: String,
    /// `#[model(realtime)]`.
    pub realtime: bool,
    /// `#[model(strict)]`.
    pub strict: bool,
    /// In declaration order.
    pub fields: Vec<ItemField>,
}

/// One field as it is written.
pub struct ItemField {
    /// The Rust name.
    pub ident: Ident,
    /// Who may see it.
    pub vis: Visibility,
    /// The name on the wire.
    pub name: String,
    /// Its doc comment.
    pub docs: String,
    /// Its type, unresolved.
    pub ty: syn::Type,
    /// In the order of the attributes.
    pub flags: Vec<Flag>,
    /// In the order of the attributes.
    pub rules: Vec<Rule>,
    /// What it is when it is not given.
    pub default: Default,
    /// Each attribute with its tokens, for messages.
    places: Vec<(&'static str, TokenStream)>,
}

/// The default of a field, as far as it is known without its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Default {
    /// It has none.
    None,
    /// `#[serde(default)]`: the empty value of its type, see [`Type::empty`].
    Empty,
    /// A number. How it is written on the wire depends on the type, see [`crate::literal`].
    Number {
        /// As JSON, as it is written.
        plain: String,
        /// As JSON, with a fraction.
        float: String,
    },
    /// Anything else, as JSON.
    Json(String),
}

impl Item {
    pub(super) fn read(input: &DeriveInput) -> Result<Item, Vec<syn::Error>> {
        let errors = Errors::new();
        let item = item(input, &errors);
        if let Some(item) = &item {
            checks::item(item, &errors);
        }
        errors.finish(item)
    }

    /// The model, with each type as `resolve` understands it; everything that does not fit is said at once.
    pub fn into_model(
        self,
        mut resolve: impl FnMut(&syn::Type) -> syn::Result<Type>,
    ) -> Result<Model, Vec<syn::Error>> {
        let errors = Errors::new();
        let fields = fields(&self.fields, &mut resolve, &errors);
        errors.finish(Some(Model {
            name: self.name.as_str().into(),
            collection: self.collection.as_str().into(),
            docs: self.docs.as_str().into(),
            realtime: self.realtime,
            strict: self.strict,
            fields: fields.into(),
        }))
    }

    /// The field that names a row.
    pub fn id(&self) -> &ItemField {
        let id = self.fields.iter().find(|field| field.is(Flag::Id));
        // `checks::one_id` has refused every item without one.
        id.unwrap_or(&self.fields[0])
    }
}

/// The fields with their types' meanings.
pub(super) fn fields(
    fields: &[ItemField],
    resolve: &mut impl FnMut(&syn::Type) -> syn::Result<Type>,
    errors: &Errors,
) -> Vec<Field> {
    fields
        .iter()
        .filter_map(|field| {
            let ty = errors.note(resolve(&field.ty))?;
            Some(field.with_type(ty, errors))
        })
        .collect()
}

fn item(input: &DeriveInput, errors: &Errors) -> Option<Item> {
    let attributes = entries(
        &input.attrs,
        &[Place::Model],
        "the struct of a model",
        errors,
    );
    let carried = serde::carried(input, true, errors);
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a model has no type parameters and no lifetimes: its columns are known",
        );
    }
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => named,
            _ => {
                errors.at(
                    &input.ident,
                    "a model is a struct with named fields: they are its columns",
                );
                return None;
            }
        },
        Data::Enum(_) => {
            let message = "a model is a struct with named fields; an enum with `#[derive(Described)]` can be the type \
                           of a field";
            errors.at(&input.ident, message);
            return None;
        }
        Data::Union(_) => {
            errors.at(&input.ident, "a model is a struct with named fields");
            return None;
        }
    };
    let name = input.ident.unraw().to_string();
    let mut item = Item {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        collection: naming::collection(&name),
        name,
        docs: docs::docs(&input.attrs),
        realtime: false,
        strict: false,
        fields: Vec::new(),
    };
    for entry in attributes {
        match entry.name {
            "collection" => {
                if let Some(name) = errors.note(literals::text(entry.name, &entry.value)) {
                    checks::collection(&name, &entry.value, errors);
                    item.collection = name;
                }
            }
            "realtime" => item.realtime = true,
            _ => item.strict = true,
        }
    }
    let places = [Place::ModelField, Place::AnyField];
    item.fields = named_fields(
        named,
        carried.map(|all| all.fields),
        &places,
        "a field of a model",
        errors,
    );
    Some(item)
}

/// The fields of a struct, each with what serde says about it.
pub(super) fn named_fields(
    named: &syn::FieldsNamed,
    carried: Option<Vec<CarriedField>>,
    allowed: &[Place],
    place: &str,
    errors: &Errors,
) -> Vec<ItemField> {
    let mut carried = carried.unwrap_or_default().into_iter();
    let fields = named.named.iter();
    fields
        .filter_map(|field| ItemField::read(field, carried.next(), allowed, place, errors))
        .collect()
}

impl ItemField {
    fn read(
        field: &syn::Field,
        carried: Option<CarriedField>,
        allowed: &[Place],
        place: &str,
        errors: &Errors,
    ) -> Option<ItemField> {
        let ident = field.ident.clone()?;
        let mut read = ItemField {
            name: ident.unraw().to_string(),
            vis: field.vis.clone(),
            docs: docs::docs(&field.attrs),
            ty: field.ty.clone(),
            flags: Vec::new(),
            rules: Vec::new(),
            default: Default::None,
            places: Vec::new(),
            ident,
        };
        for entry in entries(&field.attrs, allowed, place, errors) {
            read.take(&entry, errors);
            read.places.push((entry.name, entry.tokens));
        }
        if let Some(carried) = carried {
            read.name = carried.name;
            if read.default == Default::None && carried.default && !known::is_option(&read.ty) {
                read.default = Default::Empty;
            }
            if carried.default_function && !read.has("default") {
                let message = "only Rust can call this function: write the default as `#[model(default = …)]` too";
                errors.at(read.serde_default(field), message);
            }
            if carried.default && !read.has("default") {
                read.places.push(("default", read.serde_default(field)));
            }
        }
        if let Some((part, message)) = known::impossible(&read.ty) {
            errors.at(part, message);
        }
        Some(read)
    }

    fn serde_default(&self, field: &syn::Field) -> TokenStream {
        let quiet = Errors::new();
        let parts = super::attributes::parts(&field.attrs, "serde", &quiet);
        let _ = quiet.finish(Some(()));
        let part = parts.into_iter().find(|part| part.name == "default");
        part.map_or_else(|| self.ident.to_token_stream(), |part| part.tokens)
    }

    fn take(&mut self, entry: &Entry, errors: &Errors) {
        let value = &entry.value;
        let rule = match entry.name {
            "id" => return self.flags.push(Flag::Id),
            "index" => return self.flags.push(Flag::Index),
            "unique" => return self.flags.push(Flag::Unique),
            "read_only" => return self.flags.push(Flag::ReadOnly),
            "create_only" => return self.flags.push(Flag::CreateOnly),
            "secret" => return self.flags.push(Flag::Secret),
            "created_at" => return self.flags.push(Flag::CreatedAt),
            "updated_at" => return self.flags.push(Flag::UpdatedAt),
            "number" => return self.flags.push(Flag::Number),
            "default" => {
                if let Some(default) = errors.note(literals::default(value)) {
                    self.default = default;
                }
                return;
            }
            "min" => literals::number(entry.name, value).map(Rule::Min),
            "max" => literals::number(entry.name, value).map(Rule::Max),
            "len" => literals::range(entry.name, value).map(|(least, most)| Rule::Len(least, most)),
            "pattern" => literals::text(entry.name, value).map(|text| Rule::Pattern(text.into())),
            _ => literals::texts(entry.name, value).map(|texts| Rule::OneOf(texts.into())),
        };
        self.rules.extend(errors.note(rule));
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether an attribute is written on it.
    pub fn has(&self, attribute: &str) -> bool {
        self.places.iter().any(|(name, _)| *name == attribute)
    }

    /// Where to point when an attribute is wrong: its tokens, or the field's name.
    pub fn place(&self, attribute: &str) -> TokenStream {
        let place = self.places.iter().find(|(name, _)| *name == attribute);
        place.map_or_else(
            || self.ident.to_token_stream(),
            |(_, tokens)| tokens.clone(),
        )
    }

    /// Where to point when something about the field is wrong: all its attributes of ours, or else its type.
    pub fn blamed(&self) -> TokenStream {
        match &self.places[..] {
            [] => self.ty.to_token_stream(),
            places => places.iter().map(|(_, tokens)| tokens.clone()).collect(),
        }
    }

    /// Whether a create has to name it, as far as can be seen: what is not written as an `Option`, has no default and
    /// is not set by anybody else. A `String` id is made by nobody else.
    pub fn is_required(&self) -> bool {
        let set_by_others = [Flag::ReadOnly, Flag::CreatedAt, Flag::UpdatedAt]
            .iter()
            .any(|flag| self.is(*flag));
        self.default == Default::None
            && !set_by_others
            && !known::is_option(&self.ty)
            && (!self.is(Flag::Id) || known::is_string(&self.ty))
    }

    /// The field with its type's meaning; what does not fit is noted.
    pub(super) fn with_type(&self, ty: Type, errors: &Errors) -> Field {
        let as_number = self.is(Flag::Number);
        let default = match &self.default {
            Default::None => None,
            Default::Json(json) => Some(json.clone()),
            Default::Number { plain, float } => {
                Some(crate::literal_text(&ty, as_number, plain, float))
            }
            Default::Empty => {
                let empty = ty.empty(as_number);
                if empty.is_none() {
                    errors.at(self.place("default"), crate::fit::NO_EMPTY);
                }
                empty.map(str::to_string)
            }
        };
        let field = Field {
            name: self.name.as_str().into(),
            ident: self.ident.unraw().to_string().into(),
            ty: ty.into(),
            docs: self.docs.as_str().into(),
            default: default.map(Into::into),
            flags: self.flags.clone().into(),
            rules: self.rules.clone().into(),
        };
        for Misfit { attribute, message } in crate::misfits(&field) {
            errors.at(self.place(attribute), message);
        }
        field
    }
}

//! The type of a field: from Rust syntax to what is on the wire.
//!
//! Invariant: a type is what `vertebra_schema::Described` says of it, or an error; a name is never passed on.

use super::known::{Known, known};
use super::names::{Lost, Meaning};
use super::tree::{Item, ItemId, Kind, ModuleId, Tree};
use super::{Ours, problems};
use crate::check::Diagnostic;
use proc_macro2::Span;
use std::collections::{BTreeMap, HashMap};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use vertebra_schema::{Shared, Type, read};

/// Why there is no type.
pub(super) enum Refused {
    /// This is why; nobody has been told.
    New(Box<Diagnostic>),
    /// It has been reported where the type is declared.
    Reported,
}

/// What the parameters of a type alias stand for.
type Arguments = BTreeMap<String, Type>;

pub(super) struct Types<'t> {
    tree: &'t Tree,
    ours: &'t Ours<'t>,
    /// The described items met so far; `None` while one is being read, and when it couldn't be.
    described: HashMap<ItemId, Option<Type>>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'t> Types<'t> {
    pub(super) fn new(tree: &'t Tree, ours: &'t Ours<'t>) -> Types<'t> {
        Types {
            tree,
            ours,
            described: HashMap::new(),
            found: Vec::new(),
        }
    }

    /// The type that `ty` means in a module.
    pub(super) fn of(&mut self, module: ModuleId, ty: &syn::Type) -> Result<Type, Refused> {
        self.resolve(module, ty, &Arguments::new(), 0)
    }

    fn refuse<T>(
        &self,
        module: ModuleId,
        span: Span,
        message: impl Into<String>,
        help: &str,
    ) -> Result<T, Refused> {
        let found = Diagnostic::new(message, self.tree.place(module, span));
        let found = if help.is_empty() {
            found
        } else {
            found.help(help)
        };
        Err(Refused::New(Box::new(found)))
    }

    fn resolve(
        &mut self,
        module: ModuleId,
        ty: &syn::Type,
        arguments: &Arguments,
        depth: usize,
    ) -> Result<Type, Refused> {
        match ty {
            syn::Type::Paren(inner) => self.resolve(module, &inner.elem, arguments, depth),
            syn::Type::Group(inner) => self.resolve(module, &inner.elem, arguments, depth),
            syn::Type::Tuple(tuple) if matches!(tuple.elems.len(), 2 | 3) => {
                let items: Result<Vec<_>, _> = tuple
                    .elems
                    .iter()
                    .map(|item| {
                        self.resolve(module, item, arguments, depth)
                            .map(Shared::from)
                    })
                    .collect();
                Ok(Type::Tuple(items?.into()))
            }
            syn::Type::Tuple(tuple) => {
                let message = format!("a tuple of {} can't be a field", tuple.elems.len());
                self.refuse(module, ty.span(), message, "tuples have two or three parts; a struct with `#[derive(Described)]` says more")
            }
            syn::Type::Path(path) if path.qself.is_none() => {
                self.path(module, &path.path, arguments, depth)
            }
            other => {
                let help = "use an owned type: `String`, `Vec<T>`, or a struct of your own with `#[derive(Described)]`";
                self.refuse(module, other.span(), "this type can't be a field", help)
            }
        }
    }

    fn path(
        &mut self,
        module: ModuleId,
        path: &syn::Path,
        arguments: &Arguments,
        depth: usize,
    ) -> Result<Type, Refused> {
        if let Some(name) = path.get_ident()
            && let Some(argument) = arguments.get(&name.unraw().to_string())
        {
            return Ok(argument.clone());
        }
        let parts = parts(path);
        let last = path.segments.last().map(|part| &part.arguments);
        let mut given = Vec::new();
        if let Some(syn::PathArguments::AngleBracketed(list)) = last {
            given.extend(list.args.iter().filter_map(|one| match one {
                syn::GenericArgument::Type(ty) => Some(ty),
                _ => None,
            }));
        }
        match self.tree.resolve(module, &parts) {
            Ok(Meaning::Outside(outside)) => {
                self.outside(module, path, &outside, &given, arguments, depth)
            }
            Ok(Meaning::Item(id)) => {
                let tree = self.tree;
                match &tree.items[id].kind {
                    Kind::Alias(alias) => {
                        self.alias(module, path, id, alias, &given, arguments, depth)
                    }
                    _ => self.item(module, path, id),
                }
            }
            Ok(Meaning::Module(_)) => self.refuse(
                module,
                path.span(),
                format!("`{}` is a module, not a type", parts.join("::")),
                "",
            ),
            Err(Lost::Unknown(part)) => {
                let message = format!(
                    "can't find the type `{}`",
                    parts.join("::").trim_start_matches("::")
                );
                let help = match part == parts.join("::") {
                    true => "it is neither in this module, nor imported, nor known: types that macros make can't be seen here".to_string(),
                    false => format!("there is no `{part}` on the way to it: what macros make can't be seen here"),
                };
                self.refuse(module, path.span(), message, &help)
            }
            Err(Lost::Condition(other, span)) => {
                let message = format!(
                    "it isn't known here whether `{}` is there",
                    parts.join("::")
                );
                let found = Diagnostic::new(message, self.tree.place(module, path.span()))
                    .related(self.tree.place(other, span), "it depends on this")
                    .help("only `test`, features, `all`, `any` and `not` are known");
                Err(Refused::New(Box::new(found)))
            }
        }
    }

    /// A type of the language, or of a crate that this one knows.
    fn outside(
        &mut self,
        module: ModuleId,
        path: &syn::Path,
        outside: &[String],
        given: &[&syn::Type],
        arguments: &Arguments,
        depth: usize,
    ) -> Result<Type, Refused> {
        let wanted = |count: usize| {
            let name = outside.last().map_or("", String::as_str);
            format!(
                "`{name}` needs {count} type{}",
                if count == 1 { "" } else { "s" }
            )
        };
        let inner = |types: &mut Self, at: usize, count: usize| match given.get(at) {
            Some(ty) => types.resolve(module, ty, arguments, depth),
            None => types.refuse(module, path.span(), wanted(count), ""),
        };
        match known(outside) {
            Some(Known::Plain(ty)) => Ok(ty),
            Some(Known::Boxed) => inner(self, 0, 1),
            Some(Known::Optional) => Ok(Type::Optional(inner(self, 0, 1)?.into())),
            Some(Known::List) => Ok(Type::List(inner(self, 0, 1)?.into())),
            Some(Known::Map) => {
                let key = inner(self, 0, 2)?;
                if key != Type::String {
                    return self.refuse(
                        module,
                        given[0].span(),
                        "the keys of a map have to be `String`",
                        "they are the names of an object in JSON",
                    );
                }
                Ok(Type::Map(inner(self, 1, 2)?.into()))
            }
            None => {
                let name = outside.join("::");
                let help = match name.as_str() {
                    "usize" | "isize" => {
                        "it differs between machines: choose a width, such as `u32` or `u64`"
                    }
                    "u128" | "i128" => "the widest integers are `u64` and `i64`",
                    _ => {
                        "see the table of types in the guide, or derive `Described` for a type of your own"
                    }
                };
                self.refuse(
                    module,
                    path.span(),
                    format!("`{name}` can't be a field of a model"),
                    help,
                )
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call site; a struct would only rename them"
    )]
    fn alias(
        &mut self,
        module: ModuleId,
        path: &syn::Path,
        id: ItemId,
        alias: &syn::ItemType,
        given: &[&syn::Type],
        arguments: &Arguments,
        depth: usize,
    ) -> Result<Type, Refused> {
        if depth > 32 {
            return self.refuse(
                module,
                path.span(),
                format!("the type alias `{}` leads to itself", alias.ident),
                "",
            );
        }
        let mut inner = Arguments::new();
        for (at, parameter) in alias.generics.type_params().enumerate() {
            let ty = match (given.get(at), &parameter.default) {
                (Some(ty), _) => self.resolve(module, ty, arguments, depth)?,
                (None, Some((_, default))) => {
                    self.resolve(self.tree.items[id].module, default, &inner, depth)?
                }
                (None, None) => {
                    return self.refuse(
                        module,
                        path.span(),
                        format!("`{}` needs a type for `{}`", alias.ident, parameter.ident),
                        "",
                    );
                }
            };
            inner.insert(parameter.ident.unraw().to_string(), ty);
        }
        let home = self.tree.items[id].module;
        self.resolve(home, &alias.ty, &inner, depth + 1)
            .map_err(|refused| match refused {
                Refused::New(mut found) => {
                    let step =
                        std::mem::replace(&mut found.place, self.tree.place(module, path.span()));
                    if let Some(step) = step {
                        found.related.insert(
                            0,
                            (step, format!("which is what `{}` stands for", alias.ident)),
                        );
                    }
                    Refused::New(found)
                }
                reported => reported,
            })
    }

    /// A struct or an enum of the crate.
    fn item(&mut self, module: ModuleId, path: &syn::Path, id: ItemId) -> Result<Type, Refused> {
        let tree = self.tree;
        let item = &tree.items[id];
        let name = &item.name;
        let Kind::Data(data) = &item.kind else {
            return self.refuse(
                module,
                path.span(),
                format!("`{name}` can't be a field of a model"),
                "",
            );
        };
        if self.ours.derives(item, data, "Described") {
            return self.described(module, path, id, item, data);
        }
        let found = Diagnostic::new(
            format!("`{name}` can't be a field of a model"),
            tree.place(module, path.span()),
        )
        .related(tree.place(item.module, name.span()), "declared here");
        let found = if self.ours.derives(item, data, "Model") {
            found.help("it is a model itself: hold its id instead")
        } else {
            found.help(format!("add `#[derive(Described)]` to `{name}`"))
        };
        Err(Refused::New(Box::new(found)))
    }

    fn described(
        &mut self,
        module: ModuleId,
        path: &syn::Path,
        id: ItemId,
        item: &Item,
        data: &syn::DeriveInput,
    ) -> Result<Type, Refused> {
        match self.described.get(&id) {
            Some(Some(ty)) => return Ok(ty.clone()),
            Some(None) if self.ours.reading.borrow().contains(&id) => {
                return self.refuse(
                    module,
                    path.span(),
                    format!("`{}` contains itself", item.name),
                    "a row has to end somewhere: hold an id instead",
                );
            }
            Some(None) => return Err(Refused::Reported),
            None => {}
        }
        self.described.insert(id, None);
        self.ours.reading.borrow_mut().push(id);
        let ty = self.read(item, data);
        self.ours.reading.borrow_mut().pop();
        match ty {
            Some(ty) => {
                self.described.insert(id, Some(ty.clone()));
                Ok(ty)
            }
            None => Err(Refused::Reported),
        }
    }

    fn read(&mut self, item: &Item, data: &syn::DeriveInput) -> Option<Type> {
        let (data, mut found) = self.ours.present(item, data);
        let before = found.len();
        let read = match read::described(&data) {
            Ok(described) => described.into_type(|ty| self.field(item.module, ty, &mut found)),
            Err(errors) => {
                self.all_fields(item, &data, &mut found);
                Err(errors)
            }
        };
        problems::add(&mut found, read.as_ref().err(), self.tree, item);
        let is_whole = found.len() == before && before == 0;
        self.found.append(&mut found);
        read.ok().filter(|_| is_whole)
    }

    /// Looks at each field's type of an item that the reader refused, so that one run shows all mistakes.
    pub(super) fn all_fields(
        &mut self,
        item: &Item,
        data: &syn::DeriveInput,
        found: &mut Vec<Diagnostic>,
    ) {
        if let syn::Data::Struct(data) = &data.data {
            for field in &data.fields {
                // What it answers is for the reader, which has said its part.
                let _ = self.field(item.module, &field.ty, found);
            }
        }
    }

    /// The type of a field for the reader, which passes on that there was an error; what it was is in `found`.
    pub(super) fn field(
        &mut self,
        module: ModuleId,
        ty: &syn::Type,
        found: &mut Vec<Diagnostic>,
    ) -> Result<Type, syn::Error> {
        self.of(module, ty).map_err(|refused| {
            if let Refused::New(one) = refused {
                found.push(*one);
            }
            syn::Error::new(ty.span(), problems::REPORTED)
        })
    }
}

/// The parts of a path as they are looked up; an empty one in front stands for a leading `::`.
pub(super) fn parts(path: &syn::Path) -> Vec<String> {
    let root = path.leading_colon.map(|_| String::new());
    let names = path
        .segments
        .iter()
        .map(|part| part.ident.unraw().to_string());
    root.into_iter().chain(names).collect()
}

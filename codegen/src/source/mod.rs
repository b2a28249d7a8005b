//! Rust source → schema, without compiling it.
//!
//! Follows `mod`, `use`, globs, re-exports and type aliases, and gives each item that derives `Model` to
//! [`vertebra_schema::read`], which is what the derive does too: the two differ only in who says what a type is.
//!
//! What can't be seen: what macros, `include!` and build scripts make; items inside of functions; types of other crates but
//! those of the guide's table. Each is an error where a model needs it. Invariant: all errors are found in one run.

mod cfg;
mod disk;
mod grow;
mod known;
mod names;
mod problems;
mod tree;
mod types;

pub use cfg::Cfg;

use crate::check::{self, Diagnostic, Diagnostics, ModelPlace, Places};
use cfg::Verdict;
use disk::Disk;
use names::Meaning;
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields};
use tree::{Item, ItemId, Kind, ModuleId, Tree};
use types::Types;
use vertebra_schema::{Model, Schema, read};

/// What was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The models, in the order in which they were met.
    pub schema: Schema,
    /// Where they stand.
    pub places: Places,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
}

/// Reads models from files: each is `src/lib.rs`, `src/main.rs`, or any other file of a crate, and brings the modules
/// that it declares.
pub fn read(roots: &[PathBuf], cfg: &Cfg) -> Result<Source, Diagnostics> {
    let disk = Disk::real();
    let mut all = Reading::default();
    for root in roots {
        all.start(root, &disk, cfg);
    }
    all.finish()
}

/// Reads models from one text, as if it were a crate of one file.
pub fn from_text(name: &str, text: &str, cfg: &Cfg) -> Result<Source, Diagnostics> {
    from_texts(&[(name, text)], cfg)
}

/// Reads models from texts that stand for files; the first is the root of the crate.
pub fn from_texts(texts: &[(&str, &str)], cfg: &Cfg) -> Result<Source, Diagnostics> {
    let disk = Disk::of_texts(texts);
    let mut all = Reading::default();
    if let Some((root, _)) = texts.first() {
        all.start(Path::new(root), &disk, cfg);
    }
    all.finish()
}

#[derive(Default)]
struct Reading {
    models: Vec<Model>,
    places: Places,
    files: Vec<PathBuf>,
    /// File and position of each model.
    seen: HashSet<(Arc<Path>, usize)>,
    found: Vec<Diagnostic>,
}

impl Reading {
    fn start(&mut self, root: &Path, disk: &Disk, cfg: &Cfg) {
        if !disk.exists(root) {
            let found = Diagnostic::new(format!("there is no file {}", root.display()), None);
            self.found.push(
                found.help(
                    "name a file such as src/lib.rs, or run this in the directory of a crate",
                ),
            );
            return;
        }
        let (tree, from) = crate_of(root, disk, cfg);
        for file in &tree.files {
            let path = file.path.to_path_buf();
            if !self.files.contains(&path) {
                self.files.push(path);
            }
        }
        let ours = Ours {
            tree: &tree,
            cfg,
            reading: RefCell::new(Vec::new()),
        };
        // What is wrong elsewhere in the crate isn't this reading's business, unless a type leads there.
        let inside = tree
            .found
            .iter()
            .filter(|(module, _)| tree.is_inside(*module, from));
        self.found.extend(inside.map(|(_, found)| found.clone()));
        let mut types = Types::new(&tree, &ours);
        for item in tree
            .items
            .iter()
            .filter(|item| tree.is_inside(item.module, from))
        {
            if let Kind::Data(data) = &item.kind
                && ours.derives(item, data, "Model")
            {
                self.model(item, data, &ours, &mut types);
            }
        }
        self.found.append(&mut types.found);
    }

    fn model(&mut self, item: &Item, data: &DeriveInput, ours: &Ours<'_>, types: &mut Types<'_>) {
        let tree = ours.tree;
        let Some(name) = tree.place(item.module, item.name.span()) else {
            return;
        };
        // Two roots can lead to one file.
        if !self.seen.insert((name.file.clone(), name.span.start)) {
            return;
        }
        if let Verdict::Unknown(span) = item.condition {
            self.found
                .push(ours.unknown(item.module, span, "this model"));
            return;
        }
        let (data, mut found) = ours.present(item, data);
        let model = match read::model(&data) {
            Ok(read) => read.into_model(|ty| types.field(item.module, ty, &mut found)),
            Err(errors) => {
                types.all_fields(item, &data, &mut found);
                Err(errors)
            }
        };
        problems::add(&mut found, model.as_ref().err(), tree, item);
        self.found.append(&mut found);
        let Ok(model) = model else {
            return;
        };
        let fields = model.fields.iter().map(|field| {
            let declared = fields_of(&data).find(|(ident, _)| ident.unraw() == *field.ident)?;
            tree.place(item.module, declared.0.span())
        });
        let path = std::iter::once("crate".to_string())
            .chain(tree.modules[item.module].path.iter().map(|part| raw(part)))
            .chain([item.name.to_string()]);
        self.places.models.push(ModelPlace {
            name,
            path: path.collect::<Vec<_>>().join("::"),
            fields: fields.collect(),
        });
        self.models.push(model);
    }

    /// All of it, or everything that is wrong in the order of the source, with what can be said of the models that are right.
    fn finish(mut self) -> Result<Source, Diagnostics> {
        let schema = Schema {
            models: self.models,
        };
        if self.found.is_empty() {
            return Ok(Source {
                schema,
                places: self.places,
                files: self.files,
            });
        }
        self.found.extend(check::check(&schema, &self.places));
        let position = |one: &Diagnostic| {
            let place = one.place.as_ref()?;
            let file = self.files.iter().position(|file| **file == *place.file);
            Some((file, place.span.start))
        };
        self.found.sort_by_key(position);
        Err(Diagnostics(self.found))
    }
}

/// The crate of a file, and the module that the file is. A file that isn't a root is read as part of the crate around
/// it where that declares it, so that `crate::…` means something.
fn crate_of(file: &Path, disk: &Disk, cfg: &Cfg) -> (Tree, ModuleId) {
    let is_root = |name: &str| file.file_name().is_some_and(|it| it == name);
    if !is_root("lib.rs") && !is_root("main.rs") {
        for directory in file.ancestors().skip(1) {
            for root in ["lib.rs", "main.rs"].map(|root| directory.join(root)) {
                if !disk.exists(&root) {
                    continue;
                }
                let tree = Tree::grow(&root, disk, cfg);
                let is_it = |module: &tree::Module| &*tree.files[module.file].path == file;
                if let Some(module) = tree.modules.iter().position(is_it) {
                    return (tree, module);
                }
            }
        }
    }
    (Tree::grow(file, disk, cfg), 0)
}

/// What belongs to Vertebra in a crate.
struct Ours<'t> {
    tree: &'t Tree,
    cfg: &'t Cfg,
    /// The described items that are being read now, outermost first.
    reading: RefCell<Vec<ItemId>>,
}

impl Ours<'_> {
    /// Whether an item derives one of ours: by the name itself, or by a path that leads to this crate's.
    fn derives(&self, item: &Item, data: &DeriveInput, name: &str) -> bool {
        let mut is_ours = false;
        let mut look = |meta: &syn::Meta| {
            if let syn::Meta::List(list) = meta
                && list.path.is_ident("derive")
            {
                let paths = list.parse_args_with(
                    syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated,
                );
                is_ours |= paths
                    .iter()
                    .flatten()
                    .any(|path| self.is(item.module, path, name));
            }
        };
        let mut unknown = Vec::new();
        let attributes = self
            .cfg
            .expand(&data.attrs, &mut |_, meta| unknown.push(meta.clone()));
        attributes
            .iter()
            .for_each(|attribute| look(&attribute.meta));
        // One under an unknown condition counts: `present` says so.
        unknown.iter().for_each(look);
        is_ours
    }

    fn is(&self, module: ModuleId, path: &syn::Path, name: &str) -> bool {
        let parts = types::parts(path);
        match self.tree.resolve(module, &parts) {
            Ok(Meaning::Outside(outside)) => {
                let crates = ["vertebra", "vertebra_macros"];
                outside.len() > 1
                    && crates.contains(&outside[0].as_str())
                    && outside.last().is_some_and(|it| it == name)
            }
            // A macro may come by a glob, and a type of the same name hides nothing from it.
            _ => parts.len() == 1 && parts[0] == name,
        }
    }

    fn unknown(&self, module: ModuleId, span: proc_macro2::Span, what: &str) -> Diagnostic {
        Diagnostic::new(
            format!("it isn't known here whether {what} is there"),
            self.tree.place(module, span),
        )
        .help("only `test`, features, `all`, `any` and `not` are known when source is read")
    }

    /// An item as the derive would see it: without the fields and attributes that its conditions exclude.
    fn present(&self, item: &Item, data: &DeriveInput) -> (DeriveInput, Vec<Diagnostic>) {
        let mut data = data.clone();
        let mut found = Vec::new();
        self.expand(item, &mut data.attrs, &mut found);
        match &mut data.data {
            Data::Struct(data) => self.present_fields(item, &mut data.fields, &mut found),
            Data::Enum(data) => {
                let variants = std::mem::take(&mut data.variants);
                data.variants = variants
                    .into_iter()
                    .filter(|variant| self.keeps(item, &variant.attrs, "this variant", &mut found))
                    .collect();
                for variant in &mut data.variants {
                    self.expand(item, &mut variant.attrs, &mut found);
                    self.present_fields(item, &mut variant.fields, &mut found);
                }
            }
            Data::Union(_) => {}
        }
        (data, found)
    }

    fn present_fields(&self, item: &Item, fields: &mut Fields, found: &mut Vec<Diagnostic>) {
        let list = match fields {
            Fields::Named(fields) => &mut fields.named,
            Fields::Unnamed(fields) => &mut fields.unnamed,
            Fields::Unit => return,
        };
        *list = std::mem::take(list)
            .into_iter()
            .filter(|field| self.keeps(item, &field.attrs, "this field", found))
            .collect();
        for field in list {
            self.expand(item, &mut field.attrs, found);
        }
    }

    fn keeps(
        &self,
        item: &Item,
        attributes: &[syn::Attribute],
        what: &str,
        found: &mut Vec<Diagnostic>,
    ) -> bool {
        match self.cfg.includes(attributes) {
            Verdict::Yes => true,
            Verdict::No => false,
            Verdict::Unknown(span) => {
                found.push(self.unknown(item.module, span, what));
                false
            }
        }
    }

    fn expand(
        &self,
        item: &Item,
        attributes: &mut Vec<syn::Attribute>,
        found: &mut Vec<Diagnostic>,
    ) {
        let mut unknown = |span, meta: &syn::Meta| {
            // Attributes of others change nothing here.
            let names = ["derive", "model", "serde", "deprecated", "doc"];
            if names.iter().any(|name| meta.path().is_ident(name)) {
                found.push(self.unknown(item.module, span, "this attribute"));
            }
        };
        *attributes = self.cfg.expand(attributes, &mut unknown);
        attributes.retain(|attribute| !attribute.path().is_ident("cfg"));
    }
}

fn fields_of(data: &DeriveInput) -> impl Iterator<Item = (&syn::Ident, &syn::Field)> {
    let fields = match &data.data {
        Data::Struct(data) => Some(&data.fields),
        _ => None,
    };
    fields
        .into_iter()
        .flatten()
        .filter_map(|field| Some((field.ident.as_ref()?, field)))
}

/// A name of a module as it is written: `r#type` for a keyword.
fn raw(name: &str) -> String {
    match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => name.to_string(),
        Err(_) => format!("r#{name}"),
    }
}

#[cfg(test)]
mod tests;

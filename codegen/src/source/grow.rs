//! Follows `mod` from file to file, and notes what each module declares and imports.
//!
//! Invariant: a module that can't be read is reported once, where it is declared; the rest of the crate is read all the same.

use super::cfg::{Cfg, Verdict};
use super::disk::Disk;
use super::tree::{Binding, File, Item, Kind, Module, ModuleId, Target, Tree};
use crate::check::{Diagnostic, Place};
use proc_macro2::Span;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::ext::IdentExt;
use syn::{DeriveInput, Item as Syntax};

impl Tree {
    /// Everything that can be reached from a file.
    pub(super) fn grow(root: &Path, disk: &Disk, cfg: &Cfg) -> Tree {
        let mut grower = Grower {
            tree: Tree::default(),
            disk,
            cfg,
            open: Vec::new(),
        };
        let directory = root.parent().unwrap_or(Path::new("")).to_path_buf();
        grower.file(root, directory, None, Vec::new(), None);
        grower.tree
    }
}

struct Grower<'a> {
    tree: Tree,
    disk: &'a Disk,
    cfg: &'a Cfg,
    /// The files that are being read now, outermost first.
    open: Vec<PathBuf>,
}

/// Where the files of a module's own modules are.
struct Home {
    /// The directory of the file itself: where `#[path]` counts from outside of inline modules.
    of_file: PathBuf,
    /// The directory of `mod name;`.
    of_modules: PathBuf,
    is_inline: bool,
}

impl Grower<'_> {
    /// Reads a file as a module. `declared` is where its `mod` stands.
    fn file(
        &mut self,
        path: &Path,
        directory: PathBuf,
        parent: Option<ModuleId>,
        name: Vec<String>,
        declared: Option<(ModuleId, Span)>,
    ) -> Option<ModuleId> {
        let at = |tree: &Tree| declared.and_then(|(module, span)| tree.place(module, span));
        let complain = |grower: &mut Self, message: String| {
            let found = Diagnostic::new(message, at(&grower.tree));
            grower
                .tree
                .found
                .push((declared.map_or(0, |(module, _)| module), found));
        };
        if self.open.iter().any(|open| open == path) {
            complain(self, format!("{} is a module of itself", path.display()));
            return None;
        }
        let text = match self.disk.read(path) {
            Ok(text) => text,
            Err(error) => {
                complain(self, format!("can't read {}: {error}", path.display()));
                return None;
            }
        };
        let file = self.tree.files.len();
        self.tree.files.push(File {
            path: path.into(),
            text: text.as_str().into(),
        });
        let module = self.module(parent, name, file);
        match syn::parse_file(&without_marks(&text)) {
            Ok(syntax) => {
                let home = Home {
                    of_file: path.parent().unwrap_or(Path::new("")).to_path_buf(),
                    of_modules: directory,
                    is_inline: false,
                };
                self.open.push(path.to_path_buf());
                self.items(module, syntax.items, &home);
                self.open.pop();
            }
            Err(error) => {
                let place = self
                    .tree
                    .place(module, error.span())
                    .or_else(|| self.last(file));
                let message = match error.to_string().as_str() {
                    // Its own words for a bracket or a quote that isn't closed.
                    "cannot parse string into token stream" => {
                        "this isn't Rust: something isn't closed".to_string()
                    }
                    said => format!("this isn't Rust: {said}"),
                };
                let found = Diagnostic::new(message, place);
                self.tree.found.push((module, found));
            }
        }
        Some(module)
    }

    /// The last character of a file: where something was missing.
    fn last(&self, file: usize) -> Option<Place> {
        let File { path, text } = &self.tree.files[file];
        let (start, one) = text.trim_end().char_indices().next_back()?;
        Some(Place {
            file: path.clone(),
            text: text.clone(),
            span: start..start + one.len_utf8(),
        })
    }

    fn module(&mut self, parent: Option<ModuleId>, path: Vec<String>, file: usize) -> ModuleId {
        self.tree.modules.push(Module {
            parent,
            path,
            file,
            names: BTreeMap::new(),
            globs: Vec::new(),
        });
        self.tree.modules.len() - 1
    }

    fn items(&mut self, module: ModuleId, items: Vec<Syntax>, home: &Home) {
        for item in items {
            match item {
                Syntax::Mod(item) => self.nested(module, item, home),
                Syntax::Use(item) => {
                    let condition = self.cfg.includes(&item.attrs);
                    let start = if item.leading_colon.is_some() {
                        vec![String::new()]
                    } else {
                        Vec::new()
                    };
                    self.imports(module, start, &item.tree, condition);
                }
                Syntax::ExternCrate(item) => {
                    let condition = self.cfg.includes(&item.attrs);
                    let name = item
                        .rename
                        .as_ref()
                        .map_or(&item.ident, |(_, name)| name)
                        .unraw()
                        .to_string();
                    let target = match item.ident == "self" {
                        true => vec!["crate".to_string()],
                        false => vec![String::new(), item.ident.unraw().to_string()],
                    };
                    self.bind(module, name, Target::Path(target), condition);
                }
                Syntax::Struct(item) => self.data(module, item.into()),
                Syntax::Enum(item) => self.data(module, item.into()),
                Syntax::Type(item) => {
                    let (name, condition) = (item.ident.clone(), self.cfg.includes(&item.attrs));
                    self.item(module, name, Kind::Alias(Box::new(item)), condition);
                }
                Syntax::Union(item) => {
                    self.item(
                        module,
                        item.ident,
                        Kind::Other,
                        self.cfg.includes(&item.attrs),
                    );
                }
                Syntax::Trait(item) => {
                    self.item(
                        module,
                        item.ident,
                        Kind::Other,
                        self.cfg.includes(&item.attrs),
                    );
                }
                _ => {}
            }
        }
    }

    fn data(&mut self, module: ModuleId, item: DeriveInput) {
        let (name, condition) = (item.ident.clone(), self.cfg.includes(&item.attrs));
        self.item(module, name, Kind::Data(Box::new(item)), condition);
    }

    fn item(&mut self, module: ModuleId, name: syn::Ident, kind: Kind, condition: Verdict) {
        if matches!(condition, Verdict::No) {
            return;
        }
        let id = self.tree.items.len();
        let key = name.unraw().to_string();
        self.tree.items.push(Item {
            module,
            name,
            kind,
            condition,
        });
        self.bind(module, key, Target::Item(id), condition);
    }

    /// Of several meanings of one name, a certain one wins: the others are under conditions that exclude it.
    fn bind(&mut self, module: ModuleId, name: String, target: Target, condition: Verdict) {
        let names = &mut self.tree.modules[module].names;
        match condition {
            Verdict::No => {}
            Verdict::Yes => drop(names.insert(name, Binding { target, condition })),
            Verdict::Unknown(_) => drop(names.entry(name).or_insert(Binding { target, condition })),
        }
    }

    fn imports(
        &mut self,
        module: ModuleId,
        mut path: Vec<String>,
        tree: &syn::UseTree,
        condition: Verdict,
    ) {
        use syn::UseTree;
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.unraw().to_string());
                self.imports(module, path, &part.tree, condition);
            }
            UseTree::Group(group) => {
                for part in &group.items {
                    self.imports(module, path.clone(), part, condition);
                }
            }
            UseTree::Glob(_) => {
                if !matches!(condition, Verdict::No) {
                    self.tree.modules[module].globs.push(path);
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.unraw().to_string();
                // `use a::{self}` brings `a`.
                if name != "self" {
                    path.push(name);
                }
                if let Some(name) = path.last().cloned() {
                    self.bind(module, name, Target::Path(path), condition);
                }
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.unraw().to_string());
                }
                self.bind(
                    module,
                    rename.rename.unraw().to_string(),
                    Target::Path(path),
                    condition,
                );
            }
        }
    }

    fn nested(&mut self, module: ModuleId, item: syn::ItemMod, home: &Home) {
        let condition = self.cfg.includes(&item.attrs);
        match condition {
            Verdict::Yes => {}
            Verdict::No => return,
            Verdict::Unknown(span) => {
                let found = Diagnostic::new("it isn't known here whether this module is there", self.tree.place(module, span))
                    .help("only `test`, features, `all`, `any` and `not` are: move models out of it, or begin at the file that holds them");
                self.tree.found.push((module, found));
                return;
            }
        }
        let attributes = self.cfg.expand(&item.attrs, &mut |_, _| {});
        let path_attribute = attributes.iter().find_map(path_of);
        let name = item.ident.unraw().to_string();
        let mut path = self.tree.modules[module].path.clone();
        path.push(name.clone());
        let child = if let Some((_, items)) = item.content {
            let file = self.tree.modules[module].file;
            let child = self.module(Some(module), path, file);
            let inner = Home {
                of_file: home.of_file.clone(),
                of_modules: home
                    .of_modules
                    .join(path_attribute.unwrap_or_else(|| PathBuf::from(&name))),
                is_inline: true,
            };
            self.items(child, items, &inner);
            Some(child)
        } else {
            self.nested_file(module, &item.ident, path_attribute, path, home)
        };
        if let Some(child) = child {
            self.bind(module, name, Target::Module(child), condition);
        }
    }

    /// `mod name;`
    fn nested_file(
        &mut self,
        module: ModuleId,
        ident: &syn::Ident,
        path_attribute: Option<PathBuf>,
        path: Vec<String>,
        home: &Home,
    ) -> Option<ModuleId> {
        let declared = Some((module, ident.span()));
        if let Some(given) = path_attribute {
            let from = if home.is_inline {
                &home.of_modules
            } else {
                &home.of_file
            };
            let file = from.join(given);
            // A file that was named owns its directory, whatever it is called.
            let directory = file.parent().unwrap_or(Path::new("")).to_path_buf();
            return self.file(&file, directory, Some(module), path, declared);
        }
        let name = ident.unraw().to_string();
        let directory = home.of_modules.join(&name);
        let beside = home.of_modules.join(format!("{name}.rs"));
        let inside = directory.join("mod.rs");
        let message = match (self.disk.exists(&beside), self.disk.exists(&inside)) {
            (true, false) => return self.file(&beside, directory, Some(module), path, declared),
            (false, true) => return self.file(&inside, directory, Some(module), path, declared),
            (true, true) => format!("the module `{name}` has two files"),
            (false, false) => format!("the module `{name}` has no file"),
        };
        let found = Diagnostic::new(message, self.tree.place(module, ident.span())).help(format!(
            "it is either {} or {}",
            beside.display(),
            inside.display()
        ));
        self.tree.found.push((module, found));
        None
    }
}

/// The value of `#[path = "…"]`.
fn path_of(attribute: &syn::Attribute) -> Option<PathBuf> {
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(path),
            ..
        }) if pair.path.is_ident("path") => Some(PathBuf::from(path.value())),
        _ => None,
    }
}

/// The text without a byte order mark and a `#!` line, with blanks in their place so that every position stays.
fn without_marks(text: &str) -> String {
    let (mark, rest) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("   ", rest),
        None => ("", text),
    };
    let is_script = rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[');
    let line = if is_script {
        rest.find('\n').unwrap_or(rest.len())
    } else {
        0
    };
    format!("{mark}{}{}", " ".repeat(line), &rest[line..])
}

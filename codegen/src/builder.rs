//! Generating from a `build.rs`.
//!
//! Invariant: nothing is written outside of `OUT_DIR`, and an unchanged project changes no file there.

use crate::check::{self, Diagnostics};
use crate::emit::{self, Config, ConfigError};
use crate::source::{self, Cfg};
use crate::write::{self, WriteError};
use std::env;
use std::path::PathBuf;

/// Reads models from source, and leaves their JavaScript in `OUT_DIR` together with `vertebra.rs`.
///
/// ```no_run
/// // build.rs
/// fn main() {
///     vertebra_codegen::Builder::new().source("src/models.rs").name("todo").run();
/// }
/// ```
///
/// The program then has it with
///
/// ```ignore
/// // Why not run: `OUT_DIR` is there only in a package with a build script.
/// include!(concat!(env!("OUT_DIR"), "/vertebra.rs"));
/// ```
///
/// which declares `BUNDLE`, a `vertebra::Bundle` of the generated files, and stops the build where a compiled model isn't
/// the one that was read.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    sources: Vec<PathBuf>,
    name: Option<String>,
    url_prefix: Option<String>,
    global: Option<String>,
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The models have mistakes.
    #[error(transparent)]
    Source(#[from] Diagnostics),
    /// A setting of the builder has.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file couldn't be written.
    #[error("{0}: {cause}", cause = .0.cause)]
    Write(#[from] WriteError),
    /// This isn't a build script.
    #[error("`{0}` isn't set: a `Builder` runs in a build script")]
    Environment(&'static str),
}

impl Builder {
    /// Reads `src/lib.rs` and `src/main.rs`, and names the files after the package.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Begins at this file, relative to the package, instead; several are allowed.
    #[must_use]
    pub fn source(mut self, path: impl Into<PathBuf>) -> Builder {
        self.sources.push(path.into());
        self
    }

    /// What the generated files are called: `name("todo")` makes `todo.js` and its companions.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Where the server has the collections; `/api/` when not said.
    #[must_use]
    pub fn url_prefix(mut self, prefix: impl Into<String>) -> Builder {
        self.url_prefix = Some(prefix.into());
        self
    }

    /// The variable that the classic script sets; the name when not said.
    #[must_use]
    pub fn global(mut self, global: impl Into<String>) -> Builder {
        self.global = Some(global.into());
        self
    }

    /// Generates. Ends the build script with every mistake on the error output when there are any.
    pub fn run(self) {
        if let Err(error) = self.try_run() {
            // Cargo shows this as it is; a panic would add a backtrace that helps nobody.
            eprintln!("{error}");
            std::process::exit(1);
        }
    }

    /// Generates, and leaves the error to the caller.
    pub fn try_run(self) -> Result<(), Error> {
        let out = variable("OUT_DIR")?;
        let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        let name = match self.name {
            Some(name) => name,
            None => variable("CARGO_PKG_NAME")?,
        };
        let mut config = Config::named(&name)?;
        if let Some(prefix) = &self.url_prefix {
            config = config.url_prefix(prefix)?;
        }
        if let Some(global) = &self.global {
            config = config.global(global)?;
        }
        let sources: Vec<PathBuf> = if self.sources.is_empty() {
            let roots = ["src/lib.rs", "src/main.rs"].map(PathBuf::from);
            roots
                .into_iter()
                .filter(|root| package.join(root).is_file())
                .collect()
        } else {
            self.sources
        };
        let roots: Vec<PathBuf> = sources.iter().map(|path| package.join(path)).collect();
        let source = source::read(&roots, &Cfg::from_cargo(env::vars()))?;
        for file in &source.files {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        let found = check::check(&source.schema, &source.places);
        if !found.is_empty() {
            return Err(Diagnostics(found).into());
        }
        let mut files = emit::render(&source.schema, &config);
        let program = emit::rust::render(&source.schema, &source.places, &files);
        files.insert(PathBuf::from("vertebra.rs"), program);
        write::write(&PathBuf::from(out), &files)?;
        Ok(())
    }
}

fn variable(name: &'static str) -> Result<String, Error> {
    env::var(name).map_err(|_| Error::Environment(name))
}

//! Generating from a `build.rs`.
//!
//! Invariant: nothing is written outside of `OUT_DIR`, and an unchanged project changes no file there.

use crate::check::{self, Diagnostics};
use crate::emit::{self, Config, ConfigError, Values};
use crate::source::{self, Cfg};
use crate::write::{self, WriteError};
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

/// Reads models from source, and leaves their JavaScript in `OUT_DIR` together with `vertebra.rs`.
///
/// ```no_run
/// // In `main` of build.rs:
/// vertebra_codegen::Builder::new().source("src/models.rs").name("todo").run();
/// ```
///
/// The program then has it with
///
/// ```text
/// include!(concat!(env!("OUT_DIR"), "/vertebra.rs"));
/// ```
///
/// in a module that may see the models' types (`pub(crate)` is enough), which declares `BUNDLE`, a `vertebra::Bundle` of the generated files, and stops the build where a compiled model isn't
/// the one that was read.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    sources: Vec<PathBuf>,
    name: Option<String>,
    url_prefix: Option<String>,
    global: Option<String>,
    values: Values,
    package: Option<Option<String>>,
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

    /// Gives 64-bit integers as `bigint`; without it they are decimal text. Ids stay text.
    #[must_use]
    pub fn bigint(mut self, is_on: bool) -> Builder {
        self.values.bigint = is_on;
        self
    }

    /// Gives moments and days as `Date`; without it they are the text of the wire, with all its digits.
    #[must_use]
    pub fn dates(mut self, is_on: bool) -> Builder {
        self.values.dates = is_on;
        self
    }

    /// Gives bytes as `Uint8Array`; without it they are base64 text.
    #[must_use]
    pub fn bytes(mut self, is_on: bool) -> Builder {
        self.values.bytes = is_on;
        self
    }

    /// Makes the files a whole npm package, of the crate's version; `None` calls it what the files are called.
    #[must_use]
    pub fn package(mut self, name: Option<&str>) -> Builder {
        self.package = Some(name.map(str::to_string));
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
        for file in self.run_in(&env::vars().collect())? {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        Ok(())
    }

    /// Generates in the environment that cargo gives to a build script. Returns the files that were read.
    fn run_in(self, environment: &BTreeMap<String, String>) -> Result<Vec<PathBuf>, Error> {
        let variable = |name: &'static str| environment.get(name).ok_or(Error::Environment(name));
        let out = PathBuf::from(variable("OUT_DIR")?);
        let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        let name = match &self.name {
            Some(name) => name,
            None => variable("CARGO_PKG_NAME")?,
        };
        let mut config = Config::named(name)?;
        if let Some(prefix) = &self.url_prefix {
            config = config.url_prefix(prefix)?;
        }
        if let Some(global) = &self.global {
            config = config.global(global)?;
        }
        config = config.with_values(self.values);
        if let Some(name) = &self.package {
            config = config.with_package(name.as_deref(), variable("CARGO_PKG_VERSION")?)?;
        }
        let roots = match &self.sources[..] {
            [] => ["src/lib.rs", "src/main.rs"]
                .into_iter()
                .map(|root| package.join(root))
                .filter(|root| root.is_file())
                .collect(),
            sources => sources
                .iter()
                .map(|path| package.join(path))
                .collect::<Vec<_>>(),
        };
        let source = source::read(&roots, &Cfg::from_cargo(environment.clone()))?;
        let found = check::check(&source.schema, &source.places);
        if !found.is_empty() {
            return Err(Diagnostics(found).into());
        }
        let mut files = emit::render(&source.schema, &config);
        let program = emit::rust::render(&source.schema, &source.places, &files);
        files.insert(PathBuf::from("vertebra.rs"), program);
        write::write(&out, &files)?;
        Ok(source.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// A package with the given `src/lib.rs`, and cargo's environment for its build script.
    fn package(directory: &Path, lib: &str) -> BTreeMap<String, String> {
        fs::create_dir_all(directory.join("src")).expect("a directory");
        fs::write(directory.join("src/lib.rs"), lib).expect("a file");
        let text = |path: PathBuf| path.display().to_string();
        BTreeMap::from([
            ("OUT_DIR".to_string(), text(directory.join("out"))),
            (
                "CARGO_MANIFEST_DIR".to_string(),
                text(directory.to_path_buf()),
            ),
            ("CARGO_PKG_NAME".to_string(), "my-app".to_string()),
            ("CARGO_CFG_UNIX".to_string(), String::new()),
        ])
    }

    #[test]
    fn a_package_gets_its_bundle_and_the_proof_that_it_fits() {
        let directory = tempfile::tempdir().expect("a directory");
        let environment = package(directory.path(), "mod models;");
        let model = "#[derive(Model)] #[cfg(unix)] pub struct Todo { #[model(id)] id: uuid::Uuid }";
        fs::write(directory.path().join("src/models.rs"), model).expect("a file");

        let files = Builder::new().run_in(&environment).expect("files");
        assert_eq!(
            files,
            ["src/lib.rs", "src/models.rs"].map(|file| directory.path().join(file))
        );
        let program =
            fs::read_to_string(directory.path().join("out/vertebra.rs")).expect("vertebra.rs");
        for part in [
            r#"pub static BUNDLE: ::vertebra::Bundle = ::vertebra::Bundle::new(&["#,
            r#"("my-app.js", "text/javascript; charset=utf-8", include_str!(concat!(env!("OUT_DIR"), "/my-app.js"))),"#,
            "::vertebra::schema::Fingerprint::constant(<crate::models::Todo as ::vertebra::Model>::MODEL) == 0x",
        ] {
            assert!(program.contains(part), "{part}\n{program}");
        }
        syn::parse_file(&program).expect("Rust");
        assert!(directory.path().join("out/my-app.global.js").is_file());
    }

    #[test]
    fn a_builder_says_what_the_command_line_says() {
        let directory = tempfile::tempdir().expect("a directory");
        let model = "#[derive(Model)] pub struct Todo { #[model(id)] id: uuid::Uuid, total: i64 }";
        let mut environment = package(directory.path(), model);
        environment.insert("CARGO_PKG_VERSION".to_string(), "1.2.3".to_string());
        let builder = Builder::new().bigint(true).package(Some("@app/models"));
        builder.run_in(&environment).expect("files");
        let read = |name: &str| {
            fs::read_to_string(directory.path().join("out").join(name)).expect("a file")
        };
        assert!(read("my-app.d.ts").contains("total: bigint;"));
        assert!(read("package.json").contains("\"@app/models\",\n  \"version\": \"1.2.3\""));
        assert!(read("vertebra.rs").contains("(\"my-app.js.map\", \"application/json\","));
    }

    #[test]
    fn generating_again_touches_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let model = "#[derive(Model)] pub struct Todo { #[model(id)] id: uuid::Uuid }";
        let environment = package(directory.path(), model);
        let times = || -> Vec<_> {
            let all = fs::read_dir(directory.path().join("out")).expect("a directory");
            all.map(|file| {
                file.and_then(|file| Ok((file.path(), file.metadata()?.modified()?)))
                    .expect("a file")
            })
            .collect()
        };
        Builder::new().run_in(&environment).expect("files");
        let (first, bytes) = (
            times(),
            fs::read(directory.path().join("out/vertebra.rs")).expect("a file"),
        );
        Builder::new().run_in(&environment).expect("files");
        assert_eq!(times(), first);
        assert_eq!(
            fs::read(directory.path().join("out/vertebra.rs")).expect("a file"),
            bytes
        );
    }

    #[test]
    fn mistakes_leave_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let model =
            "#[derive(Model)] pub struct Todo { #[model(id)] id: uuid::Uuid, when: Instant }";
        let environment = package(directory.path(), model);
        let error = Builder::new().run_in(&environment).expect_err("mistakes");
        assert!(
            error.to_string().contains("can't find the type `Instant`"),
            "{error}"
        );
        assert!(!directory.path().join("out").exists());
    }

    #[test]
    fn outside_of_a_build_script_there_is_nowhere_to_write() {
        let error = Builder::new()
            .run_in(&BTreeMap::new())
            .expect_err("no environment");
        assert_eq!(
            error.to_string(),
            "`OUT_DIR` isn't set: a `Builder` runs in a build script"
        );
    }
}

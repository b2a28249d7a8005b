//! `vertebra generate`: models → files of a web project.
//!
//! Invariant: nothing is written outside of `--out`, and nothing at all when there is a mistake.

use super::settings::Project;
use super::{Failure, colors};
use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use vertebra_codegen::check::{self, Diagnostic};
use vertebra_codegen::emit::{self, Config, Values};
use vertebra_codegen::source::{self, Cfg};
use vertebra_codegen::write::{self, Change};

/// Generate JavaScript and TypeScript from models.
///
/// Reads Rust source without compiling it. Settings are taken from the command line, then from vertebra.toml, or from
/// [package.metadata.vertebra] in Cargo.toml: source, out, name, url_prefix, global, bigint, dates, bytes, js, package,
/// version.
#[derive(Args)]
#[command(after_help = "\
Examples:
  vertebra generate                                 src/lib.rs, src/main.rs → web/generated
  vertebra generate src/models.rs --out web/js      one file and the modules that it declares
  vertebra generate --js --package @app/models      a whole npm package: package.json, source maps, types for both forms
  vertebra generate --check                         for CI: shows what would change, and fails if anything would
  vertebra generate --stdout --name todo            shows the files instead of writing them

Exit codes: 0 done, or nothing to do; 1 mistakes in the models, or --check found a difference; 2 wrong usage.")]
pub(super) struct Generate {
    /// Where models are: src/lib.rs, or any other file of a crate [default: src/lib.rs and src/main.rs]
    paths: Vec<PathBuf>,
    /// The directory for the generated files [default: web/generated]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the files are called: NAME.js, NAME.cjs, NAME.global.js, NAME.d.ts [default: the crate's name]
    #[arg(long)]
    name: Option<String>,
    /// Where the server has the collections [default: /api/]
    #[arg(long, value_name = "PATH")]
    url_prefix: Option<String>,
    /// The variable that NAME.global.js sets [default: NAME]
    #[arg(long, value_name = "IDENTIFIER")]
    global: Option<String>,
    /// Give 64-bit integers as bigint; otherwise they are decimal text. Ids stay text
    #[arg(long)]
    bigint: bool,
    /// Give moments and days as Date; otherwise they are text
    #[arg(long)]
    dates: bool,
    /// Give bytes as Uint8Array; otherwise they are base64 text
    #[arg(long)]
    bytes: bool,
    /// Make the files a whole npm package, with package.json, source maps and declarations for CommonJS
    #[arg(long)]
    js: bool,
    /// What the package is called; implies --js [default: NAME]
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Features that are on, beside the default ones
    #[arg(long, short = 'F', value_delimiter = ',')]
    features: Vec<String>,
    /// Leave out the default features
    #[arg(long)]
    no_default_features: bool,
    /// Write nothing: show a diff, and fail if there is one
    #[arg(long, conflicts_with = "stdout")]
    check: bool,
    /// Write nothing: show the files
    #[arg(long)]
    stdout: bool,
    /// How mistakes and results are shown
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

impl Generate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let project = Project::read(Path::new("")).map_err(Failure::Usage)?;
        let config = self.config(&project).map_err(Failure::Usage)?;
        let features = project.features(&self.features, !self.no_default_features);
        let settings = project.settings;
        let out = self
            .out
            .clone()
            .or(settings.out)
            .unwrap_or_else(|| PathBuf::from("web/generated"));
        let roots = self
            .roots(settings.source.into_vec())
            .map_err(Failure::Usage)?;

        let source =
            source::read(&roots, &Cfg::with_features(features)).map_err(|all| self.show(&all.0))?;
        let found = check::check(&source.schema, &source.places);
        if !found.is_empty() {
            return Err(self.show(&found));
        }
        if source.schema.models.is_empty() {
            let names: Vec<String> = roots
                .iter()
                .map(|root| root.display().to_string())
                .collect();
            return Err(anyhow!(
                "there is no `#[derive(Model)]` in {} and its modules",
                names.join(", ")
            )
            .into());
        }
        let files = emit::render(&source.schema, &config);
        if self.stdout {
            return self.print(&files);
        }
        if self.check {
            return self.compare(&out, &files);
        }
        let changes = write::write(&out, &files).map_err(with_cause)?;
        self.report(&out, &changes)
    }

    fn config(&self, project: &Project) -> anyhow::Result<Config> {
        let settings = &project.settings;
        let name = self
            .name
            .as_ref()
            .or(settings.name.as_ref())
            .or(project.name.as_ref());
        let name = name.context(
            "the files need a name: run this in the directory of a crate, or say `--name NAME`",
        )?;
        let mut config = Config::named(name)?;
        if let Some(prefix) = self.url_prefix.as_ref().or(settings.url_prefix.as_ref()) {
            config = config.url_prefix(prefix)?;
        }
        if let Some(global) = self.global.as_ref().or(settings.global.as_ref()) {
            config = config.global(global)?;
        }
        config = config.with_values(Values {
            bigint: self.bigint || settings.bigint,
            dates: self.dates || settings.dates,
            bytes: self.bytes || settings.bytes,
        });
        let package = self.package.as_ref().or(settings.package.as_ref());
        if self.js || settings.js || package.is_some() {
            let version = settings.version.as_ref().or(project.version.as_ref());
            config = config.with_package(
                package.map(String::as_str),
                version.map_or("0.0.0", String::as_str),
            )?;
        }
        Ok(config)
    }

    fn roots(&self, settings: Vec<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
        let given = if self.paths.is_empty() {
            settings
        } else {
            self.paths.clone()
        };
        if !given.is_empty() {
            return Ok(given);
        }
        let usual = ["src/lib.rs", "src/main.rs"].map(PathBuf::from);
        let there: Vec<PathBuf> = usual.into_iter().filter(|path| path.is_file()).collect();
        if there.is_empty() {
            return Err(anyhow!(
                "there is neither src/lib.rs nor src/main.rs here: say where the models are"
            ));
        }
        Ok(there)
    }

    /// Shows mistakes. Human ones go to the error output; a program reads its own from the standard output.
    fn show(&self, found: &[Diagnostic]) -> Failure {
        for one in found {
            match self.format {
                Format::Human => eprintln!("{}\n", one.render(colors())),
                Format::Json => println!("{}", one.to_json()),
            }
        }
        if self.format == Format::Human {
            let plural = if found.len() == 1 { "" } else { "s" };
            eprintln!("{} mistake{plural}: nothing was generated", found.len());
        }
        Failure::Found
    }

    fn print(&self, files: &BTreeMap<PathBuf, String>) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        for (path, text) in files {
            match self.format {
                Format::Human => write!(out, "==> {} <==\n{text}\n", path.display())?,
                Format::Json => {
                    let line =
                        serde_json::json!({"file": path.display().to_string(), "text": text});
                    writeln!(out, "{line}")?;
                }
            }
        }
        Ok(())
    }

    fn compare(&self, out: &Path, files: &BTreeMap<PathBuf, String>) -> Result<(), Failure> {
        if self.format == Format::Json {
            let changes = write::changes(out, files).map_err(with_cause)?;
            self.report(out, &changes)?;
            return if changes.is_empty() {
                Ok(())
            } else {
                Err(Failure::Found)
            };
        }
        match write::check(out, files).map_err(with_cause)? {
            None => Ok(()),
            Some(diff) => {
                print!("{diff}");
                eprintln!(
                    "{} isn't up to date: run `vertebra generate`",
                    out.display()
                );
                Err(Failure::Found)
            }
        }
    }

    fn report(&self, out: &Path, changes: &[Change]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        for change in changes {
            let word = match change {
                Change::Added(_) => "added",
                Change::Changed(_) => "changed",
                Change::Removed(_) => "removed",
            };
            let path = out.join(change.path()).display().to_string();
            match self.format {
                Format::Human => writeln!(stdout, "{word} {path}")?,
                Format::Json => writeln!(
                    stdout,
                    "{}",
                    serde_json::json!({"level": "info", "change": word, "file": path})
                )?,
            }
        }
        Ok(())
    }
}

fn with_cause(error: write::WriteError) -> Failure {
    Failure::Error(anyhow::Error::new(error))
}

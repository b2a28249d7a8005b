//! What the tests share: fixtures, directories, and programs that are run in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use vertebra_codegen::source::{self, Cfg, Source};
use vertebra_codegen::{check, emit};

/// A fixture, read and rendered.
pub struct Fixture {
    pub name: String,
    pub source: Source,
    pub files: BTreeMap<PathBuf, String>,
}

/// The directory of fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every fixture, in the order of names.
pub fn all_fixtures() -> Vec<Fixture> {
    let mut names: Vec<String> = fs::read_dir(fixtures())
        .expect("fixtures")
        .filter_map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .ok()?
                .strip_suffix(".rs")
                .map(String::from)
        })
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    names.iter().map(|name| fixture(name)).collect()
}

/// One fixture.
pub fn fixture(name: &str) -> Fixture {
    let path = fixtures().join(format!("{name}.rs"));
    let source = source::read(&[path], &Cfg::default()).unwrap_or_else(|found| panic!("{found}"));
    let found = check::check(&source.schema, &source.places);
    assert!(found.is_empty(), "{}", check::Diagnostics(found));
    let mut config = emit::Config::new(name);
    if name == "typed" {
        let values = emit::Values {
            bigint: true,
            dates: true,
            bytes: true,
        };
        config = config
            .with_values(values)
            .with_package(Some("@app/typed"), "1.2.3")
            .expect("a package");
    }
    let files = emit::render(&source.schema, &config);
    Fixture {
        name: name.to_string(),
        source,
        files,
    }
}

/// What the workspace's JavaScript tests have installed, if they have.
pub fn node_modules() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/node_modules");
    path.join("backbone").is_dir().then_some(path)
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program printed; it has to have ended well.
#[track_caller]
pub fn printed(command: &mut Command) -> String {
    let output = run(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

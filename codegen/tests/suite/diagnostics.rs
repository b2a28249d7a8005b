//! What mistakes look like: each folder of `tests/mistakes/` is a crate, and `expected.txt` in it is what is said.
//! `UPDATE_GOLDEN=1` writes them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use vertebra_codegen::check::{self, Diagnostics};
use vertebra_codegen::source::{self, Cfg};

fn mistakes(directory: &Path) -> Diagnostics {
    match source::read(&[directory.join("lib.rs")], &Cfg::default()) {
        Err(found) => found,
        Ok(source) => Diagnostics(check::check(&source.schema, &source.places)),
    }
}

#[test]
fn mistakes_look_as_before() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root)
        .expect("mistakes")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 5);
    let mut different = Vec::new();
    for case in cases {
        let found = mistakes(&case);
        assert!(!found.0.is_empty(), "{} is no mistake", case.display());
        // Paths as seen from the folder, wherever it is.
        let folder = format!("{}/", case.display());
        let text = format!("{}\n", found.render(false).replace(&folder, ""));
        let json: Vec<String> = found
            .0
            .iter()
            .map(|one| one.to_json().replace(&folder, ""))
            .collect();
        let text = format!("{text}\n{}\n", json.join("\n"));
        let expected = case.join("expected.txt");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &text).expect("a golden file");
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{}:\n{text}", case.display()));
        }
    }
    assert!(
        different.is_empty(),
        "{}\nUPDATE_GOLDEN=1 accepts this",
        different.join("\n")
    );
}

#[test]
fn colours_are_asked_for() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes/aliases");
    let found = mistakes(&case);
    assert!(found.render(true).contains('\u{1b}'));
    assert!(!found.render(false).contains('\u{1b}'));
}

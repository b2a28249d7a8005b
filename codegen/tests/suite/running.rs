//! What is generated, where it runs: in Node with Backbone, and under `tsc --strict`.
//!
//! Loading needs what `npm ci` in `tests/` installs; without it only the syntax is checked.

use crate::project::{Fixture, all_fixtures, fixture, fixtures, node_modules, printed};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use vertebra_codegen::emit::names;
use vertebra_schema::{Flag, Type};

/// Writes all files of all fixtures, with Backbone beside them where it is installed.
fn written(directory: &Path) -> Vec<Fixture> {
    let fixtures = all_fixtures();
    for (path, text) in fixtures.iter().flat_map(|fixture| &fixture.files) {
        fs::write(directory.join(path), text).expect("a file");
    }
    fs::write(directory.join("package.json"), r#"{"type": "module"}"#).expect("a file");
    if let Some(modules) = node_modules() {
        std::os::unix::fs::symlink(modules, directory.join("node_modules")).expect("a link");
    }
    fixtures
}

#[test]
fn every_script_is_javascript() {
    let directory = tempfile::tempdir().expect("a directory");
    for fixture in written(directory.path()) {
        for path in fixture.files.keys().filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "js" || ending == "cjs")
        }) {
            printed(
                Command::new("node")
                    .arg("--check")
                    .arg(directory.path().join(path)),
            );
        }
    }
}

/// What a script has to find in a fixture's files.
fn expected(fixture: &Fixture) -> Value {
    let models = fixture.source.schema.models.iter();
    let models: Vec<Value> = models
        .map(|model| {
            let fields: Vec<&str> = model.visible().map(|(_, field)| &*field.name).collect();
            let defaults = model
                .visible()
                .filter(|(_, field)| !field.is(Flag::Id) && !field.is_read_only())
                .filter_map(|(_, field)| {
                    let value: Value =
                        serde_json::from_str(field.default.as_deref()?).expect("JSON");
                    Some((field.name.to_string(), value))
                });
            json!({
                "model": &*model.name,
                "collection": names::collection_class(model),
                "id": &*model.id().name,
                "fields": fields,
                "defaults": defaults.collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    let exports = models
        .iter()
        .flat_map(|one| [one["model"].clone(), one["collection"].clone()]);
    let types = names::types(&fixture.source.schema).into_iter();
    let enums = types.filter(|(_, ty)| matches!(ty, Type::Enum { .. }));
    let enums = enums.map(|(name, _)| json!(name));
    let exports: Vec<Value> = exports.chain(enums).chain([json!("vertebra")]).collect();
    json!({"name": fixture.name, "global": fixture.name, "exports": exports, "models": models})
}

#[test]
fn every_script_loads_and_makes_its_classes() {
    let directory = tempfile::tempdir().expect("a directory");
    let fixtures = written(directory.path());
    if node_modules().is_none() {
        return;
    }
    let expected: Vec<Value> = fixtures.iter().map(expected).collect();
    let list = directory.path().join("expected.json");
    fs::write(&list, json!(expected).to_string()).expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/load.mjs");
    let output = printed(
        Command::new("node")
            .arg(script)
            .arg(directory.path())
            .arg(&list),
    );
    assert_eq!(output.trim(), format!("{} loaded", fixtures.len()));
}

#[test]
fn declarations_hold_under_strict() {
    let directory = tempfile::tempdir().expect("a directory");
    written(directory.path());
    let Some(modules) = node_modules() else {
        return;
    };
    let usage = fixtures().join("todo.usage.ts");
    fs::copy(usage, directory.path().join("todo.usage.ts")).expect("a copy");
    let options = json!({
        "compilerOptions": {
            "strict": true, "noEmit": true, "target": "es2022", "module": "nodenext", "moduleResolution": "nodenext",
            "types": ["backbone"], "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
        },
        "include": ["*.ts"],
    });
    fs::write(directory.path().join("tsconfig.json"), options.to_string()).expect("a file");
    let tsc = modules.join("typescript/bin/tsc");
    printed(
        Command::new("node")
            .arg(tsc)
            .arg("--project")
            .arg(directory.path()),
    );
}

/// Names that would be something else than names if they were printed as they are.
#[test]
fn hostile_names_are_data() {
    let hostile = fixture("hostile");
    let fields: usize = hostile
        .source
        .schema
        .models
        .iter()
        .map(|model| model.fields.len())
        .sum();
    assert!(fields >= 30, "only {fields} hostile names");
    for (path, text) in &hostile.files {
        let lower = text.to_lowercase();
        for part in ["</script", "<!--", "\u{2028}", "\u{2029}", "\u{202e}", "\0"] {
            assert!(!lower.contains(part), "{part:?} in {}", path.display());
        }
    }
}

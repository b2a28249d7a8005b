//! Each fixture's outputs, beside it. `UPDATE_GOLDEN=1` writes them; a review of the difference follows.

use crate::project::{all_fixtures, fixtures};
use std::env;
use std::fs;
use vertebra_codegen::emit::{Config, javascript, render};
use vertebra_schema::{Field, Flag, Model, Schema, Type};

/// The runtime is the same in every file, and has tests of its own.
fn without_runtime(text: &str) -> String {
    text.replace(javascript::runtime(), "// … the runtime …\n")
}

#[test]
fn fixtures_render_as_before() {
    let mut different = Vec::new();
    for fixture in all_fixtures() {
        for (path, text) in &fixture.files {
            // A map is checked against its file.
            if path.extension().is_some_and(|ending| ending == "map") {
                continue;
            }
            let text = without_runtime(text);
            let path = fixtures().join(path);
            if env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(&path, text).expect("a golden file");
                continue;
            }
            let known = fs::read_to_string(&path).unwrap_or_default();
            if known != text {
                let diff = similar::TextDiff::from_lines(&known, &text);
                different.push(format!("{}\n{}", path.display(), diff.unified_diff()));
            }
        }
    }
    assert!(
        different.is_empty(),
        "{}\nUPDATE_GOLDEN=1 accepts this",
        different.join("\n")
    );
}

#[test]
fn every_javascript_file_has_the_runtime() {
    for fixture in all_fixtures() {
        for (path, text) in &fixture.files {
            let is_script = path
                .extension()
                .is_some_and(|ending| ending == "js" || ending == "cjs");
            assert_eq!(
                text.contains(javascript::runtime()),
                is_script,
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    let (first, second) = (all_fixtures(), all_fixtures());
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one.files, other.files, "{}", one.name);
    }
}

/// A secret never leaves the server: not its name, its default, its docs, nor a struct that only it uses.
#[test]
fn secrets_are_in_no_output() {
    let input = fs::read_to_string(fixtures().join("types.rs")).expect("a fixture");
    assert!(
        input.to_lowercase().matches("hush").count() >= 6,
        "the fixture has lost its secrets"
    );
    for fixture in all_fixtures() {
        for (path, text) in &fixture.files {
            assert!(!text.to_lowercase().contains("hush"), "{}", path.display());
        }
    }
}

/// Source can't mark them there today; a schema from elsewhere can.
#[test]
fn secrets_inside_of_structs_are_in_no_output_either() {
    let field = |name: &str, ty: Type, flags: &[Flag]| Field {
        name: name.into(),
        ident: name.into(),
        ty: ty.into(),
        docs: "".into(),
        default: None,
        flags: flags.to_vec().into(),
        rules: Vec::new().into(),
    };
    let hush = Type::Struct {
        name: "Hush".into(),
        fields: vec![field("deeper", Type::String, &[])].into(),
    };
    let place = Type::Struct {
        name: "Place".into(),
        fields: vec![
            field("name", Type::String, &[]),
            field("hush", hush, &[Flag::Secret]),
        ]
        .into(),
    };
    let fields = vec![
        field("id", Type::Uuid, &[Flag::Id]),
        field("place", place.clone(), &[]),
        field("places", Type::List(place.into()), &[]),
    ];
    let model = Model {
        name: "Todo".into(),
        collection: "todos".into(),
        fields: fields.into(),
        ..Model::new("", "", "", true, false, &[])
    };
    for (path, text) in render(
        &Schema {
            models: vec![model],
        },
        &Config::new("todo"),
    ) {
        let path = path.display();
        assert!(text.contains("place"), "{path}");
        assert!(
            !text.to_lowercase().contains("hush") && !text.contains("deeper"),
            "{path}"
        );
    }
}

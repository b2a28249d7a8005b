use super::*;
use vertebra_schema::Type;

/// The type of the field `x` of a model, with more text around it.
fn type_of(ty: &str, around: &str) -> Result<Type, String> {
    let text =
        format!("{around}\n#[derive(Model)] struct M {{ #[model(id)] id: uuid::Uuid, x: {ty} }}");
    field_x(&[("lib.rs", &text)], &Cfg::default())
}

fn field_x(texts: &[(&str, &str)], cfg: &Cfg) -> Result<Type, String> {
    let source = from_texts(texts, cfg).map_err(|found| found.to_string())?;
    let field = source.schema.models[0].field("x").expect("x");
    Ok((*field.ty).clone())
}

#[track_caller]
fn means(ty: &str, around: &str, expected: &str) {
    let expected = type_of(expected, "").expect("a plain type");
    assert_eq!(type_of(ty, around), Ok(expected), "{ty} with {around}");
}

#[track_caller]
fn refused(ty: &str, around: &str, part: &str) {
    match type_of(ty, around) {
        Ok(found) => panic!("{ty} became {found:?}"),
        Err(text) => assert!(text.contains(part), "{part}\n{text}"),
    }
}

#[test]
fn names_lead_where_the_compiler_leads_them() {
    for (ty, around, expected) in [
        ("Uuid", "use uuid::Uuid;", "uuid::Uuid"),
        ("Id", "use uuid::Uuid as Id;", "uuid::Uuid"),
        ("::jiff::Timestamp", "mod jiff {}", "jiff::Timestamp"),
        ("u::Uuid", "extern crate uuid as u;", "uuid::Uuid"),
        ("Uuid", "use uuid::*;", "uuid::Uuid"),
        ("civil::Date", "use jiff::civil;", "jiff::civil::Date"),
        (
            "Date",
            "use jiff::{self, civil::{Date}};",
            "jiff::civil::Date",
        ),
        ("j::Timestamp", "use jiff::{self as j};", "jiff::Timestamp"),
        (
            "Map<String, u8>",
            "use std::collections::HashMap as Map;",
            "std::collections::BTreeMap<String, u8>",
        ),
        (
            "col::BTreeMap<String, u8>",
            "use std::collections as col;",
            "std::collections::BTreeMap<String, u8>",
        ),
        ("crate::a::Id", "mod a { pub type Id = u64; }", "u64"),
        (
            "self::a::b::Id",
            "mod a { pub mod b { pub type Id = super::Inner; } type Inner = u64; }",
            "u64",
        ),
        (
            "Id",
            "use a::*; mod a { pub use self::b::Id; mod b { pub type Id = u64; } }",
            "u64",
        ),
        (
            "Id",
            "use a::Id as Id; mod a { pub type Id = super::Other; } type Other = u64;",
            "u64",
        ),
        ("String", "type String = u8;", "u8"),
        ("Maybe<u8>", "type Maybe<T> = Option<T>;", "Option<u8>"),
        (
            "Pair<u8>",
            "type Pair<A, B = String> = (A, B);",
            "(u8, String)",
        ),
        (
            "Named<Maybe<u8>>",
            "type Maybe<T> = Option<T>; type Named<T> = std::collections::BTreeMap<String, T>;",
            "std::collections::BTreeMap<String, Option<u8>>",
        ),
        ("Box<Vec<(u8, char)>>", "", "Vec<(u8, char)>"),
        ("r#type", "type r#type = u8;", "u8"),
        ("(Option<u8>)", "", "Option<u8>"),
        (
            "Id",
            "#[cfg(test)] type Id = u8; #[cfg(not(test))] type Id = u16;",
            "u16",
        ),
    ] {
        means(ty, around, expected);
    }
}

#[test]
fn a_name_is_never_passed_on() {
    for (ty, around, part) in [
        ("DateTime<Utc>", "", "can't find the type `DateTime`"),
        (
            "chrono::DateTime<Utc>",
            "",
            "`chrono::DateTime` can't be a field",
        ),
        (
            "Thing",
            "use other::Thing;",
            "`other::Thing` can't be a field",
        ),
        ("Thing", "use other::*;", "can't find the type `Thing`"),
        ("crate::a::Gone", "mod a {}", "no `Gone` on the way"),
        ("crate::gone::Id", "", "no `gone` on the way"),
        ("super::Id", "", "no `super` on the way"),
        ("a", "mod a {}", "is a module"),
        (
            "Loop",
            "type Loop = Other; type Other = Loop;",
            "leads to itself",
        ),
        (
            "Id",
            "use a::Id; mod a { pub use super::Id; }",
            "can't find the type `Id`",
        ),
        (
            "Id",
            "use a::*; mod a { pub use super::*; }",
            "can't find the type `Id`",
        ),
        (
            "Plain",
            "struct Plain { a: u8 }",
            "add `#[derive(Described)]` to `Plain`",
        ),
        (
            "N",
            "#[derive(Model)] struct N { #[model(id)] id: u32 }",
            "is a model itself",
        ),
        ("T", "trait T {}", "`T` can't be a field"),
        (
            "Me",
            "#[derive(Described)] struct Me { me: Option<Box<Me>> }",
            "`Me` contains itself",
        ),
        (
            "std::collections::BTreeMap<u8, u8>",
            "",
            "have to be `String`",
        ),
        (
            "Id",
            "#[cfg(unix)] type Id = u8;",
            "isn't known here whether `Id` is there",
        ),
        ("Size", "type Size = usize;", "choose a width"),
        ("Option", "", "`Option` needs 1 type"),
        (
            "Kind::A",
            "#[derive(Described)] enum Kind { A }",
            "no `A` on the way",
        ),
    ] {
        refused(ty, around, part);
    }
}

#[test]
fn modules_are_followed_as_the_compiler_follows_them() {
    let model = "#[derive(vertebra::Model)] struct M { #[model(id)] id: uuid::Uuid, x: ";
    let lib = |ty: &str, rest: &str| format!("{rest}\n{model} {ty} }}");
    for (root, file, ty, rest) in [
        ("src/lib.rs", "src/a.rs", "a::Id", "mod a;"),
        ("src/lib.rs", "src/a/mod.rs", "a::Id", "mod a;"),
        (
            "src/lib.rs",
            "src/other.rs",
            "a::Id",
            "#[path = \"other.rs\"] mod a;",
        ),
        (
            "src/lib.rs",
            "src/a/b.rs",
            "a::b::Id",
            "mod a { pub mod b; }",
        ),
        (
            "src/lib.rs",
            "src/a/c.rs",
            "a::b::Id",
            "mod a { #[path = \"c.rs\"] pub mod b; }",
        ),
        (
            "src/lib.rs",
            "src/z/b.rs",
            "a::b::Id",
            "#[path = \"z\"] mod a { pub mod b; }",
        ),
        ("src/odd.rs", "src/a.rs", "a::Id", "mod a;"),
        (
            "src/lib.rs",
            "src/on.rs",
            "a::Id",
            "#[cfg_attr(not(test), path = \"on.rs\")] mod a;",
        ),
        ("src/lib.rs", "src/type.rs", "r#type::Id", "mod r#type;"),
    ] {
        let lib = lib(ty, rest);
        let texts = [(root, lib.as_str()), (file, "pub type Id = u64;")];
        assert_eq!(
            field_x(&texts, &Cfg::default()),
            type_of("u64", ""),
            "{file} for {rest}"
        );
    }
    let texts = [
        ("src/lib.rs", &*lib("a::b::c::Id", "mod a;")),
        ("src/a.rs", "pub mod b;"),
        ("src/a/b.rs", "pub mod c;"),
        ("src/a/b/c.rs", "pub type Id = u64;"),
    ];
    assert_eq!(field_x(&texts, &Cfg::default()), type_of("u64", ""));
}

#[test]
fn a_file_inside_of_a_crate_knows_its_path_and_its_crate() {
    let texts = [
        (
            "src/models/todo.rs",
            "use crate::Id; #[derive(vertebra::Model)] pub struct Todo { #[model(id)] id: Id }",
        ),
        (
            "src/lib.rs",
            "mod models; mod broken; mod gone; pub type Id = u32;",
        ),
        (
            "src/models.rs",
            "pub mod todo; #[derive(vertebra::Model)] struct Other { #[model(id)] id: usize }",
        ),
        ("src/broken.rs", "this is no Rust"),
    ];
    // What is wrong outside of the file is not looked for.
    let source = from_texts(&texts, &Cfg::default()).unwrap_or_else(|found| panic!("{found}"));
    let paths: Vec<&str> = source
        .places
        .models
        .iter()
        .map(|model| model.path.as_str())
        .collect();
    assert_eq!(paths, ["crate::models::todo::Todo"]);
    assert_eq!(source.schema.models.len(), 1);
}

#[test]
fn derives_are_ours_by_name_or_by_path() {
    let count = |derive: &str, around: &str| {
        let text = format!(
            "{around}\n#[derive(Clone, {derive})] struct M {{ #[model(id)] id: uuid::Uuid }}"
        );
        from_text("lib.rs", &text, &Cfg::with_features(["on"]))
            .expect("a schema")
            .schema
            .models
            .len()
    };
    for (derive, around, expected) in [
        ("Model", "", 1),
        ("Model", "use vertebra::*;", 1),
        ("vertebra::Model", "", 1),
        ("::vertebra::Model", "", 1),
        ("Table", "use vertebra::Model as Table;", 1),
        ("v::Model", "use vertebra as v;", 1),
        ("Model", "use diesel::Model;", 0),
        ("diesel::Model", "", 0),
        ("Models", "", 0),
    ] {
        assert_eq!(count(derive, around), expected, "{derive} with {around}");
    }
    let conditional = |condition: &str| {
        let text = format!(
            "#[cfg_attr({condition}, derive(Model))] struct M {{ #[cfg_attr({condition}, model(id))] id: uuid::Uuid }}"
        );
        from_text("lib.rs", &text, &Cfg::with_features(["on"]))
            .map(|source| source.schema.models.len())
            .map_err(|found| found.0.len())
    };
    assert_eq!(conditional("feature = \"on\""), Ok(1));
    assert_eq!(conditional("feature = \"off\""), Ok(0));
    assert!(conditional("unix").is_err());
}

#[test]
fn conditions_take_away_fields_variants_and_models() {
    let text = "
        #[cfg(feature = \"off\")] #[derive(Model)] struct Gone { x: Nothing }
        #[cfg(test)] mod gone;
        #[derive(Model)] struct M {
            #[model(id)] id: uuid::Uuid,
            #[cfg(feature = \"off\")] gone: Nothing,
            x: Kind,
        }
        #[derive(Described)] enum Kind { A, #[cfg(feature = \"off\")] Gone, #[cfg(not(feature = \"off\"))] B }";
    let source = from_text("lib.rs", text, &Cfg::default()).expect("a schema");
    assert_eq!(source.schema.models.len(), 1);
    assert_eq!(source.schema.models[0].fields.len(), 2);
    let Type::Enum { values, .. } = &*source.schema.models[0].fields[1].ty else {
        panic!("no enum");
    };
    assert_eq!(values.len(), 2);
}

#[test]
fn one_file_under_two_roots_is_read_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let put = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    put(
        "models.rs",
        "#[derive(Model)] struct M { #[model(id)] id: uuid::Uuid }",
    );
    let roots = [put("lib.rs", "mod models;"), put("main.rs", "mod models;")];
    let source = read(&roots, &Cfg::default()).expect("a schema");
    assert_eq!((source.schema.models.len(), source.files.len()), (1, 3));
}

#[test]
fn marks_at_the_beginning_move_nothing() {
    let text = "\u{feff}#!/usr/bin/env rustc\n#[derive(Model)] struct M { #[model(id)] id: Gone }";
    let found = from_text("lib.rs", text, &Cfg::default())
        .expect_err("a mistake")
        .0;
    let place = found[0].place.clone().expect("a place");
    assert_eq!(
        (&text[place.span.clone()], place.start()),
        ("Gone", (2, 46))
    );
}

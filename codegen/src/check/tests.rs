use super::*;
use vertebra_schema::{Rule, Type};

fn field(name: &str, flags: &[Flag]) -> Field {
    Field {
        name: name.into(),
        ident: "x".into(),
        ty: Type::String.into(),
        docs: "".into(),
        default: None,
        flags: flags.to_vec().into(),
        rules: Vec::new().into(),
    }
}

fn model(name: &str, collection: &str, fields: Vec<Field>) -> Model {
    Model {
        name: name.into(),
        collection: collection.into(),
        fields: fields.into(),
        ..Model::new("", "", "", true, false, &[])
    }
}

fn plain(name: &str, collection: &str) -> Model {
    model(name, collection, vec![field("id", &[Flag::Id])])
}

#[track_caller]
fn finds(models: Vec<Model>, expected: &[&str]) {
    let schema = Schema { models };
    let found = check(&schema, &Places::default());
    let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, expected);
}

#[test]
fn a_good_schema_is_left_alone() {
    finds(
        vec![
            plain("Todo", "todos"),
            plain("Note", "notes"),
            plain("Sheep", "sheep"),
        ],
        &[],
    );
}

#[test]
fn names_are_used_once() {
    finds(
        vec![plain("Todo", "todos"), plain("Todo", "others")],
        &["two models are named `Todo`"],
    );
    finds(
        vec![plain("Todo", "todos"), plain("Task", "todos")],
        &["two models keep their rows in the collection \"todos\""],
    );
    finds(
        vec![plain("Todo", "todos"), plain("Todos", "all")],
        &["the class of the collection would be `Todos`, which is taken"],
    );
    finds(
        vec![plain("A", "a-b"), plain("B", "a_b")],
        &["the class of the collection would be `AB`, which is taken"],
    );
    finds(
        vec![plain("vertebra", "backs")],
        &["a model can't be named `vertebra`"],
    );
}

#[test]
fn collections_are_tables_urls_and_namespaces() {
    for bad in [
        "",
        "a/b",
        "a b",
        "../x",
        "größen",
        "_v",
        "9",
        "sqlite_master",
        "SQLite_x",
        "a\u{0}b",
    ] {
        let found = check(
            &Schema {
                models: vec![plain("M", bad)],
            },
            &Places::default(),
        );
        assert!(!found.is_empty(), "{bad:?} passed");
    }
}

#[test]
fn rows_have_one_open_id() {
    finds(
        vec![model("M", "ms", vec![field("a", &[])])],
        &["the model `M` has no id"],
    );
    let two = vec![field("a", &[Flag::Id]), field("b", &[Flag::Id])];
    finds(
        vec![model("M", "ms", two)],
        &["the model `M` has more than one id"],
    );
    finds(
        vec![model(
            "M",
            "ms",
            vec![field("a", &[Flag::Id, Flag::Secret])],
        )],
        &["the id can't be secret"],
    );
}

#[test]
fn fields_are_named_once_and_patterns_are_shared() {
    let double = vec![field("id", &[Flag::Id]), field("a", &[]), field("a", &[])];
    finds(
        vec![model("M", "ms", double)],
        &["two fields are named \"a\" on the wire"],
    );
    let foreign = Field {
        rules: vec![Rule::Pattern("(?i)x".into())].into(),
        ..field("a", &[])
    };
    let schema = Schema {
        models: vec![model("M", "ms", vec![field("id", &[Flag::Id]), foreign])],
    };
    let found = check(&schema, &Places::default());
    assert!(found[0].message.contains("(?i"), "{found:?}");
}

#[test]
fn all_rules_speak_at_once() {
    let models = vec![
        plain("A", "a b"),
        plain("A", "bs"),
        model("C", "cs", vec![]),
    ];
    finds(
        models,
        &[
            "two models are named `A`",
            "\"a b\" can't be the name of a collection",
            "the model `C` has no id",
        ],
    );
}

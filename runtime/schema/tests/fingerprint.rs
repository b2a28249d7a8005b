//! What a fingerprint notices.
#![allow(clippy::unwrap_used)]

use vertebra_schema::{
    Described, Field, Fingerprint, Flag, Model, Number, Rule, Schema, Shared, Type,
};

const PLACE: &Type = &Type::Struct {
    name: Shared::Static("Place"),
    fields: Shared::Static(PLACE_FIELDS),
};
const PLACE_FIELDS: &[Field] = &[Field::new("city", "city", String::TYPE, "", None, &[], &[])];
const FIELDS: &[Field] = &[
    Field::new("id", "id", u64::TYPE, "", None, &[Flag::Id], &[]),
    Field::new(
        "title",
        "title",
        String::TYPE,
        "",
        Some("\"x\""),
        &[],
        RULES,
    ),
    Field::new(
        "place",
        "place",
        PLACE,
        "",
        None,
        &[Flag::Secret, Flag::Unique],
        &[],
    ),
    Field::new(
        "pairs",
        "pairs",
        <Vec<(bool, Option<char>)>>::TYPE,
        "",
        None,
        &[],
        &[],
    ),
];
const RULES: &[Rule] = &[
    Rule::Len(Some(1), None),
    Rule::Min(Number::Int(-1)),
    Rule::Max(Number::Float(0.5)),
    Rule::Pattern(Shared::Static("^a")),
    Rule::OneOf(Shared::Static(&[Shared::Static("a"), Shared::Static("b")])),
];
const TODO: &Model = &Model::new("Todo", "todos", "Docs.", true, false, FIELDS);
const FINGERPRINT: u64 = Fingerprint::constant(TODO);

/// The number itself is a promise: clients of an older build compare theirs with it.
#[test]
fn it_stays_what_it_was() {
    assert_eq!(FINGERPRINT, 0x2574_e2ca_77fe_fbff, "{FINGERPRINT:#x}");
}

#[test]
fn a_constant_and_an_owned_model_have_the_same() {
    let json = serde_json::to_string(TODO).unwrap();
    let owned: Model = serde_json::from_str(&json).unwrap();
    assert!(matches!(owned.fields, Shared::Owned(_)));
    assert_eq!(Fingerprint::of(&owned), FINGERPRINT);
    assert_eq!(Fingerprint::of(TODO), FINGERPRINT);
}

#[test]
fn what_reaches_the_wire_changes_it_and_nothing_else_does() {
    let mut seen = vec![FINGERPRINT];
    let mut differs = |what: &str, change: &dyn Fn(&mut Model, &mut Vec<Field>)| {
        let fingerprint = changed(change);
        assert!(!seen.contains(&fingerprint), "{what} goes unnoticed");
        seen.push(fingerprint);
    };
    differs("the collection", &|model, _| {
        model.collection = "notes".into()
    });
    differs("strictness", &|model, _| model.strict = true);
    differs("a field less", &|_, fields| drop(fields.pop()));
    differs("the order of fields", &|_, fields| fields.swap(1, 2));
    differs("a field's name", &|_, fields| {
        fields[1].name = "name".into()
    });
    differs("a type", &|_, fields| {
        fields[0].ty = Type::Integer {
            bits: 64,
            signed: true,
        }
        .into()
    });
    differs("a type inside", &|_, fields| {
        fields[3].ty = Type::List(Shared::from(Type::Bool)).into()
    });
    differs("an option", &|_, fields| {
        fields[1].ty = Type::Optional(String::TYPE.clone().into()).into()
    });
    differs("a default", &|_, fields| fields[1].default = None);
    differs("another default", &|_, fields| {
        fields[1].default = Some("\"y\"".into())
    });
    differs("a flag", &|_, fields| {
        fields[1].flags = vec![Flag::ReadOnly].into()
    });
    differs("another flag", &|_, fields| {
        fields[1].flags = vec![Flag::Number].into()
    });
    differs("a rule less", &|_, fields| {
        fields[1].rules = RULES[1..].to_vec().into()
    });
    differs("a bound", &|_, fields| {
        fields[1].rules = vec![Rule::Len(None, Some(1))].into()
    });
    differs("the other bound", &|_, fields| {
        fields[1].rules = vec![Rule::Len(Some(1), None)].into()
    });

    let same = |change: &dyn Fn(&mut Model, &mut Vec<Field>)| {
        assert_eq!(changed(change), FINGERPRINT);
    };
    same(&|model, _| model.docs = "Other words.".into());
    same(&|model, _| model.name = "Task".into());
    same(&|model, _| model.realtime = false);
    same(&|_, fields| fields[1].docs = "Other words.".into());
    same(&|_, fields| fields[1].ident = "other".into());
    same(&|_, fields| fields[1].flags = vec![Flag::Index].into());
    same(&|_, fields| fields[2].flags = vec![Flag::Unique, Flag::Secret].into());
}

#[test]
fn a_schema_is_its_models_in_any_order() {
    let mut other = TODO.clone();
    other.collection = "notes".into();
    let schema = |models: [&Model; 2]| Schema {
        models: models.into_iter().cloned().collect(),
    };
    let one = Fingerprint::of_schema(&schema([TODO, &other]));
    assert_eq!(one, Fingerprint::of_schema(&schema([&other, TODO])));
    assert_ne!(one, Fingerprint::of_schema(&schema([TODO, TODO])));
}

fn changed(change: &dyn Fn(&mut Model, &mut Vec<Field>)) -> u64 {
    let mut model = TODO.clone();
    let mut fields = model.fields.to_vec();
    change(&mut model, &mut fields);
    model.fields = fields.into();
    Fingerprint::of(&model)
}

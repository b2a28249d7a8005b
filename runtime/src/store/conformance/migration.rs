//! A schema that changed.

use super::schema::{defaulted, field, flagged, model, schema, standard, text_id};
use super::{Db, Place};
use crate::protocol::{Code, Error};
use serde_json::{Value, json};
use vertebra_schema::{Described, Field, Flag, Schema};

fn items(mut fields: Vec<Field>) -> Schema {
    fields.insert(0, text_id());
    schema(vec![model("items", fields)])
}

fn title() -> Field {
    field("title", String::TYPE)
}

/// Opens with one row of `id` and `title`.
async fn one_row(place: &impl Place) {
    let db = Db::with(place, items(vec![title()])).await.unwrap();
    db.create("items", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    db.store.close().await.unwrap();
}

async fn refused(place: &impl Place, fields: Vec<Field>) -> Error {
    let error = Db::with(place, items(fields))
        .await
        .err()
        .expect("a refusal");
    assert_eq!(error.code, Code::Schema);
    error
}

#[track_caller]
fn says(error: &Error, parts: &[&str]) {
    for part in parts {
        assert!(
            error.message.contains(part),
            "{part:?} is not in: {}",
            error.message
        );
    }
}

pub(crate) async fn nothing_changes_when_nothing_changed(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db.one(db.todo("a")).await.unwrap();
    db.store.migrate(db.schema.clone()).await.unwrap();
    assert_eq!(
        db.get("todos", json!("a")).await.as_ref(),
        made.rows.first()
    );
    db.one(db.todo("b")).await.unwrap();
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::with(&place, standard()).await.unwrap();
    assert_eq!(
        db.get("todos", json!("a")).await.as_ref(),
        made.rows.first()
    );
}

pub(crate) async fn a_new_column_has_its_default(place: impl Place) {
    one_row(&place).await;
    let added = vec![
        defaulted(field("quoted", String::TYPE), json!("it's \"so\"; --")),
        title(),
        field("maybe", Option::<String>::TYPE),
        defaulted(field("yes", bool::TYPE), json!(true)),
        defaulted(field("huge", u64::TYPE), json!("18446744073709551615")),
        defaulted(field("ratio", f64::TYPE), json!(-1.5e-7)),
        defaulted(field("list", Vec::<String>::TYPE), json!(["'"])),
        defaulted(
            field("moment", jiff::Timestamp::TYPE),
            json!("2026-01-31T12:00:00Z"),
        ),
        defaulted(field("five", Option::<i32>::TYPE), json!(5)),
    ];
    let db = Db::with(&place, items(added)).await.unwrap();
    let row = db.get("items", json!("a")).await.unwrap();
    let expected = [
        json!("a"),
        json!("it's \"so\"; --"),
        json!("x"),
        Value::Null,
        json!(true),
        json!("18446744073709551615"),
        json!(-1.5e-7),
        json!(["'"]),
        json!("2026-01-31T12:00:00Z"),
        json!(5),
    ];
    assert_eq!(*row.values, expected);
    let patched = db
        .patch("items", json!({"id": "a", "maybe": "now"}))
        .await
        .unwrap();
    assert_eq!(patched.rows[0].values[3], "now");
    let made = db
        .create("items", json!({"id": "b", "title": "y"}))
        .await
        .unwrap();
    assert_eq!(made.rows[0].values[1..2], expected[1..2]);
}

pub(crate) async fn old_images_have_the_columns_of_today(place: impl Place) {
    let numbered = |number: &[Flag]| {
        let count = flagged(field("count", i64::TYPE), number);
        items(vec![title(), count])
    };
    let db = Db::with(&place, numbered(&[])).await.unwrap();
    db.create("items", json!({"id": "a", "title": "x", "count": "5"}))
        .await
        .unwrap();
    db.store.close().await.unwrap();
    drop(db);
    // The integer is a JSON number from now on, and columns stand elsewhere.
    let added = defaulted(field("done", bool::TYPE), json!(false));
    let count = flagged(field("count", i64::TYPE), &[Flag::Number]);
    let db = Db::with(&place, items(vec![added, count, title()]))
        .await
        .unwrap();
    let log = db.log(0).await;
    let after = log[0].changes[0].after.clone().unwrap();
    assert_eq!(
        *after.values,
        [json!("a"), json!(false), json!(5), json!("x")]
    );
    assert_eq!(db.get("items", json!("a")).await, Some(after));
}

pub(crate) async fn a_new_table_and_a_new_index_are_made(place: impl Place) {
    one_row(&place).await;
    let mut new = items(vec![flagged(title(), &[Flag::Unique])]);
    new.models.push(model("others", vec![text_id()]));
    let db = Db::with(&place, new).await.unwrap();
    db.create("others", json!({"id": "a"})).await.unwrap();
    let error = db
        .create("items", json!({"id": "b", "title": "x"}))
        .await
        .unwrap_err();
    assert_eq!(error.fields["title"], "is taken");
    db.store.close().await.unwrap();
    drop(db);
    // What is no longer unique is no longer refused. A collection that is gone keeps its rows.
    let db = Db::with(&place, items(vec![title()])).await.unwrap();
    db.create("items", json!({"id": "b", "title": "x"}))
        .await
        .unwrap();
    let log = db.log(0).await;
    assert_eq!(
        log.iter()
            .map(|commit| commit.changes.len())
            .collect::<Vec<_>>(),
        [1, 0, 1]
    );
}

pub(crate) async fn a_new_required_column_is_refused(place: impl Place) {
    one_row(&place).await;
    let error = refused(&place, vec![title(), field("size", i32::TYPE)]).await;
    says(
        &error,
        &["`size`", "`items`", "#[model(default = …)]", "`Option`"],
    );
    // Without rows there is nobody to ask.
    let db = Db::with(&place, items(vec![title()])).await.unwrap();
    db.delete("items", json!({"id": "a"})).await.unwrap();
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::with(&place, items(vec![title(), field("size", i32::TYPE)]))
        .await
        .unwrap();
    db.create("items", json!({"id": "b", "title": "y", "size": 1}))
        .await
        .unwrap();
}

pub(crate) async fn a_removed_column_with_data_is_refused(place: impl Place) {
    one_row(&place).await;
    let error = refused(&place, vec![]).await;
    says(
        &error,
        &[
            "column `title` of table `items` is not in the model any more",
            "ALTER TABLE \"items\" DROP COLUMN \"title\"",
        ],
    );
}

pub(crate) async fn a_removed_column_without_data_goes(place: impl Place) {
    let maybe = flagged(field("maybe", Option::<String>::TYPE), &[Flag::Unique]);
    let db = Db::with(&place, items(vec![maybe, title()])).await.unwrap();
    db.create("items", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::with(&place, items(vec![title()])).await.unwrap();
    let row = db.get("items", json!("a")).await.unwrap();
    assert_eq!(*row.values, [json!("a"), json!("x")]);
    let log = db.log(0).await;
    assert_eq!(log[0].changes[0].after.as_ref(), Some(&row));
}

pub(crate) async fn a_changed_type_is_refused(place: impl Place) {
    one_row(&place).await;
    for ty in [
        i32::TYPE,
        jiff::Timestamp::TYPE,
        Vec::<String>::TYPE,
        u64::TYPE,
    ] {
        let error = refused(&place, vec![field("title", ty)]).await;
        says(
            &error,
            &[
                "column `title` of table `items` holds text",
                "keep the type",
            ],
        );
    }
}

pub(crate) async fn a_changed_nullability_is_refused(place: impl Place) {
    one_row(&place).await;
    let error = refused(&place, vec![field("title", Option::<String>::TYPE)]).await;
    says(&error, &["`title`", "`items`", "is required", "`Option`"]);
}

pub(crate) async fn another_id_is_refused(place: impl Place) {
    one_row(&place).await;
    let other = schema(vec![model(
        "items",
        vec![field("id", String::TYPE), flagged(title(), &[Flag::Id])],
    )]);
    let error = Db::with(&place, other).await.err().unwrap();
    says(
        &error,
        &["the id of table `items` is column `id`, that of the model is `title`"],
    );
    let number = flagged(field("id", i64::TYPE), &[Flag::Id]);
    let error = Db::with(&place, schema(vec![model("items", vec![number, title()])]))
        .await
        .err()
        .unwrap();
    says(&error, &["column `id` of table `items` holds text"]);
}

pub(crate) async fn a_unique_index_over_duplicates_is_refused(place: impl Place) {
    one_row(&place).await;
    let db = Db::with(&place, items(vec![title()])).await.unwrap();
    db.create("items", json!({"id": "b", "title": "x"}))
        .await
        .unwrap();
    db.store.close().await.unwrap();
    drop(db);
    let error = refused(&place, vec![flagged(title(), &[Flag::Unique])]).await;
    says(
        &error,
        &["`title`", "`items`", "several rows share a value"],
    );
    Db::with(&place, items(vec![title()])).await.unwrap();
}

pub(crate) async fn a_refused_migration_changes_nothing(place: impl Place) {
    one_row(&place).await;
    let maybe = field("maybe", Option::<i32>::TYPE);
    let mut new = items(vec![title(), maybe, field("size", i32::TYPE)]);
    new.models.insert(0, model("others", vec![text_id()]));
    Db::with(&place, new).await.err().unwrap();
    // Had `maybe` or `others` been made as they were there, these would be refused.
    let mut new = items(vec![title(), field("maybe", Option::<String>::TYPE)]);
    new.models.push(model(
        "others",
        vec![flagged(field("key", i64::TYPE), &[Flag::Id])],
    ));
    let db = Db::with(&place, new).await.unwrap();
    assert!(db.get("items", json!("a")).await.is_some());
    // A store goes on with what it had.
    let bad = items(vec![title(), field("maybe", i32::TYPE)]);
    db.store
        .migrate(std::sync::Arc::new(bad))
        .await
        .unwrap_err();
    db.create("items", json!({"id": "b", "title": "y", "maybe": "z"}))
        .await
        .unwrap();
}

pub(crate) async fn names_that_cannot_be_told_apart_are_refused(place: impl Place) {
    let error = refused(&place, vec![title(), field("Title", String::TYPE)]).await;
    says(
        &error,
        &["`title` and `Title` of `items` differ in case only"],
    );
    let error = refused(&place, vec![field("_v", i32::TYPE)]).await;
    says(&error, &["`_v` of `items`"]);
    for name in ["_vertebra_log", "a\0b"] {
        let bad = schema(vec![model(name, vec![text_id()])]);
        assert_eq!(
            Db::with(&place, bad).await.err().unwrap().code,
            Code::Schema
        );
    }
    let bad = schema(vec![
        model("items", vec![text_id()]),
        model("Items", vec![text_id()]),
    ]);
    says(
        &Db::with(&place, bad).await.err().unwrap(),
        &["`items` and `Items` differ in case only"],
    );
}

pub(crate) async fn every_problem_is_told_at_once(place: impl Place) {
    one_row(&place).await;
    let error = refused(&place, vec![field("a", i32::TYPE), field("b", bool::TYPE)]).await;
    says(&error, &["`a`", "`b`", "`title`", "was not changed"]);
}

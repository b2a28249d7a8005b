//! What a write does to a row.

use super::{Db, Place};
use crate::protocol::{Code, Operation};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) async fn a_create_answers_the_row_with_its_defaults(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db
        .create("todos", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    assert_eq!(made.seq, 1);
    assert_eq!(made.rows[0].v, 1);
    assert_eq!(
        *made.rows[0].values,
        [
            json!("a"),
            json!("x"),
            json!(false),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null
        ]
    );
    assert_eq!(
        db.get("todos", json!("a")).await.as_ref(),
        made.rows.first()
    );
    assert_eq!(db.get("todos", json!("b")).await, None);
}

pub(crate) async fn a_create_with_an_id_that_exists_is_a_conflict_with_the_row(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "x", "note": "canary"}))
        .await
        .unwrap();
    let error = db
        .create("todos", json!({"id": "a", "title": "y"}))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    let current = error.current.clone().unwrap();
    assert_eq!(current["title"], "x");
    assert!(current.get("note").is_none(), "{current} tells a secret");
    assert!(!serde_json::to_string(&error).unwrap().contains("canary"));
    let row = db.get("todos", json!("a")).await.unwrap();
    assert_eq!(row.values[1], "x");
    assert_eq!(db.head().await, 1);

    let made = db.create("everything", json!({})).await.unwrap();
    let id = made.rows[0].values[0].clone();
    let error = db
        .create("everything", json!({"id": id}))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(error.current.unwrap()["id"], id);
}

pub(crate) async fn a_create_without_an_id_where_clients_make_them_is_refused(place: impl Place) {
    let db = Db::start(&place).await;
    let error = db.create("todos", json!({"title": "x"})).await.unwrap_err();
    assert_eq!(error.code, Code::Validation);
    assert_eq!(error.fields["id"], "is required");
}

pub(crate) async fn the_database_makes_ids_and_never_twice(place: impl Place) {
    let db = Db::start(&place).await;
    let mut seen = BTreeSet::new();
    for text in ["a", "b", "c"] {
        let made = db
            .create("everything", json!({"text": text}))
            .await
            .unwrap();
        let id = made.rows[0].values[0].clone();
        assert!(id.is_string(), "{id} is not in wire form");
        assert_eq!(
            db.get("everything", id.clone()).await.as_ref(),
            made.rows.first()
        );
        db.delete("everything", json!({"id": id.clone()}))
            .await
            .unwrap();
        assert!(seen.insert(id.to_string()), "{id} was given twice");
    }
}

pub(crate) async fn an_id_that_a_create_chose_is_kept(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db
        .create("everything", json!({"id": "1000"}))
        .await
        .unwrap();
    assert_eq!(made.rows[0].values[0], "1000");
    let next = db.create("everything", json!({})).await.unwrap();
    assert_ne!(next.rows[0].values[0], "1000");
    // One at the end of all numbers would leave none for others.
    let last = json!({"id": i64::MAX.to_string()});
    let error = db.create("everything", last).await.unwrap_err();
    assert_eq!(error.code, Code::Validation);
    assert!(error.fields.contains_key("id"));
    db.create("everything", json!({})).await.unwrap();
}

pub(crate) async fn a_patch_keeps_the_rest_and_null_clears(place: impl Place) {
    let db = Db::start(&place).await;
    db.create(
        "todos",
        json!({"id": "a", "title": "x", "priority": 3, "note": "n"}),
    )
    .await
    .unwrap();
    let patched = db
        .patch("todos", json!({"id": "a", "done": true}))
        .await
        .unwrap();
    assert_eq!(patched.rows[0].v, 2);
    assert_eq!(db.value("todos", &patched.rows[0], "done"), &json!(true));
    assert_eq!(db.value("todos", &patched.rows[0], "priority"), &json!(3));
    assert_eq!(db.value("todos", &patched.rows[0], "note"), &json!("n"));
    let patched = db
        .patch("todos", json!({"id": "a", "priority": null}))
        .await
        .unwrap();
    assert_eq!(
        db.value("todos", &patched.rows[0], "priority"),
        &Value::Null
    );
    assert_eq!(
        db.get("todos", json!("a")).await.as_ref(),
        patched.rows.first()
    );
}

pub(crate) async fn a_row_keeps_its_id(place: impl Place) {
    let db = Db::start(&place).await;
    db.one(db.todo("a")).await.unwrap();
    let mut patch = db.write(Operation::Patch, "todos", json!({"id": "a", "title": "y"}));
    patch.values.push((0, json!("b")));
    let patched = db.one(patch).await.unwrap();
    assert_eq!(patched.rows[0].values[..2], [json!("a"), json!("y")]);
    assert_eq!(db.get("todos", json!("b")).await, None);
}

pub(crate) async fn an_update_keeps_what_it_leaves_out(place: impl Place) {
    let db = Db::start(&place).await;
    db.create(
        "todos",
        json!({"id": "a", "title": "x", "owner": "me", "note": "n"}),
    )
    .await
    .unwrap();
    let row =
        json!({"id": "a", "title": "y", "done": true, "priority": 1, "owner": null, "slug": "s"});
    let updated = db
        .one(db.write(Operation::Update, "todos", row))
        .await
        .unwrap();
    let row = &updated.rows[0];
    assert_eq!(
        *row.values,
        [
            json!("a"),
            json!("y"),
            json!(true),
            json!(1),
            Value::Null,
            json!("s"),
            json!("n")
        ]
    );
    assert_eq!(db.get("todos", json!("a")).await.as_ref(), Some(row));
}

pub(crate) async fn a_delete_answers_the_row_before_it(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db
        .create("todos", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    let gone = db.delete("todos", json!({"id": "a"})).await.unwrap();
    assert_eq!(gone.seq, 2);
    assert_eq!(gone.rows, made.rows);
    assert_eq!(db.get("todos", json!("a")).await, None);
}

pub(crate) async fn a_missing_row_is_not_found(place: impl Place) {
    let db = Db::start(&place).await;
    for operation in [Operation::Update, Operation::Patch, Operation::Delete] {
        let write = db.write(operation, "todos", json!({"id": "a"}));
        assert_eq!(db.one(write).await.unwrap_err().code, Code::NotFound);
        // An id that no row can have is the id of no row.
        let write = db.write(
            operation,
            "everything",
            json!({"id": "18446744073709551615"}),
        );
        assert_eq!(db.one(write).await.unwrap_err().code, Code::NotFound);
    }
    assert_eq!(db.head().await, 0);
}

pub(crate) async fn an_unknown_collection_is_not_found(place: impl Place) {
    let db = Db::start(&place).await;
    let mut write = db.todo("a");
    write.collection = "nothing".into();
    assert_eq!(db.one(write).await.unwrap_err().code, Code::NotFound);
}

pub(crate) async fn an_expected_version_must_be_the_row_s(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "x", "note": "canary"}))
        .await
        .unwrap();
    db.patch("todos", json!({"id": "a", "title": "y"}))
        .await
        .unwrap();
    for operation in [Operation::Update, Operation::Patch, Operation::Delete] {
        let mut write = db.write(operation, "todos", json!({"id": "a"}));
        write.expected = Some(1);
        let error = db.one(write).await.unwrap_err();
        assert_eq!(error.code, Code::Conflict);
        assert_eq!(error.current.as_ref().unwrap()["title"], "y");
        assert!(!serde_json::to_string(&error).unwrap().contains("canary"));
    }
    let mut write = db.write(Operation::Patch, "todos", json!({"id": "a", "title": "z"}));
    write.expected = Some(2);
    assert_eq!(db.one(write).await.unwrap().rows[0].v, 3);
}

pub(crate) async fn a_strict_collection_needs_an_expected_version(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("strict", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    for operation in [Operation::Update, Operation::Patch, Operation::Delete] {
        let mut write = db.write(operation, "strict", json!({"id": "a", "title": "y"}));
        let error = db.one(write.clone()).await.unwrap_err();
        assert_eq!(error.code, Code::Validation);
        assert_eq!(error.fields["ifv"], "is required: the collection is strict");
        write.expected = Some(db.get("strict", json!("a")).await.unwrap().v);
        db.one(write).await.unwrap();
    }
}

pub(crate) async fn a_unique_value_is_taken_once(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "x", "slug": "s"}))
        .await
        .unwrap();
    let error = db
        .create("todos", json!({"id": "b", "title": "x", "slug": "s"}))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(error.fields["slug"], "is taken");
    assert_eq!(
        error.current, None,
        "another row's values are not the caller's"
    );
    db.create("todos", json!({"id": "b", "title": "x", "slug": "t"}))
        .await
        .unwrap();
    let error = db
        .patch("todos", json!({"id": "b", "slug": "s"}))
        .await
        .unwrap_err();
    assert_eq!(error.fields["slug"], "is taken");
    // A row's own value is not taken by itself.
    db.patch("todos", json!({"id": "a", "slug": "s"}))
        .await
        .unwrap();
    db.delete("todos", json!({"id": "a"})).await.unwrap();
    db.patch("todos", json!({"id": "b", "slug": "s"}))
        .await
        .unwrap();
}

pub(crate) async fn null_is_never_taken(place: impl Place) {
    let db = Db::start(&place).await;
    for id in ["a", "b"] {
        db.create("todos", json!({"id": id, "title": "x", "slug": null}))
            .await
            .unwrap();
    }
}

pub(crate) async fn a_write_that_changes_nothing_makes_a_version(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    let patched = db
        .patch("todos", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    assert_eq!((patched.seq, patched.rows[0].v), (2, 2));
    let empty = db.patch("todos", json!({"id": "a"})).await.unwrap();
    assert_eq!(db.get("todos", json!("a")).await.unwrap().v, empty.seq);
}

pub(crate) async fn a_set_is_all_or_nothing(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "x"}))
        .await
        .unwrap();
    let patch = db.write(Operation::Patch, "todos", json!({"id": "a", "title": "y"}));
    let error = db
        .set(vec![db.todo("b"), patch.clone(), db.todo("a")])
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(db.get("todos", json!("b")).await, None);
    assert_eq!(db.get("todos", json!("a")).await.unwrap().values[1], "x");
    assert_eq!(db.head().await, 1);
    let done = db
        .set(vec![db.todo("b"), patch, db.todo("c")])
        .await
        .unwrap();
    assert_eq!(done.seq, 2);
    assert_eq!(
        done.rows.iter().map(|row| row.v).collect::<Vec<_>>(),
        [2, 2, 2]
    );
}

pub(crate) async fn a_set_sees_its_own_writes(place: impl Place) {
    let db = Db::start(&place).await;
    let patch = db.write(Operation::Patch, "todos", json!({"id": "a", "title": "y"}));
    let delete = db.write(Operation::Delete, "todos", json!({"id": "a"}));
    let done = db
        .set(vec![db.todo("a"), patch, delete, db.todo("a")])
        .await
        .unwrap();
    assert_eq!(done.rows[1].values[1], "y");
    assert_eq!(done.rows[2], done.rows[1]);
    assert_eq!(db.get("todos", json!("a")).await.unwrap(), done.rows[3]);
    let nothing = db.set(Vec::new()).await.unwrap();
    assert_eq!((nothing.seq, nothing.rows.len()), (1, 0));
}

pub(crate) async fn concurrent_sets_share_the_log(place: impl Place) {
    let db = Db::start(&place).await;
    let answers: Vec<_> = (0..300)
        .map(|n| {
            // Every third is refused, and takes nothing from its neighbours.
            let id = if n % 3 == 0 {
                "same".to_string()
            } else {
                n.to_string()
            };
            let set = crate::store::ChangeSet {
                origin: None,
                request: None,
                writes: Ok(vec![db.todo(&id), db.todo(&format!("{n} too"))]),
            };
            db.store.write(set)
        })
        .collect();
    let mut positions = Vec::new();
    for answer in answers {
        positions.extend(answer.await.map(|written| written.seq));
    }
    // In the order of the calls, without a gap.
    assert_eq!(positions, (1..=201).collect::<Vec<_>>());
    let rows = db.ids(json!({"collection": "todos"})).await;
    assert_eq!(rows.len(), 402);
}

//! What a row can hold.

use super::schema::HOSTILE;
use super::{Db, Place};
use crate::protocol::Code;
use serde_json::{Value, json};

pub(crate) async fn a_required_value_cannot_be_null(place: impl Place) {
    let db = Db::start(&place).await;
    let error = db.create("todos", json!({"id": "a"})).await.unwrap_err();
    assert_eq!(error.fields["title"], "is required");
    db.one(db.todo("a")).await.unwrap();
    let error = db
        .patch("todos", json!({"id": "a", "title": null}))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Validation);
    assert_eq!(error.fields["title"], "must not be null");
}

pub(crate) async fn every_type_comes_back_as_it_was_sent(place: impl Place) {
    let values = json!({
        "id": "7",
        "bool": true,
        "small": -128,
        "medium": 4294967295u32,
        "big": "-9223372036854775808",
        "huge": "18446744073709551615",
        "number": 9007199254740991i64,
        "float": 0.1,
        "text": "a\u{0}b 🦴 ' \" \\",
        "char": "ß",
        "uuid": "0190a3c4-0000-7000-8000-000000000000",
        "moment": "2026-01-31T12:00:00.5Z",
        "day": "2026-01-31",
        "decimal": "10.50",
        "bytes": "AAECAw==",
        "level": "high",
        "list": ["1", "2"],
        "json": {"z": [1, 2.5, null, {"y": "x"}], "a": true}
    });
    let db = Db::start(&place).await;
    let made = db.create("everything", values.clone()).await.unwrap();
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    let row = db.get("everything", json!("7")).await.unwrap();
    assert_eq!(row, made.rows[0]);
    let model = db.schema.model("everything").unwrap();
    for (field, value) in model.fields.iter().zip(row.values.iter()) {
        assert_eq!(value, &values[&*field.name], "{}", field.name);
    }
    let log = db.log(0).await;
    assert_eq!(log[0].changes[0].after.as_ref(), made.rows.first());
    let nothing = db.create("everything", json!({})).await.unwrap();
    assert!(nothing.rows[0].values[1..].iter().all(Value::is_null));
}

pub(crate) async fn hostile_names_are_names(place: impl Place) {
    let db = Db::start(&place).await;
    let row = json!({
        "constructor": "__proto__", "__proto__": "a", "order": "b", "a\"b'c": "c", "rowid": "d", "größe 🦴": "e",
        "?1": "f"
    });
    let made = db.create(HOSTILE, row).await.unwrap();
    let query = json!({
        "collection": HOSTILE, "where": {"a\"b'c": "c", "__proto__": "a", "rowid": "d"}, "sort": ["-order", "größe 🦴", "?1"],
    });
    assert_eq!(db.ids(query).await, [json!("__proto__")]);
    let error = db
        .create(HOSTILE, json!({"constructor": "x", "order": "b"}))
        .await
        .unwrap_err();
    assert_eq!(error.fields["order"], "is taken");
    let patch = json!({"constructor": "__proto__", "?1": "g", "a\"b'c": null});
    let patched = db.patch(HOSTILE, patch).await.unwrap();
    assert_eq!(db.value(HOSTILE, &patched.rows[0], "?1"), "g");
    assert_eq!(db.value(HOSTILE, &patched.rows[0], "rowid"), "d");
    let gone = db
        .delete(HOSTILE, json!({"constructor": "__proto__"}))
        .await
        .unwrap();
    assert_eq!(gone.rows, patched.rows);
    let log = db.log(0).await;
    assert_eq!(&*log[0].changes[0].collection, HOSTILE);
    assert_eq!(log[0].changes[0].after.as_ref(), made.rows.first());
}

pub(crate) async fn hostile_values_are_values(place: impl Place) {
    let db = Db::start(&place).await;
    for value in [
        "'; DROP TABLE todos; --",
        "\" OR 1=1",
        "%",
        "?1",
        "\u{0}",
        "",
        "null",
    ] {
        let row = json!({"id": value, "title": value, "owner": value});
        let made = db.create("todos", row).await.unwrap();
        assert_eq!(
            db.get("todos", json!(value)).await.as_ref(),
            made.rows.first()
        );
        let query = json!({"collection": "todos", "where": {"owner": value}});
        assert_eq!(db.ids(query).await, [json!(value)]);
        db.delete("todos", json!({"id": value})).await.unwrap();
    }
}

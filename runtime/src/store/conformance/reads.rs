//! What is read, and in which order.

use super::{Db, Place};
use crate::protocol::{After, Code, Query, Seq};
use crate::store::{Ask, Found, Row, Want};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

async fn three(db: &Db) {
    for (id, owner, priority) in [("a", "me", 2), ("b", "you", 1), ("c", "me", 1)] {
        let row = json!({"id": id, "title": id, "owner": owner, "priority": priority});
        db.create("todos", row).await.unwrap();
    }
}

pub(crate) async fn conditions_choose_rows(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    let query = json!({"collection": "todos", "where": {"owner": "me"}});
    assert_eq!(db.ids(query).await, ["a", "c"]);
    let query =
        json!({"collection": "todos", "where": {"owner": "me", "priority": 1, "done": false}});
    assert_eq!(db.ids(query).await, ["c"]);
    let query = json!({"collection": "todos", "where": {"owner": "nobody"}});
    assert!(db.ids(query).await.is_empty());
    db.create(
        "everything",
        json!({"huge": "18446744073709551615", "moment": "2026-01-31T12:00:00Z"}),
    )
    .await
    .unwrap();
    for (field, value) in [
        ("huge", "18446744073709551615"),
        ("moment", "2026-01-31T12:00:00Z"),
    ] {
        let query = json!({"collection": "everything", "where": {field: value}});
        assert_eq!(db.ids(query).await, ["1"], "{field}");
    }
}

pub(crate) async fn null_is_a_value_to_ask_for(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    db.create("todos", json!({"id": "d", "title": "x"}))
        .await
        .unwrap();
    let query = json!({"collection": "todos", "where": {"owner": null}});
    assert!(
        Query::parse(&db.schema, &query).unwrap().conditions[0]
            .value
            .is_null()
    );
    assert_eq!(db.ids(query).await, ["d"]);
}

pub(crate) async fn nested_values_are_equal_by_content(place: impl Place) {
    let db = Db::start(&place).await;
    let value: Value = serde_json::from_str(r#"{"b": [1, {"d": 1, "c": 2}], "a": null}"#).unwrap();
    let same: Value = serde_json::from_str(r#"{"a": null, "b": [1, {"c": 2, "d": 1}]}"#).unwrap();
    db.create("everything", json!({"json": value, "list": ["1", "2"]}))
        .await
        .unwrap();
    let query = json!({"collection": "everything", "where": {"json": same, "list": ["1", "2"]}});
    assert_eq!(db.ids(query).await, ["1"]);
    let query = json!({"collection": "everything", "where": {"list": ["2", "1"]}});
    assert!(db.ids(query).await.is_empty());
}

pub(crate) async fn rows_come_in_order_and_ties_by_id(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "d", "title": "d"}))
        .await
        .unwrap();
    three(&db).await;
    let sorted = |sort: &str| json!({"collection": "todos", "sort": sort});
    assert_eq!(
        db.ids(json!({"collection": "todos"})).await,
        ["a", "b", "c", "d"]
    );
    // Null is smaller than anything.
    assert_eq!(db.ids(sorted("priority")).await, ["d", "b", "c", "a"]);
    assert_eq!(db.ids(sorted("-priority")).await, ["a", "b", "c", "d"]);
    assert_eq!(
        db.ids(sorted("priority,-title")).await,
        ["d", "c", "b", "a"]
    );
    assert_eq!(db.ids(sorted("-owner,-id")).await, ["b", "c", "a", "d"]);
}

pub(crate) async fn integers_are_ordered_as_numbers(place: impl Place) {
    let db = Db::start(&place).await;
    for (big, huge) in [("10", "10"), ("-9", "9"), ("9", "18446744073709551615")] {
        db.create("everything", json!({"big": big, "huge": huge}))
            .await
            .unwrap();
    }
    let sorted = |sort: &str| json!({"collection": "everything", "sort": sort});
    assert_eq!(db.ids(sorted("big")).await, ["2", "3", "1"]);
    assert_eq!(db.ids(sorted("huge")).await, ["2", "1", "3"]);
    for _ in 0..9 {
        db.create("everything", json!({})).await.unwrap();
    }
    let ids = db.ids(json!({"collection": "everything"})).await;
    assert_eq!(ids.last(), Some(&json!("12")));
    let after = json!({"collection": "everything", "after": ["9"]});
    assert_eq!(db.ids(after).await, ["10", "11", "12"]);
}

pub(crate) async fn moments_are_ordered_by_time(place: impl Place) {
    let db = Db::start(&place).await;
    for moment in [
        "2026-01-31T12:00:00.5Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.25Z",
    ] {
        db.create("everything", json!({"moment": moment}))
            .await
            .unwrap();
    }
    let sorted = json!({"collection": "everything", "sort": "moment"});
    assert_eq!(db.ids(sorted).await, ["2", "3", "1"]);
}

pub(crate) async fn a_limit_is_kept(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    let query = json!({"collection": "todos", "sort": "-id", "limit": 2});
    assert_eq!(db.ids(query).await, ["c", "b"]);
    let query =
        json!({"collection": "todos", "where": {"owner": "me"}, "after": ["a"], "limit": 5});
    assert_eq!(db.ids(query).await, ["c"]);
}

/// One generated row: a nullable integer, a boolean, a nullable text.
type Made = (Option<i32>, bool, Option<String>);

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => a.as_i64().cmp(&b.as_i64()),
    }
}

/// Walking through pages of any size, in any order, gives the rows as sorting them in memory does.
pub(crate) async fn pages_are_the_sorted_rows(place: impl Place) {
    let db = Db::start(&place).await;
    let row = (
        prop::option::weighted(0.7, -2..3i32),
        any::<bool>(),
        prop::option::weighted(0.7, "[ab]{0,2}"),
    );
    let sort = prop::sample::subsequence(vec!["priority", "done", "owner"], 0..=3).prop_shuffle();
    let signs = prop::collection::vec(any::<bool>(), 3);
    let all = (prop::collection::vec(row, 0..14), sort, signs, 1..5u32);
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Handle::current();
    let batch = AtomicU32::new(0);
    tokio::task::block_in_place(|| {
        TestRunner::new(config)
            .run(&all, |(rows, sort, signs, limit)| {
                let batch = batch.fetch_add(1, Relaxed);
                let case = pages(&db, batch, &rows, &sort, &signs, limit);
                runtime.block_on(case);
                Ok(())
            })
            .unwrap();
    });
}

async fn pages(db: &Db, batch: u32, made: &[Made], sort: &[&str], signs: &[bool], limit: u32) {
    // Each case has rows of its own, told apart by their title.
    let title = batch.to_string();
    let mut writes = Vec::new();
    for (n, (priority, done, owner)) in made.iter().enumerate() {
        let id = format!("{batch}-{n:02}");
        let row =
            json!({"id": id, "title": title, "priority": priority, "done": done, "owner": owner});
        writes.push(db.write(crate::protocol::Operation::Create, "todos", row));
    }
    let mut expected: Vec<Row> = db.set(writes).await.unwrap().rows;
    let names: Vec<String> = sort
        .iter()
        .zip(signs)
        .map(|(name, minus)| format!("{}{name}", if *minus { "-" } else { "" }))
        .collect();
    let query =
        json!({"collection": "todos", "where": {"title": title}, "sort": names, "limit": limit});
    let mut query = Query::parse(&db.schema, &query).unwrap();
    expected.sort_by(|a, b| {
        let levels = query.sort.iter().map(|sort| {
            let order = order(&a.values[sort.column], &b.values[sort.column]);
            if sort.descending {
                order.reverse()
            } else {
                order
            }
        });
        levels
            .chain([order(&a.values[0], &b.values[0])])
            .fold(Ordering::Equal, Ordering::then)
    });
    let mut found = Vec::new();
    loop {
        let Found::Rows(page) = db.want(Want::Rows(query.clone())).await.unwrap() else {
            panic!("no rows");
        };
        assert!(page.len() <= limit as usize);
        let Some(last) = page.last() else { break };
        let values = query
            .sort
            .iter()
            .map(|sort| last.values[sort.column].clone());
        query.after = Some(After {
            values: values.collect(),
            id: last.values[0].clone(),
        });
        found.extend(page);
        assert!(found.len() <= expected.len(), "a row came twice");
    }
    assert_eq!(found, expected);
}

pub(crate) async fn everything_of_one_ask_is_of_one_position(place: impl Place) {
    let db = Db::start(&place).await;
    db.create("todos", json!({"id": "a", "title": "0", "priority": 0}))
        .await
        .unwrap();
    let (store, schema) = (db.store.clone(), db.schema.clone());
    let writing = tokio::spawn(async move {
        for n in 1..=100 {
            let values = vec![(1, json!(n.to_string())), (3, json!(n))];
            let write = crate::store::Write {
                operation: crate::protocol::Operation::Patch,
                collection: "todos".into(),
                id: json!("a"),
                values,
                expected: None,
            };
            let set = crate::store::ChangeSet {
                origin: None,
                request: None,
                writes: Ok(vec![write]),
            };
            store.write(set).await.unwrap();
        }
    });
    let query = Query::all(schema.model("todos").unwrap());
    let row = || Want::Row {
        collection: "todos".into(),
        id: json!("a"),
    };
    while !writing.is_finished() {
        let wants = vec![
            row(),
            Want::Rows(query.clone()),
            row(),
            Want::Since {
                seq: 0,
                otherwise: query.clone(),
            },
        ];
        let view = db.store.read(Ask { wants, cid: None }).await.unwrap();
        let [
            Found::Row(Some(one)),
            Found::Rows(all),
            Found::Row(Some(two)),
            Found::Commits(commits),
        ] = &*view.found
        else {
            panic!("{view:?}");
        };
        assert_eq!((one, one), (two, &all[0]));
        assert_eq!(one.v, view.seq);
        assert_eq!(commits.last().unwrap().seq, view.seq);
        assert_eq!(commits.len() as Seq, view.seq);
    }
    writing.await.unwrap();
}

async fn since(db: &Db, seq: Seq) -> Found {
    let otherwise = Query::all(db.schema.model("todos").unwrap());
    db.want(Want::Since { seq, otherwise }).await.unwrap()
}

pub(crate) async fn commits_since_a_position(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    db.create(
        "strict",
        json!({"id": "x", "title": "of another collection"}),
    )
    .await
    .unwrap();
    let log = db.log(0).await;
    for after in 0..=4 {
        assert_eq!(
            since(&db, after).await,
            Found::Commits(log[after as usize..].to_vec())
        );
    }
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(since(&db, 1).await, Found::Commits(log[1..].to_vec()));
    assert_eq!(since(&db, 4).await, Found::Commits(Vec::new()));
}

pub(crate) async fn a_position_that_never_was_gets_rows(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    assert!(matches!(since(&db, 4).await, Found::Rows(rows) if rows.len() == 3));
}

pub(crate) async fn a_log_that_was_shortened_gets_rows(place: impl Place) {
    let db = Db::start(&place).await;
    three(&db).await;
    (db.forget)(2).await.unwrap();
    assert!(matches!(since(&db, 1).await, Found::Rows(rows) if rows.len() == 3));
    assert!(matches!(since(&db, 2).await, Found::Commits(commits) if commits.len() == 1));
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert!(matches!(since(&db, 1).await, Found::Rows(_)));
    assert!(matches!(since(&db, 2).await, Found::Commits(commits) if commits.len() == 1));
}

pub(crate) async fn an_unknown_collection_cannot_be_read(place: impl Place) {
    let db = Db::start(&place).await;
    let want = Want::Row {
        collection: "nothing".into(),
        id: json!("a"),
    };
    assert_eq!(db.want(want).await.unwrap_err().code, Code::NotFound);
    let mut query = Query::all(db.schema.model("todos").unwrap());
    query.collection = "nothing".into();
    assert_eq!(
        db.want(Want::Rows(query)).await.unwrap_err().code,
        Code::NotFound
    );
}

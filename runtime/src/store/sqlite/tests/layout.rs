//! What is in the file: other programs read it too.

use super::{Place, TempFile};
use crate::protocol::{Error, Query};
use crate::store::conformance::schema::standard;
use crate::store::sqlite::{Sqlite, statements, table::Tables};
use crate::store::{Ask, Store};
use rusqlite::Connection;
use serde_json::json;
use std::sync::Arc;

async fn start(place: &TempFile) -> Arc<Sqlite> {
    let store = place.sqlite();
    store.migrate(Arc::new(standard())).await.unwrap();
    store
}

#[tokio::test]
async fn tables_have_real_columns() {
    let place = TempFile::fresh();
    let _store = start(&place).await;
    let conn = Connection::open(place.path()).unwrap();
    let sql = |name: &str| -> String {
        let sql = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        conn.query_row(sql, [name], |row| row.get(0)).unwrap()
    };
    let todos = sql("todos");
    for part in [
        "\"id\" TEXT PRIMARY KEY NOT NULL",
        "\"title\" TEXT NOT NULL",
        "\"done\" INTEGER NOT NULL",
        "\"priority\" INTEGER,",
        "\"_v\" INTEGER NOT NULL",
        "STRICT",
    ] {
        assert!(todos.contains(part), "{part} is not in {todos}");
    }
    let everything = sql("everything");
    for part in [
        "\"id\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        "\"big\" INTEGER",
        "\"huge\" TEXT",
        "\"float\" REAL",
        "\"bytes\" BLOB",
        "\"json\" TEXT",
    ] {
        assert!(everything.contains(part), "{part} is not in {everything}");
    }
    // The names of indexes are stable: a later version finds them.
    assert!(sql("index \"todos\" \"owner\"").starts_with("CREATE INDEX"));
    assert!(sql("unique \"todos\" \"slug\"").starts_with("CREATE UNIQUE INDEX"));
}

#[tokio::test]
async fn the_writer_waits_for_the_disk() {
    let place = TempFile::fresh();
    let store = start(&place).await;
    let pragmas = store.task(|desk| {
        ["synchronous", "foreign_keys", "busy_timeout"]
            .map(|name| {
                let get = format!("PRAGMA {name}");
                let value = desk.conn().query_row(&get, [], |row| row.get(0));
                value.map_err(Error::internal)
            })
            .into_iter()
            .collect::<Result<Vec<i64>, Error>>()
    });
    assert_eq!(pragmas.await.unwrap(), [2, 1, 5000]);
    let conn = Connection::open(place.path()).unwrap();
    let mode: String = conn
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    store.read(Ask::default()).await.unwrap();
}

/// How SQLite would run a query.
fn plan(conn: &Connection, query: serde_json::Value) -> String {
    let schema = standard();
    let tables = Tables::new(&schema);
    let query = Query::parse(&schema, &query).unwrap();
    let made = statements::query(tables.get(&query.collection).unwrap(), &query).unwrap();
    let mut explain = conn
        .prepare(&format!("EXPLAIN QUERY PLAN {}", made.text))
        .unwrap();
    let steps = explain.query_map(rusqlite::params_from_iter(&made.bound), |row| row.get(3));
    let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
    steps.join("; ")
}

#[tokio::test]
async fn queries_use_their_indexes() {
    let place = TempFile::fresh();
    let _store = start(&place).await;
    let conn = Connection::open(place.path()).unwrap();
    for (query, index) in [
        (
            json!({"collection": "todos", "where": {"owner": "a"}}),
            "(owner=?)",
        ),
        (
            json!({"collection": "todos", "where": {"owner": null}}),
            "(owner=?)",
        ),
        (
            json!({"collection": "todos", "sort": "owner", "after": ["a", "b"], "limit": 5}),
            "(owner>?)",
        ),
        (
            json!({"collection": "todos", "after": ["b"], "limit": 5}),
            "(id>?)",
        ),
        (
            json!({"collection": "everything", "sort": "-id", "after": ["5", "5"]}),
            "(rowid<?)",
        ),
    ] {
        let plan = plan(&conn, query);
        assert!(plan.contains("SEARCH") && plan.contains(index), "{plan}");
    }
}

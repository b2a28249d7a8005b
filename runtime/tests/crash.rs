//! A process that writes is killed, again and again: what it acknowledged is there, once.
//!
//! The writing process is this test program itself, started with the name of a database in its environment.

// A test that cannot go on ends.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use uuid::Uuid;
use vertebra::protocol::{Operation, Query};
use vertebra::schema::{Described, Field, Flag, Model, Schema};
use vertebra::store::{Ask, ChangeSet, Commit, Found, Origin, Sqlite, Store, Want, Write};

const DATABASE: &str = "VERTEBRA_CRASH_DATABASE";
const WRITERS: u128 = 8;
const KILLS: usize = 10;

const FIELDS: &[Field] = &[
    Field::new("id", "id", i64::TYPE, "", None, &[Flag::Id], &[]),
    Field::new("writer", "writer", i32::TYPE, "", None, &[Flag::Index], &[]),
    Field::new("mid", "mid", i32::TYPE, "", None, &[], &[]),
];
const MODEL: Model = Model::new("Mark", "marks", "", true, false, FIELDS);

fn schema() -> Arc<Schema> {
    Arc::new(Schema {
        models: vec![MODEL],
    })
}

/// One row that says who wrote it; the id is the database's, so that a write done twice makes two rows.
fn mark(writer: u128, mid: u64) -> ChangeSet {
    ChangeSet {
        origin: Some(Origin {
            cid: Uuid::from_u128(writer),
            mid,
        }),
        request: None,
        writes: Ok(vec![Write {
            operation: Operation::Create,
            collection: "marks".into(),
            id: Value::Null,
            values: vec![(1, json!(writer as u64)), (2, json!(mid))],
            expected: None,
        }]),
    }
}

/// Not a test by itself: what the child process does, until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(database) = std::env::var(DATABASE) else {
        return;
    };
    let store = Arc::new(Sqlite::open(database).unwrap());
    store.migrate(schema()).await.unwrap();
    let writers = (1..=WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let cid = Some(Uuid::from_u128(writer));
            let ask = Ask {
                cid,
                ..Ask::default()
            };
            let last = store.read(ask).await.unwrap().last_mid;
            // As a client does that does not know what became of its last writes: it sends them again.
            for mid in last.saturating_sub(2).max(1).. {
                store.write(mark(writer, mid)).await.unwrap();
                println!("acknowledged {writer} {mid}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("crash.db");
    let mut acknowledged = HashSet::new();
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(DATABASE, &database)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut read = 0;
        // Killed in the middle of its work, after more of it each time; what it has said by then counts.
        for line in lines {
            let line = line.unwrap();
            // The test harness writes on the same line.
            if let Some(at) = line.find("acknowledged ") {
                let mut parts = line[at..].split(' ').skip(1);
                // A line that was cut off by the kill has no end; `lines` gives it nevertheless.
                if let (Some(Ok(writer)), Some(Ok(mid))) = (
                    parts.next().map(str::parse::<u64>),
                    parts.next().map(str::parse::<u64>),
                ) {
                    acknowledged.insert((writer, mid));
                }
                read += 1;
            }
            if read == 20 + kill * 37 {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success(), "it ended by itself");
        assert!(read >= 20, "it acknowledged {read} writes only");
    }

    let integrity = rusqlite::Connection::open(&database)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    let store = Sqlite::open(&database).unwrap();
    store.migrate(schema()).await.unwrap();
    let wants = vec![Want::Rows(Query::all(&MODEL))];
    let view = store.read(Ask { wants, cid: None }).await.unwrap();
    let [Found::Rows(rows)] = &*view.found else {
        panic!("no rows");
    };
    let mut log = Vec::new();
    while (log.len() as u64) < view.seq {
        let after = log.last().map_or(0, |commit: &Arc<Commit>| commit.seq);
        log.extend(store.tail(after).await.unwrap());
    }
    let number = |value: &Value| value.as_u64().unwrap();
    let there: Vec<(u64, u64)> = rows
        .iter()
        .map(|row| (number(&row.values[1]), number(&row.values[2])))
        .collect();
    let distinct: HashSet<_> = there.iter().copied().collect();
    assert_eq!(distinct.len(), there.len(), "a write was done twice");
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // Every row has its log entry, and numbers have no gap.
    assert_eq!(log.len(), rows.len());
    assert_eq!(view.seq, rows.len() as u64);
    for writer in 1..=WRITERS as u64 {
        let most = there.iter().filter(|mark| mark.0 == writer).count() as u64;
        assert!((1..=most).all(|mid| distinct.contains(&(writer, mid))));
    }
}

//! What is too old or too much goes by itself, and who asks for it gets a true answer.

use super::{Place, TempFile};
use crate::protocol::{Code, Query};
use crate::store::conformance::schema::standard;
use crate::store::{
    Ask, ChangeSet, Found, Options, Origin, Retention, Sqlite, Store, View, Want, Write,
};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Keeps everything.
fn forever() -> Retention {
    Retention {
        age: Duration::MAX,
        bytes: u64::MAX,
        clients: Duration::MAX,
    }
}

async fn open(place: &TempFile, retention: Retention) -> Sqlite {
    let options = Options {
        retention,
        ..Options::default()
    };
    let store = Sqlite::open_with(place.path(), options).unwrap();
    store.migrate(standard().into()).await.unwrap();
    store
}

fn create(id: &str, mid: Option<u64>) -> ChangeSet {
    let schema = standard();
    let model = schema.model("todos").unwrap();
    let values = [("id", json!(id)), ("title", json!("x".repeat(1000)))];
    let values = values.map(|(name, value)| (model.position(name).unwrap(), value));
    ChangeSet {
        origin: mid.map(|mid| Origin {
            cid: Uuid::from_u128(1),
            mid,
        }),
        request: None,
        writes: Ok(vec![Write {
            operation: crate::protocol::Operation::Create,
            collection: "todos".into(),
            id: json!(id),
            values: values.to_vec(),
            expected: None,
        }]),
    }
}

async fn view(store: &Sqlite, wants: Vec<Want>) -> View {
    let cid = Some(Uuid::from_u128(1));
    store.read(Ask { wants, cid }).await.unwrap()
}

/// Waits for the writer to have done what it does when nothing waits.
async fn until(store: &Sqlite, done: impl Fn(&View) -> bool) -> View {
    loop {
        let view = view(store, Vec::new()).await;
        if done(&view) {
            return view;
        }
        tokio::task::yield_now().await;
    }
}

fn since(seq: u64) -> Want {
    let otherwise = Query::all(standard().model("todos").unwrap());
    Want::Since { seq, otherwise }
}

#[tokio::test]
async fn the_log_keeps_no_more_bytes_than_it_may() {
    let place = TempFile::fresh();
    let retention = Retention {
        bytes: 10_500,
        ..forever()
    };
    let store = open(&place, retention).await;
    for n in 0..30 {
        store.write(create(&n.to_string(), None)).await.unwrap();
    }
    // Each image has a little more than 1,000 bytes.
    let view = until(&store, |view| view.floor >= 20).await;
    assert!(view.floor < 25, "{}", view.floor);
    let floor = view.floor;
    let view = self::view(&store, vec![since(floor), since(floor - 1)]).await;
    assert!(
        matches!(&view.found[0], Found::Commits(commits) if commits.len() as u64 == 30 - floor)
    );
    assert!(matches!(&view.found[1], Found::Rows(rows) if rows.len() == 30));
    assert_eq!(store.tail(0).await.unwrap_err().code, Code::Unavailable);
    // The last position outlives the log.
    store.close().await.unwrap();
    let store = open(
        &place,
        Retention {
            bytes: 0,
            ..forever()
        },
    )
    .await;
    until(&store, |view| view.floor == 30).await;
    assert_eq!(store.write(create("next", None)).await.unwrap().seq, 31);
}

#[tokio::test]
async fn what_was_there_before_the_start_is_counted() {
    let place = TempFile::fresh();
    let store = open(&place, forever()).await;
    let sets = (0..5000).map(|n| store.write(create(&n.to_string(), None)));
    for answer in sets.collect::<Vec<_>>() {
        answer.await.unwrap();
    }
    assert_eq!(view(&store, Vec::new()).await.floor, 0);
    store.close().await.unwrap();
    let retention = Retention {
        bytes: 100_000,
        ..forever()
    };
    let store = open(&place, retention).await;
    let view = until(&store, |view| view.floor > 4850).await;
    assert!(view.floor < 4950, "{}", view.floor);
}

#[tokio::test]
async fn what_is_too_old_goes() {
    let place = TempFile::fresh();
    let store = open(&place, forever()).await;
    for n in 0..5 {
        store.write(create(&n.to_string(), None)).await.unwrap();
    }
    store.close().await.unwrap();
    let old = "UPDATE _vertebra_log SET at = at - 10000000 WHERE seq <= 3";
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.execute(old, []).unwrap();
    drop(conn);
    let retention = Retention {
        age: Duration::from_secs(5000),
        ..forever()
    };
    let store = open(&place, retention).await;
    until(&store, |view| view.floor == 3).await;
    let now = view(&store, vec![since(3), since(2)]).await;
    assert!(matches!(&now.found[0], Found::Commits(commits) if commits.len() == 2));
    assert!(matches!(&now.found[1], Found::Rows(_)));
}

#[tokio::test]
async fn clients_that_do_not_come_back_are_forgotten() {
    let place = TempFile::fresh();
    let store = open(&place, forever()).await;
    store.write(create("a", Some(1))).await.unwrap();
    store.write(create("a", Some(2))).await.unwrap_err();
    let before = view(&store, Vec::new()).await;
    assert_eq!((before.last_mid, before.forgotten_at), (2, 0));
    store.close().await.unwrap();
    let retention = Retention {
        clients: Duration::ZERO,
        ..forever()
    };
    let store = open(&place, retention).await;
    let after = until(&store, |view| view.forgotten_at > 0).await;
    assert_eq!(after.last_mid, 0);
    let last = store.write(create("b", Some(3))).await.unwrap_err().last;
    assert_eq!(last, Some(0), "the next number is the first one again");
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    let refusals = "SELECT count(*) FROM _vertebra_refusals";
    let refusals: i64 = conn.query_row(refusals, [], |row| row.get(0)).unwrap();
    assert_eq!(refusals, 0);
}

#[tokio::test]
async fn many_commits_are_not_replayed_for_few_rows() {
    let place = TempFile::fresh();
    let store = open(&place, forever()).await;
    let sets = (0..600).map(|n| store.write(create(&n.to_string(), None)));
    for answer in sets.collect::<Vec<_>>() {
        answer.await.unwrap();
    }
    // 600 commits are 1,200 images; there are 600 rows.
    let wants = vec![since(0), since(87), since(88)];
    let now = view(&store, wants).await;
    assert!(matches!(&now.found[0], Found::Rows(rows) if rows.len() == 600));
    assert!(matches!(&now.found[1], Found::Rows(rows) if rows.len() == 600));
    assert!(matches!(&now.found[2], Found::Commits(commits) if commits.len() == 512));
}

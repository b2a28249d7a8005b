//! What happens when the database, or this code, fails.

use super::{Place, TempFile};
use crate::protocol::{Code, Error};
use crate::store::conformance::Db;
use crate::store::sqlite::{Options, Sqlite};
use crate::store::{Ask, ChangeSet, Store};
use serde_json::json;
use std::sync::Arc;

/// A store with a schema, and the same as what it is.
async fn start(place: &TempFile, options: Options) -> (Db, Arc<Sqlite>) {
    let sqlite = Arc::new(Sqlite::open_with(place.path(), options).unwrap());
    let schema = Arc::new(crate::store::conformance::schema::standard());
    sqlite.migrate(schema.clone()).await.unwrap();
    let store = sqlite.clone();
    let forget = Box::new(|_| -> crate::store::Answer<()> { Box::pin(async { Ok(()) }) });
    let db = Db {
        store,
        forget,
        schema,
    };
    (db, sqlite)
}

fn sets(db: &Db, ids: std::ops::Range<u32>) -> Vec<crate::store::Answer<crate::store::Written>> {
    let set = |id: u32| ChangeSet {
        origin: None,
        request: None,
        writes: Ok(vec![db.todo(&id.to_string())]),
    };
    ids.map(|id| db.store.write(set(id))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_at_the_desk_hangs_nobody() {
    let place = TempFile::fresh();
    let (db, sqlite) = start(&place, Options::default()).await;
    let before = sets(&db, 0..10);
    let panicked = sqlite.task(|desk| -> Result<(), Error> {
        desk.conn().execute_batch("BEGIN").unwrap();
        panic!("on purpose")
    });
    let after = sets(&db, 10..20);
    for answer in before.into_iter().chain(after) {
        answer.await.unwrap();
    }
    assert_eq!(panicked.await.unwrap_err().code, Code::Internal);
    assert_eq!(db.head().await, 20);
    db.store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_passes() {
    let place = TempFile::fresh();
    let (db, sqlite) = start(&place, Options::default()).await;
    db.one(db.todo("first")).await.unwrap();
    let limit = |pages: &'static str| {
        sqlite.task(move |desk| {
            let set = format!("PRAGMA max_page_count = {pages}");
            desk.conn().execute_batch(&set).map_err(Error::internal)
        })
    };
    // No smaller than the file is: not one page more.
    limit("1").await.unwrap();
    let mut kept = vec!["first".to_string()];
    let mut failed = 0;
    for n in 0..200u32 {
        let row = json!({"id": n.to_string(), "title": "x".repeat(500)});
        match db.create("todos", row).await {
            Ok(_) => kept.push(n.to_string()),
            Err(error) => {
                assert_eq!(error.code, Code::Unavailable, "{error}");
                assert!(error.message.contains("full"), "{error}");
                assert!(error.retry_ms.is_some());
                failed += 1;
            }
        }
    }
    assert!(failed > 0, "the disk was never full");
    // Reads go on, and show what was acknowledged only.
    let mut rows = db.ids(json!({"collection": "todos"})).await;
    rows.sort_by_key(|id| kept.iter().position(|one| id == one));
    assert_eq!(rows, kept);
    assert_eq!(db.head().await, kept.len() as u64);
    let log = db.log(0).await;
    assert_eq!(log.len(), kept.len());
    limit("1000000").await.unwrap();
    let next = db.one(db.todo("last")).await.unwrap();
    assert_eq!(next.seq, kept.len() as u64 + 1);
    let tail = db.log(kept.len() as u64).await;
    assert_eq!(tail[0].seq, next.seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_overloaded() {
    let place = TempFile::fresh();
    let options = Options {
        queue: 4,
        ..Options::default()
    };
    let (db, sqlite) = start(&place, options).await;
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let (reached, there) = tokio::sync::oneshot::channel();
    let busy = sqlite.task(move |_| {
        let _ = reached.send(());
        let _ = gate.recv();
        Ok(())
    });
    there.await.unwrap();
    let mut answers = sets(&db, 0..6);
    for answer in answers.split_off(4) {
        let error = answer.await.unwrap_err();
        assert_eq!(error.code, Code::Overloaded);
        assert!(error.retry_ms.is_some());
    }
    open.send(()).unwrap();
    busy.await.unwrap();
    for answer in answers {
        answer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_set_does_not_spoil_its_group() {
    let place = TempFile::fresh();
    let (db, sqlite) = start(&place, Options::default()).await;
    // A trigger that fails as no constraint of a model does.
    let trigger = "CREATE TRIGGER spoil BEFORE INSERT ON todos WHEN NEW.title = 'title of 5'
                   BEGIN SELECT json('{'); END";
    let made = sqlite.task(move |desk| desk.conn().execute_batch(trigger).map_err(Error::internal));
    made.await.unwrap();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let busy = sqlite.task(move |_| gate.recv().map_err(Error::internal));
    let answers = sets(&db, 0..10);
    open.send(()).unwrap();
    busy.await.unwrap();
    for (n, answer) in answers.into_iter().enumerate() {
        match answer.await {
            Ok(_) => assert_ne!(n, 5),
            Err(error) => assert_eq!((n, error.code), (5, Code::Internal)),
        }
    }
    assert_eq!(db.head().await, 9);
    assert_eq!(db.log(0).await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_sets_share_one_sync() {
    let place = TempFile::fresh();
    let (db, sqlite) = start(&place, Options::default()).await;
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let busy = sqlite.task(move |_| gate.recv().map_err(Error::internal));
    let answers = sets(&db, 0..100);
    // The first set's commit is a step of the head by a hundred: nobody ever sees a part of the group.
    let tail = tokio::spawn(db.store.tail(0));
    open.send(()).unwrap();
    busy.await.unwrap();
    for answer in answers {
        answer.await.unwrap();
    }
    assert_eq!(tail.await.unwrap().unwrap().len(), 100);
    assert_eq!(db.store.read(Ask::default()).await.unwrap().seq, 100);
}

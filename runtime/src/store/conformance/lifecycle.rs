//! Opening and closing.

use super::{Db, Place};
use crate::protocol::Code;
use crate::store::{Ask, ChangeSet};
use serde_json::json;

pub(crate) async fn rows_log_and_epoch_survive_a_restart(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db.one(db.todo("a")).await.unwrap();
    let epoch = db.store.read(Ask::default()).await.unwrap().epoch;
    assert!(!epoch.is_empty());
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(
        db.get("todos", json!("a")).await.as_ref(),
        made.rows.first()
    );
    assert_eq!(db.store.read(Ask::default()).await.unwrap().epoch, epoch);
    assert_eq!(db.log(0).await.len(), 1);
}

pub(crate) async fn positions_go_on_after_a_restart(place: impl Place) {
    for expected in 1..=3 {
        let db = Db::start(&place).await;
        assert_eq!(db.head().await, expected - 1);
        assert_eq!(
            db.one(db.todo(&expected.to_string())).await.unwrap().seq,
            expected
        );
        // Without `close`: dropping finishes too.
    }
}

pub(crate) async fn positions_go_on_after_the_log_was_removed(place: impl Place) {
    let db = Db::start(&place).await;
    db.one(db.todo("a")).await.unwrap();
    (db.forget)(1).await.unwrap();
    assert_eq!(db.head().await, 1);
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(db.head().await, 1);
    assert_eq!(db.one(db.todo("b")).await.unwrap().seq, 2);
    assert_eq!(db.log(1).await[0].seq, 2);
}

pub(crate) async fn a_closed_store_is_unavailable(place: impl Place) {
    let db = Db::start(&place).await;
    db.one(db.todo("a")).await.unwrap();
    db.store.close().await.unwrap();
    db.store.close().await.unwrap();
    assert_eq!(
        db.one(db.todo("b")).await.unwrap_err().code,
        Code::Unavailable
    );
    assert_eq!(
        db.store.read(Ask::default()).await.unwrap_err().code,
        Code::Unavailable
    );
    assert_eq!(db.store.tail(0).await.unwrap_err().code, Code::Unavailable);
    assert_eq!(
        db.store.migrate(db.schema.clone()).await.unwrap_err().code,
        Code::Unavailable
    );
}

pub(crate) async fn close_finishes_what_was_queued(place: impl Place) {
    let db = Db::start(&place).await;
    let sets = (0..200).map(|n| ChangeSet {
        origin: None,
        request: None,
        writes: Ok(vec![db.todo(&n.to_string())]),
    });
    let answers: Vec<_> = sets.map(|set| db.store.write(set)).collect();
    let closed = db.store.close();
    for answer in answers {
        answer.await.unwrap();
    }
    closed.await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(db.head().await, 200);
}

pub(crate) async fn close_ends_waiting_tails(place: impl Place) {
    let db = Db::start(&place).await;
    let waiting: Vec<_> = (0..8).map(|_| tokio::spawn(db.store.tail(0))).collect();
    db.store.close().await.unwrap();
    for tail in waiting {
        assert_eq!(tail.await.unwrap().unwrap_err().code, Code::Unavailable);
    }
}

pub(crate) async fn a_write_nobody_waits_for_is_done(place: impl Place) {
    let db = Db::start(&place).await;
    let set = ChangeSet {
        origin: None,
        request: None,
        writes: Ok(vec![db.todo("a")]),
    };
    drop(db.store.write(set));
    assert_eq!(db.one(db.todo("b")).await.unwrap().seq, 2);
    assert!(db.get("todos", json!("a")).await.is_some());
}

//! The log as it is followed.

use super::{Db, Place, follow};
use crate::protocol::{Code, Operation, Seq};
use crate::store::{Ask, ChangeSet, Found, Want};
use serde_json::json;

pub(crate) async fn commits_come_in_order_with_both_images(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db.one(db.todo("a")).await.unwrap();
    let patch = db.write(
        Operation::Patch,
        "todos",
        json!({"id": "a", "note": "secret too"}),
    );
    let set = db.set(vec![patch, db.todo("b")]).await.unwrap();
    let gone = db.delete("todos", json!({"id": "a"})).await.unwrap();
    let log = follow(&*db.store, 0, 3).await;
    assert_eq!(
        log.iter().map(|commit| commit.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(log.iter().all(|commit| commit.origin.is_none()));
    let first = &log[0].changes[0];
    assert_eq!((&*first.collection, &first.id), ("todos", &json!("a")));
    assert_eq!(
        (&first.before, first.after.as_ref()),
        (&None, made.rows.first())
    );
    let [patched, created] = &*log[1].changes else {
        panic!("two changes")
    };
    assert_eq!(
        (patched.before.as_ref(), patched.after.as_ref()),
        (made.rows.first(), set.rows.first())
    );
    assert_eq!(
        (&created.before, created.after.as_ref()),
        (&None, set.rows.get(1))
    );
    let last = &log[2].changes[0];
    assert_eq!(
        (last.before.as_ref(), &last.after),
        (gone.rows.first(), &None)
    );
    assert_eq!(last.id, "a");
}

pub(crate) async fn a_tail_waits_for_the_next_commit(place: impl Place) {
    let db = Db::start(&place).await;
    let store = db.store.clone();
    let mut waiting = tokio::spawn(async move { store.tail(1).await });
    db.one(db.todo("a")).await.unwrap();
    // The first commit is not after 1: only the second ends the waiting.
    let first = db.store.tail(0).await.unwrap();
    assert_eq!(first.len(), 1);
    assert!(!waiting.is_finished());
    db.one(db.todo("b")).await.unwrap();
    let commits = (&mut waiting).await.unwrap().unwrap();
    assert_eq!(commits[0].seq, 2);
}

pub(crate) async fn no_wake_up_is_lost(place: impl Place) {
    const SETS: u64 = 400;
    let db = Db::start(&place).await;
    let followers: Vec<_> = (0..4)
        .map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move { follow(&*store, 0, SETS).await })
        })
        .collect();
    // Each write alone, so that the head moves as often as it can.
    for n in 0..SETS {
        db.one(db.todo(&n.to_string())).await.unwrap();
    }
    for follower in followers {
        let log = follower.await.unwrap();
        let positions: Vec<Seq> = log.iter().map(|commit| commit.seq).collect();
        assert_eq!(positions, (1..=SETS).collect::<Vec<_>>());
    }
}

pub(crate) async fn an_old_position_is_answered_from_the_table(place: impl Place) {
    let db = Db::start(&place).await;
    let origin = crate::store::Origin {
        cid: uuid::Uuid::from_u128(3),
        mid: 1,
    };
    db.numbered(origin, Ok(vec![db.todo("a"), db.todo("b")]))
        .await
        .unwrap();
    db.patch("todos", json!({"id": "a", "title": "y"}))
        .await
        .unwrap();
    db.delete("todos", json!({"id": "b"})).await.unwrap();
    let fresh = follow(&*db.store, 0, 3).await;
    assert_eq!(fresh[0].origin, Some(origin));
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(follow(&*db.store, 0, 3).await, fresh);
    assert_eq!(follow(&*db.store, 2, 3).await, fresh[2..]);
    db.one(db.todo("c")).await.unwrap();
    assert_eq!(follow(&*db.store, 1, 4).await.len(), 3);
}

pub(crate) async fn a_position_below_the_log_is_unavailable(place: impl Place) {
    let db = Db::start(&place).await;
    for id in ["a", "b", "c"] {
        db.one(db.todo(id)).await.unwrap();
    }
    (db.forget)(2).await.unwrap();
    for after in [0, 1] {
        assert_eq!(
            db.store.tail(after).await.unwrap_err().code,
            Code::Unavailable
        );
    }
    assert_eq!(db.store.tail(2).await.unwrap()[0].seq, 3);
}

pub(crate) async fn many_commits_come_in_pieces(place: impl Place) {
    const SETS: u64 = 3000;
    let db = Db::start(&place).await;
    let sets = (0..SETS).map(|n| ChangeSet {
        origin: None,
        request: None,
        writes: Ok(vec![db.todo(&n.to_string())]),
    });
    let answers: Vec<_> = sets.map(|set| db.store.write(set)).collect();
    for answer in answers {
        answer.await.unwrap();
    }
    let fresh = follow(&*db.store, 0, SETS).await;
    assert_eq!(fresh.len() as u64, SETS);
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(follow(&*db.store, 0, SETS).await, fresh);
}

pub(crate) async fn a_refused_set_is_no_commit(place: impl Place) {
    let db = Db::start(&place).await;
    db.one(db.todo("a")).await.unwrap();
    db.one(db.todo("a")).await.unwrap_err();
    db.one(db.todo("b")).await.unwrap();
    let log = follow(&*db.store, 0, 2).await;
    assert_eq!(
        log.iter().map(|commit| commit.seq).collect::<Vec<_>>(),
        [1, 2]
    );
}

pub(crate) async fn a_write_is_readable_when_it_is_answered(place: impl Place) {
    let db = Db::start(&place).await;
    for n in 0..50 {
        let id = n.to_string();
        let made = db.one(db.todo(&id)).await.unwrap();
        let wants = vec![Want::Row {
            collection: "todos".into(),
            id: json!(id),
        }];
        let view = db.store.read(Ask { wants, cid: None }).await.unwrap();
        assert_eq!(view.seq, made.seq);
        assert_eq!(view.found, [Found::Row(made.rows.first().cloned())]);
    }
}

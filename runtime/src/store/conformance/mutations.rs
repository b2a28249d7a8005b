//! The clients' mutation numbers.

use super::{Db, Place};
use crate::protocol::{Code, Error, Mid, Operation};
use crate::store::{Ask, Origin};
use serde_json::json;
use uuid::Uuid;

const CID: Uuid = Uuid::from_u128(7);

fn number(mid: Mid) -> Origin {
    Origin { cid: CID, mid }
}

async fn last(db: &Db) -> Mid {
    let ask = Ask {
        cid: Some(CID),
        ..Ask::default()
    };
    db.store.read(ask).await.unwrap().last_mid
}

pub(crate) async fn numbers_follow_each_other(place: impl Place) {
    let db = Db::start(&place).await;
    assert_eq!(last(&db).await, 0);
    let error = db
        .numbered(number(2), Ok(vec![db.todo("a")]))
        .await
        .unwrap_err();
    assert_eq!((error.code, error.last), (Code::OutOfOrder, Some(0)));
    db.numbered(number(1), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    db.numbered(number(2), Ok(vec![db.todo("b")]))
        .await
        .unwrap();
    assert_eq!(last(&db).await, 2);
    let error = db
        .numbered(number(4), Ok(vec![db.todo("c")]))
        .await
        .unwrap_err();
    assert_eq!((error.code, error.last), (Code::OutOfOrder, Some(2)));
    assert_eq!(last(&db).await, 2);
    // Another client counts by itself.
    let other = Origin {
        cid: Uuid::from_u128(8),
        mid: 1,
    };
    db.numbered(other, Ok(vec![db.todo("c")])).await.unwrap();
    let log = db.log(0).await;
    let origins: Vec<_> = log.iter().map(|commit| commit.origin.unwrap()).collect();
    assert_eq!(origins, [number(1), number(2), other]);
}

pub(crate) async fn a_number_that_came_before_gets_its_result_again(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db
        .numbered(number(1), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    let patch = db.write(Operation::Patch, "todos", json!({"id": "a", "title": "y"}));
    let patched = db
        .numbered(number(2), Ok(vec![patch.clone()]))
        .await
        .unwrap();
    let delete = db.write(Operation::Delete, "todos", json!({"id": "a"}));
    let gone = db
        .numbered(number(3), Ok(vec![delete.clone()]))
        .await
        .unwrap();
    // What it asks for does not matter: the number says which result.
    assert_eq!(
        db.numbered(number(1), Ok(vec![db.todo("other")]))
            .await
            .unwrap(),
        made
    );
    assert_eq!(
        db.numbered(number(2), Ok(vec![patch])).await.unwrap(),
        patched
    );
    assert_eq!(
        db.numbered(number(3), Ok(vec![delete])).await.unwrap(),
        gone
    );
    assert_eq!(db.get("todos", json!("other")).await, None);
    assert_eq!((db.head().await, last(&db).await), (3, 3));
}

pub(crate) async fn a_refused_mutation_consumes_its_number(place: impl Place) {
    let db = Db::start(&place).await;
    db.numbered(number(1), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    let refused = db
        .numbered(number(2), Ok(vec![db.todo("a")]))
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert_eq!((db.head().await, last(&db).await), (1, 2));
    db.numbered(number(3), Ok(vec![db.todo("b")]))
        .await
        .unwrap();
    // The row is another one by now; the result is that of then.
    db.patch("todos", json!({"id": "a", "title": "later"}))
        .await
        .unwrap();
    assert_eq!(
        db.numbered(number(2), Ok(vec![db.todo("c")]))
            .await
            .unwrap_err(),
        refused
    );
    assert_eq!(db.get("todos", json!("c")).await, None);
}

pub(crate) async fn a_mutation_refused_by_its_caller_is_kept(place: impl Place) {
    let db = Db::start(&place).await;
    let refusal = Error::field("title", "is required");
    let refused = db
        .numbered(number(1), Err(refusal.clone()))
        .await
        .unwrap_err();
    assert_eq!(refused, refusal);
    assert_eq!(last(&db).await, 1);
    assert_eq!(
        db.numbered(number(1), Ok(vec![db.todo("a")]))
            .await
            .unwrap_err(),
        refusal
    );
    db.numbered(number(2), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    // Without a number nothing is kept.
    let set = crate::store::ChangeSet {
        origin: None,
        request: None,
        writes: Err(refusal.clone()),
    };
    assert_eq!(db.store.write(set).await.unwrap_err(), refusal);
}

pub(crate) async fn another_request_under_a_number_is_refused(place: impl Place) {
    let db = Db::start(&place).await;
    let set = |id: &str, request| crate::store::ChangeSet {
        origin: Some(number(1)),
        request: Some(request),
        writes: Ok(vec![db.todo(id)]),
    };
    // Both are queued before the first is answered.
    let (made, other) = (db.store.write(set("a", 5)), db.store.write(set("b", 6)));
    let (made, other) = (made.await.unwrap(), other.await.unwrap_err());
    assert_eq!(other.fields["key"], "was used for another request");
    assert_eq!(db.store.write(set("a", 5)).await.unwrap(), made);
    let restarted = {
        db.store.close().await.unwrap();
        let schema = db.schema.clone();
        let store = place.open().store;
        store.migrate(schema).await.unwrap();
        store
    };
    assert_eq!(restarted.write(set("a", 5)).await.unwrap(), made);
    let other = restarted.write(set("b", 6)).await.unwrap_err();
    assert_eq!((other.code, other.status()), (Code::Validation, 422));
    assert_eq!(restarted.read(Ask::default()).await.unwrap().seq, 1);
}

pub(crate) async fn a_set_takes_a_number_for_each_write(place: impl Place) {
    let db = Db::start(&place).await;
    let three = || ["a", "b", "c"].map(|id| db.todo(id)).to_vec();
    let made = db.numbered(number(1), Ok(three())).await.unwrap();
    assert_eq!(last(&db).await, 3);
    assert_eq!(db.numbered(number(1), Ok(three())).await.unwrap(), made);
    let second = db
        .numbered(number(2), Ok(vec![db.todo("x")]))
        .await
        .unwrap();
    assert_eq!((second.seq, &second.rows[0]), (made.seq, &made.rows[1]));
    let refused = db.numbered(number(4), Ok(three())).await.unwrap_err();
    assert_eq!(last(&db).await, 6);
    for mid in 4..=6 {
        assert_eq!(
            db.numbered(number(mid), Ok(vec![db.todo("x")]))
                .await
                .unwrap_err(),
            refused
        );
    }
    // Half of it was run as something else.
    let half = db.numbered(number(6), Ok(three())).await.unwrap_err();
    assert_eq!(half, refused);
    db.numbered(number(7), Ok(vec![db.todo("d")]))
        .await
        .unwrap();
    let half = db.numbered(number(7), Ok(three())).await.unwrap_err();
    assert_eq!((half.code, half.last), (Code::OutOfOrder, Some(7)));
}

pub(crate) async fn a_retry_beside_its_original_runs_once(place: impl Place) {
    let db = Db::start(&place).await;
    let set = |mid, id: &str| crate::store::ChangeSet {
        origin: Some(number(mid)),
        request: None,
        writes: Ok(vec![db.todo(id)]),
    };
    // All are queued before any is answered.
    let sets = [
        set(1, "a"),
        set(2, "b"),
        set(1, "a"),
        set(2, "b"),
        set(3, "a"),
        set(3, "c"),
    ];
    let answers: Vec<_> = sets.into_iter().map(|set| db.store.write(set)).collect();
    let mut results = Vec::new();
    for answer in answers {
        results.push(answer.await);
    }
    assert!(results[0].is_ok() && results[1].is_ok());
    assert_eq!(results[2], results[0]);
    assert_eq!(results[3], results[1]);
    assert_eq!(results[4].as_ref().unwrap_err().code, Code::Conflict);
    assert_eq!(results[5], results[4]);
    assert_eq!((db.head().await, last(&db).await), (2, 3));
}

pub(crate) async fn numbers_survive_a_restart(place: impl Place) {
    let db = Db::start(&place).await;
    let made = db
        .numbered(number(1), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    let refused = db
        .numbered(number(2), Ok(vec![db.todo("a")]))
        .await
        .unwrap_err();
    db.store.close().await.unwrap();
    drop(db);
    let db = Db::start(&place).await;
    assert_eq!(last(&db).await, 2);
    assert_eq!(
        db.numbered(number(1), Ok(vec![db.todo("b")]))
            .await
            .unwrap(),
        made
    );
    assert_eq!(
        db.numbered(number(2), Ok(vec![db.todo("b")]))
            .await
            .unwrap_err(),
        refused
    );
    db.numbered(number(3), Ok(vec![db.todo("b")]))
        .await
        .unwrap();
}

pub(crate) async fn a_result_that_is_no_longer_kept_is_out_of_order(place: impl Place) {
    let db = Db::start(&place).await;
    db.numbered(number(1), Ok(vec![db.todo("a")]))
        .await
        .unwrap();
    db.numbered(number(2), Ok(vec![db.todo("b")]))
        .await
        .unwrap();
    (db.forget)(1).await.unwrap();
    let error = db
        .numbered(number(1), Ok(vec![db.todo("c")]))
        .await
        .unwrap_err();
    assert_eq!((error.code, error.last), (Code::OutOfOrder, Some(2)));
    assert_eq!(db.get("todos", json!("c")).await, None);
    db.numbered(number(2), Ok(vec![db.todo("c")]))
        .await
        .unwrap();
}

pub(crate) async fn a_strict_collection_is_strict_in_a_queue(place: impl Place) {
    let db = Db::start(&place).await;
    let row = json!({"id": "a", "title": "x"});
    let create = db.write(Operation::Create, "strict", row.clone());
    db.numbered(number(1), Ok(vec![create])).await.unwrap();
    let patch = db.write(Operation::Patch, "strict", row);
    let error = db.numbered(number(2), Ok(vec![patch])).await.unwrap_err();
    assert_eq!(error.fields["ifv"], "is required: the collection is strict");
    assert_eq!(last(&db).await, 2);
}

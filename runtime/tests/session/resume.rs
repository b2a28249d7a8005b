//! The ladder of resume: replay, the same rows, a reset.

use crate::peer::{Peer, Setup, setup, setup_with};
use serde_json::{Value, json};
use vertebra::protocol::{Digest, Operation};
use vertebra::store::{Options, Retention};
use vertebra::sync::Limits;

/// Keeps nothing of the log.
fn nothing() -> Options {
    let retention = Retention {
        bytes: 0,
        ..Retention::default()
    };
    Options {
        retention,
        ..Options::default()
    }
}

async fn rows_of_a_stranger(setup: &Setup) -> Peer {
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.until("C").await;
    peer
}

/// Waits until the log has forgotten everything.
async fn forgotten(setup: &Setup) {
    let database = setup.database();
    let left = || -> i64 {
        let count = "SELECT count(*) FROM _vertebra_log";
        database.query_row(count, [], |row| row.get(0)).unwrap()
    };
    while left() > 0 {
        tokio::task::yield_now().await;
    }
}

fn have(rows: &[(&str, u64)]) -> Value {
    let mut digest = Digest::default();
    rows.iter().for_each(|(id, v)| digest.add(&json!(id), *v));
    serde_json::to_value(digest.have()).unwrap()
}

#[tokio::test]
async fn a_client_that_has_the_rows_gets_none() {
    let setup = setup_with(Limits::default(), nothing()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    setup.write(Operation::Create, "b", json!({})).await;
    let away = rows_of_a_stranger(&setup).await;
    // Something happens, but not to these rows.
    setup.write(Operation::Create, "c", json!({})).await;
    setup.write(Operation::Delete, "c", Value::Null).await;
    forgotten(&setup).await;
    let mut back = setup.connect();
    back.rows = away.rows.clone();
    let same = have(&[("b", 2), ("a", 1)]);
    let subs = json!([[1, {"collection": "tasks"}, away.cursor(), same]]);
    assert_eq!(back.hello_with(subs).await[1]["subs"]["1"], "diff");
    let seq = setup.write(Operation::Patch, "a", json!({"n": 7})).await;
    assert_eq!(back.until("T").await[2], seq, "no chunk came before it");
    assert_eq!(back.rows, setup.rows().await);
    // Versions of another log say nothing, and neither do those of a log that went further.
    for cursor in [json!(["of another epoch", 2]), json!([away.epoch, 1000])] {
        let mut back = setup.connect();
        let rows = have(&[("a", 5)]);
        let subs = json!([[1, {"collection": "tasks"}, cursor, rows]]);
        assert_eq!(back.hello_with(subs).await[1]["subs"]["1"], "reset");
    }
}

#[tokio::test]
async fn a_wrong_digest_is_a_reset() {
    let setup = setup_with(Limits::default(), nothing()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let away = rows_of_a_stranger(&setup).await;
    setup.write(Operation::Patch, "a", json!({"n": 1})).await;
    forgotten(&setup).await;
    for has in [have(&[("a", 1)]), have(&[]), Value::Null] {
        let mut back = setup.connect();
        let subs = json!([[1, {"collection": "tasks"}, away.cursor(), has]]);
        assert_eq!(
            back.hello_with(subs).await[1]["subs"]["1"],
            "reset",
            "{has}"
        );
        back.until("C").await;
        assert_eq!(back.rows, setup.rows().await);
    }
}

#[tokio::test]
async fn where_a_replay_is_possible_it_is_preferred() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let away = rows_of_a_stranger(&setup).await;
    setup.write(Operation::Patch, "a", json!({"n": 1})).await;
    let mut back = setup.connect();
    (back.position, back.rows) = (away.position, away.rows.clone());
    let subs = json!([[1, {"collection": "tasks"}, away.cursor(), have(&[("a", 1)])]]);
    assert_eq!(back.hello_with(subs).await[1]["subs"]["1"], "replay");
    back.until("T").await;
    assert_eq!(back.rows, setup.rows().await);
}

#[tokio::test]
async fn many_changes_of_few_rows_are_a_reset() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let away = rows_of_a_stranger(&setup).await;
    for n in 0..600 {
        setup.write(Operation::Patch, "a", json!({"n": n})).await;
    }
    let mut back = setup.connect();
    assert_eq!(back.hello(away.cursor()).await[1]["subs"]["1"], "reset");
    back.until("C").await;
    assert_eq!(back.rows, setup.rows().await);
}

/// The log forgets faster than it is handed on: everybody converges nevertheless.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_forgets_at_once_loses_nothing() {
    let setup = setup_with(Limits::default(), nothing()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let mut peer = rows_of_a_stranger(&setup).await;
    for n in 0..200 {
        setup.write(Operation::Patch, "a", json!({"n": n})).await;
        let last = setup
            .write(Operation::Create, &format!("{n}"), json!({}))
            .await;
        if n % 20 == 0 {
            peer.reach(last).await;
        }
    }
    let last = setup.write(Operation::Patch, "a", json!({"n": 1000})).await;
    peer.reach(last).await;
    while peer.rows.len() != 201 || peer.rows["a"]["n"] != 1000 {
        peer.next().await;
    }
    assert_eq!(peer.rows, setup.rows().await);
}

#[tokio::test]
async fn another_epoch_is_a_reset_for_everybody() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let away = rows_of_a_stranger(&setup).await;
    let options = Options {
        new_epoch: true,
        ..Options::default()
    };
    let (cursor, epoch) = (away.cursor(), away.epoch.clone());
    drop(away);
    let setup = setup.restart(options).await;
    let mut back = setup.connect();
    assert_eq!(back.hello(cursor).await[1]["subs"]["1"], "reset");
    back.until("C").await;
    assert_ne!(back.epoch, epoch);
    assert_eq!(back.rows, setup.rows().await);
}

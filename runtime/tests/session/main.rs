//! Sessions over a real engine and a real SQLite file; only the wire is a pair of channels.

#![allow(clippy::unwrap_used)]

mod ends;
mod forgetting;
mod peer;
mod resume;
mod slow;

use crate::peer::setup;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;
use vertebra::protocol::Operation;
use vertebra::sync::Limits;

#[tokio::test]
async fn a_subscription_is_a_snapshot_and_then_every_change() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({"n": 1})).await;
    let mut peer = setup.connect();
    let welcome = peer.hello(None).await;
    assert_eq!(welcome[1]["subs"]["1"], "reset");
    assert_eq!(welcome[1]["cols"]["tasks"], json!(["id", "n", "open"]));
    assert_eq!(peer.until("C").await[3], json!([[1, ["a", 1, true]]]));
    setup.write(Operation::Patch, "a", json!({"n": 2})).await;
    setup.write(Operation::Create, "b", json!({})).await;
    let last = setup.write(Operation::Delete, "a", Value::Null).await;
    peer.reach(last).await;
    assert_eq!(peer.rows, setup.rows().await);
}

#[tokio::test]
async fn a_filter_shows_rows_that_enter_and_leave_it() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    peer.hello_with(json!([[1, {"collection": "tasks", "where": {"open": true}}, null]]))
        .await;
    setup.write(Operation::Create, "a", json!({})).await;
    assert_eq!(
        peer.until("T").await[4][0][1][0],
        json!(["+", "a", 1, ["a", 0, true]])
    );
    setup
        .write(Operation::Patch, "a", json!({"open": false}))
        .await;
    assert_eq!(peer.until("T").await[4][0][1][0], json!(["-", "a", "l"]));
    // Of no concern to this client, which learns of it by the next transition's position.
    setup.write(Operation::Patch, "a", json!({"n": 9})).await;
    setup
        .write(Operation::Patch, "a", json!({"open": true}))
        .await;
    assert_eq!(
        peer.until("T").await[4][0][1][0],
        json!(["+", "a", 4, ["a", 9, true]])
    );
}

#[tokio::test]
async fn a_client_that_was_away_gets_the_net_change() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.until("C").await;
    let (cursor, rows) = (peer.cursor(), peer.rows.clone());
    let position = peer.position;
    drop(peer);
    for n in 1..=9 {
        setup.write(Operation::Patch, "a", json!({"n": n})).await;
    }
    setup.write(Operation::Create, "b", json!({})).await;
    setup.write(Operation::Delete, "b", Value::Null).await;

    let mut back = setup.connect();
    (back.position, back.rows) = (position, rows);
    let welcome = back.hello(cursor).await;
    assert_eq!(welcome[1]["subs"]["1"], "replay");
    let replay = back.until("T").await;
    assert_eq!(replay[4], json!([[1, [["~", "a", 10, {"n": 9}]]]]));
    assert_eq!(back.rows, setup.rows().await);
}

#[tokio::test]
async fn a_cursor_of_another_time_is_reset() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    for cursor in [json!(["of another epoch", 1]), json!([null, 1])] {
        let mut peer = setup.connect();
        peer.send(
            json!(["H", {"v": 1, "cid": peer.cid, "subs": [[1, {"collection": "tasks"}, cursor]]}]),
        )
        .await;
        if cursor[0].is_null() {
            assert_eq!(
                peer.until("B").await[1],
                4500,
                "a cursor that cannot be read is a broken hello"
            );
            continue;
        }
        assert_eq!(peer.until("W").await[1]["subs"]["1"], "reset");
        peer.until("C").await;
        assert_eq!(peer.rows, setup.rows().await);
    }
    // Ahead of the server, as after a restored backup of the same epoch.
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.position = 1000;
    let cursor = peer.cursor();
    let mut ahead = setup.connect();
    assert_eq!(ahead.hello(cursor).await[1]["subs"]["1"], "reset");
}

#[tokio::test]
async fn a_result_comes_before_its_change_and_a_retry_gets_the_same_one() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.until("C").await;
    let create = json!(["M", [[1, "create", "tasks", "a", {"n": 1}]]]);
    peer.send(create.clone()).await;
    let result = peer.next().await;
    assert_eq!(
        result,
        json!(["R", 1, null, {"id": "a", "n": 1, "open": true}, 1])
    );
    assert_eq!(
        peer.until("T").await[3],
        1,
        "the transition says that it contains mutation 1"
    );

    let mut again = setup.connect();
    again.cid = peer.cid;
    assert_eq!(again.hello(None).await[1]["last_mid"], 1);
    again.send(create).await;
    assert_eq!(again.until("R").await, result);
    assert_eq!(setup.rows().await.len(), 1, "it was applied once");

    again
        .send(json!(["M", [[9, "delete", "tasks", "a"]]]))
        .await;
    let refused = again.until("R").await;
    assert_eq!(
        (&refused[2]["code"], &refused[2]["last"]),
        (&json!("out_of_order"), &json!(1))
    );
}

#[tokio::test]
async fn a_refused_mutation_uses_up_its_number() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.send(
        json!(["M", [[1, "create", "tasks", "a", {"n": "x"}], [2, "create", "tasks", "b", {}]]]),
    )
    .await;
    let refused = peer.until("R").await;
    assert_eq!(refused[2]["fields"]["n"], "must be an integer");
    assert_eq!(peer.until("R").await[2], Value::Null);
    peer.send(json!(["M", [[1, "create", "tasks", "a", {"n": "x"}]]]))
        .await;
    assert_eq!(
        peer.until("R").await,
        refused,
        "a retry is refused in the same words"
    );
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.until("C").await;
    let transaction = |second: &str| json!(["M", [[1, "create", "tasks", "a", {}], [2, "patch", "tasks", second, {"n": 1}]], {"tx": true}]);
    peer.send(transaction("nobody")).await;
    assert_eq!(peer.until("R").await[2]["code"], "not_found");
    assert_eq!(peer.until("R").await[2]["code"], "not_found");
    assert!(setup.rows().await.is_empty());
    let mut both = transaction("a");
    (both[1][0][0], both[1][1][0]) = (json!(3), json!(4));
    peer.send(both).await;
    assert_eq!(peer.until("R").await[2], Value::Null);
    let transition = peer.until("T").await;
    assert_eq!(
        transition[4],
        json!([[1, [["+", "a", 1, ["a", 1, true]]]]]),
        "one change set, one position"
    );
}

#[tokio::test]
async fn one_failing_subscription_leaves_the_others() {
    let setup = setup(Limits {
        subscriptions: 2,
        ..Limits::default()
    })
    .await;
    let mut peer = setup.connect();
    peer.hello_with(
        json!([[1, {"collection": "tasks"}, null], [2, {"collection": "nothing"}, null]]),
    )
    .await;
    let failure = peer.until("X").await;
    assert_eq!(
        (&failure[1]["sid"], &failure[2]["code"]),
        (&json!(2), &json!("not_found"))
    );
    for (sid, query, code) in [
        (1, json!({"collection": "tasks"}), "validation"),
        (3, json!({"collection": "tasks", "limit": 5}), "validation"),
        (
            3,
            json!({"collection": "tasks", "where": {"word": "canary"}}),
            "validation",
        ),
    ] {
        peer.send(json!(["S", sid, query])).await;
        assert_eq!(peer.until("X").await[2]["code"], code, "{sid} {query}");
    }
    peer.send(json!(["S", 3, {"collection": "tasks", "where": {"n": 7}}]))
        .await;
    peer.until("C").await;
    peer.send(json!(["S", 4, {"collection": "tasks", "where": {"n": 8}}]))
        .await;
    assert_eq!(peer.until("X").await[2]["code"], "too_large");
    let seq = setup.write(Operation::Create, "a", json!({"n": 7})).await;
    let transition = peer.until("T").await;
    assert_eq!(
        transition[4].as_array().unwrap().len(),
        2,
        "one transition for all subscriptions"
    );
    peer.reach(seq).await;
    assert_eq!(peer.rows, setup.rows().await);
}

/// Subscribes again and again while others write: no snapshot may miss a change or see one twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribing_while_others_write_misses_nothing() {
    let setup = Arc::new(
        setup(Limits {
            chunk_bytes: 200,
            ..Limits::default()
        })
        .await,
    );
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let setup = setup.clone();
            tokio::spawn(async move {
                let mut last = 0;
                for n in 0..100 {
                    let id = format!("{writer}-{}", n % 7);
                    let known = setup.rows().await.contains_key(&id);
                    last = match (known, n % 5) {
                        (false, _) => setup.write(Operation::Create, &id, json!({"n": n})).await,
                        (true, 0) => setup.write(Operation::Delete, &id, Value::Null).await,
                        (true, _) => setup.write(Operation::Patch, &id, json!({"n": n})).await,
                    };
                }
                last
            })
        })
        .collect();
    let mut peers = Vec::new();
    let mut old = setup.connect();
    old.hello(None).await;
    while !writers.iter().all(|writer| writer.is_finished()) {
        let mut peer = setup.connect();
        peer.hello_with(json!([])).await;
        peer.send(json!(["S", 1, {"collection": "tasks"}])).await;
        while peer.until("C").await[4] != true {}
        peers.push(peer);
        peers.truncate(20);
    }
    let mut last = 0;
    for writer in writers {
        last = last.max(writer.await.unwrap());
    }
    let rows = setup.rows().await;
    peers.push(old);
    for mut peer in peers {
        // A quiet client learns its position by a heartbeat at the latest; a signal makes it take a turn now.
        setup
            .write(Operation::Patch, rows.keys().next().unwrap(), json!({}))
            .await;
        peer.reach(last).await;
        assert_eq!(peer.rows, rows);
    }
}

/// A client that does not read holds a cursor, not a queue; when it reads again it gets one net transition.
#[tokio::test]
async fn a_client_that_stalled_converges() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    let text = "x".repeat(200_000);
    let mut last = 0;
    // More than a channel keeps.
    for n in 0..12 {
        last = setup
            .write(Operation::Create, &format!("{n}{text}"), json!({}))
            .await;
        setup
            .write(Operation::Delete, &format!("{n}{text}"), Value::Null)
            .await;
        last = last.max(setup.write(Operation::Patch, "a", json!({"n": n})).await);
    }
    peer.reach(last).await;
    assert_eq!(peer.rows, setup.rows().await);
}

#[tokio::test]
async fn signals_reach_everybody_else() {
    let setup = setup(Limits::default()).await;
    let (mut one, mut other) = (setup.connect(), setup.connect());
    one.hello_with(json!([])).await;
    other.hello_with(json!([])).await;
    one.send(json!(["E", "typing", {"room": 1}])).await;
    let signal = other.until("E").await;
    assert_eq!(
        (&signal[1], &signal[2]),
        (&json!("typing"), &json!({"room": 1}))
    );
    assert_ne!(
        signal[3],
        json!(one.cid),
        "nobody learns another client's id"
    );
    setup.engine.signal("news", json!(1)).unwrap();
    assert_eq!(
        one.until("E").await[1],
        "news",
        "one's own signal does not come back"
    );
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_answers_what_it_was_given() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.send(json!(["M", [[1, "create", "tasks", "a", {}]]]))
        .await;
    peer.until("R").await;
    let closing = tokio::spawn({
        let engine = setup.engine.clone();
        async move { engine.close().await }
    });
    let bye = peer.until("B").await;
    assert_eq!(bye[1], 4001);
    closing.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_begin_with_a_hello_is_sent_away() {
    let setup = setup(Limits::default()).await;
    for first in [
        json!(["U", 1]),
        json!({}),
        json!(["H", {"v": 99, "cid": Uuid::nil()}]),
    ] {
        let mut peer = setup.connect();
        peer.send(first).await;
        assert_eq!(peer.until("B").await[1], 4500);
    }
}

//! How sessions end: replaced by a newer one, or when the server stops.

use crate::peer::setup;
use serde_json::{Value, json};
use std::collections::HashSet;
use vertebra::sync::Limits;

#[tokio::test]
async fn a_newer_connection_of_a_client_replaces_the_older() {
    let setup = setup(Limits::default()).await;
    let (mut zombie, mut other) = (setup.connect(), setup.connect());
    zombie.hello(None).await;
    other.hello(None).await;
    zombie
        .send(json!(["M", [[1, "create", "tasks", "a", {}]]]))
        .await;
    let mut back = setup.connect();
    back.cid = zombie.cid;
    back.hello(None).await;
    // What it had sent is done, and has its result: here or there.
    let bye = zombie.until("B").await;
    assert_eq!(bye[1], 4002, "{bye}");
    back.send(json!([
        "M",
        [
            [1, "create", "tasks", "a", {}],
            [2, "create", "tasks", "b", {}]
        ]
    ]))
    .await;
    assert_eq!(back.until("R").await[2], Value::Null);
    assert_eq!(back.until("R").await[2], Value::Null);
    assert_eq!(setup.rows().await.len(), 2);
    // Another client is not concerned.
    other
        .send(json!(["M", [[1, "create", "tasks", "c", {}]]]))
        .await;
    assert_eq!(other.until("R").await[2], Value::Null);
}

#[tokio::test]
async fn a_zombie_that_takes_nothing_is_let_go() {
    let setup = setup(Limits::default()).await;
    let mut zombie = setup.connect();
    zombie.hello(None).await;
    let text = "x".repeat(1000);
    for n in 0..100 {
        let id = format!("{n}{text}");
        setup
            .write(vertebra::protocol::Operation::Create, &id, json!({}))
            .await;
    }
    let mut back = setup.connect();
    back.cid = zombie.cid;
    back.hello(None).await;
    zombie.ended().await;
    back.send(json!(["M", [[1, "create", "tasks", "b", {}]]]))
        .await;
    assert_eq!(back.until("R").await[2], Value::Null);
}

#[tokio::test]
async fn clients_are_sent_away_one_after_the_other() {
    const CLIENTS: usize = 100;
    let setup = setup(Limits::default()).await;
    let mut peers = Vec::new();
    for _ in 0..CLIENTS {
        let mut peer = setup.connect();
        peer.hello_with(json!([])).await;
        peers.push(peer);
    }
    setup.engine.stop();
    let mut retries = HashSet::new();
    for mut peer in peers {
        let bye = peer.until("B").await;
        assert_eq!(bye[1], 4001);
        let retry = bye[3].as_u64().unwrap();
        assert!((250..1000).contains(&retry), "{retry}");
        retries.insert(retry);
    }
    assert!(retries.len() > CLIENTS / 3, "{retries:?}");
    setup.engine.close().await.unwrap();
}

//! What is put together for one client is bounded, whatever it asks for and however slowly it takes it.

use crate::peer::setup;
use serde_json::{Value, json};
use vertebra::protocol::Operation;
use vertebra::sync::Limits;

/// A message may be as long as the buffer and the largest commit here.
const LONGEST: usize = (32 << 10) + (4 << 10);

#[tokio::test]
async fn messages_are_short_whatever_is_due() {
    let setup = setup(Limits::default()).await;
    let mut peer = setup.connect();
    // The same rows in many subscriptions.
    let subs: Vec<Value> = (1..=8)
        .map(|sid| json!([sid, {"collection": "tasks"}, null]))
        .collect();
    peer.hello_with(subs.into()).await;
    let text = "x".repeat(100);
    let mut last = 0;
    for n in 0..800 {
        let id = format!("{n}{text}");
        last = setup.write(Operation::Create, &id, json!({})).await;
    }
    peer.reach(last).await;
    assert_eq!(peer.rows, setup.rows().await);
    // The same as snapshots.
    let mut new = setup.connect();
    new.hello_with(json!([])).await;
    let frames: Vec<Value> = (1..=8)
        .map(|sid| json!(["S", sid, {"collection": "tasks"}]))
        .collect();
    new.send(frames.into()).await;
    for _ in 1..=8 {
        while new.until("C").await[4] != true {}
    }
    assert_eq!(new.rows, peer.rows);
    for longest in [peer.longest, new.longest] {
        assert!(longest <= LONGEST, "{longest}");
    }
}

#[tokio::test]
async fn results_come_before_their_changes_however_many_there_are() {
    let setup = setup(Limits {
        outstanding: 16,
        ..Limits::default()
    })
    .await;
    let mut peer = setup.connect();
    peer.hello(None).await;
    peer.until("C").await;
    let create = |mid: u64| {
        json!([
            mid,
            "create",
            "tasks",
            format!("{mid}{}", "y".repeat(500)),
            {}
        ])
    };
    let all: Vec<Value> = (1..=1000).map(create).collect();
    peer.send(json!(["M", all])).await;
    let (mut answered, mut last) = (0, 0);
    while answered < 1000 {
        let frame = peer.next().await;
        match frame[0].as_str().unwrap() {
            "R" => {
                assert_eq!(frame[2], Value::Null, "{frame}");
                answered += 1;
                assert_eq!(frame[1], answered);
                last = frame[4].as_u64().unwrap();
                assert!(last > peer.position, "its change was sent before it");
            }
            "T" => assert!(frame[3].as_u64().unwrap() <= answered),
            _ => {}
        }
    }
    peer.reach(last).await;
    assert_eq!(peer.rows, setup.rows().await);
    assert!(peer.longest <= LONGEST, "{}", peer.longest);
}

#[tokio::test]
async fn reads_are_answered_however_many_are_asked() {
    let setup = setup(Limits::default()).await;
    setup.write(Operation::Create, "a", json!({})).await;
    let mut peer = setup.connect();
    peer.hello_with(json!([])).await;
    let reads: Vec<Value> = (0..100)
        .map(|rid| json!(["Q", rid, {"collection": "tasks"}]))
        .collect();
    peer.send(reads.into()).await;
    let mut answered = std::collections::HashSet::new();
    while answered.len() < 100 {
        let answer = peer.until("Q").await;
        assert_eq!(answer[3]["rows"].as_array().unwrap().len(), 1);
        assert!(answered.insert(answer[1].as_u64()));
    }
}

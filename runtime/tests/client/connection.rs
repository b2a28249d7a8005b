//! How connections begin, break, and come back.

use crate::peer::{NEVER, Note, Server, page, welcome};
use futures_util::StreamExt;
use serde_json::json;
use std::time::Duration;
use vertebra::client::{Client, State};
use vertebra::protocol::{ClientFrame, Code, Cursor};

#[tokio::test]
async fn connect_fails_at_once_where_nobody_listens() {
    let server = Server::new().await;
    let client = server.client();
    drop(server);
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert!(
        error.message.contains("cannot connect to ws://127.0.0.1"),
        "{error}"
    );
    let error = Client::connect("https://127.0.0.1").await.unwrap_err();
    assert!(error.message.contains("TLS"), "{error}");
}

#[tokio::test]
async fn a_started_client_waits_for_its_server() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let mut state = client.state();
    assert_eq!(*state.borrow(), State::Connecting);
    // The first connection ends before it has begun.
    drop(server.accept().await);
    let (_peer, _) = server.welcome(0, "reset").await;
    state.wait_for(|state| *state == State::Live).await.unwrap();
}

#[tokio::test]
async fn after_a_break_the_client_says_where_it_was() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let (mut peer, first) = server.welcome(5, "reset").await;
    let notes = client.collection::<Note>();
    let (changes, ()) = tokio::join!(notes.subscribe().into_future(), async {
        let sid = peer.subscribed().await;
        peer.send(page(sid, &[(3, "a", "A")])).await;
    });
    let mut changes = changes.unwrap();
    changes.next().await.unwrap().unwrap();
    peer.send(json!(["T", 5, 7, 0, [[1, [["~", "a", 7, {"text": "B"}]]]]]))
        .await;
    changes.next().await.unwrap().unwrap();
    let mut state = client.state();
    drop(peer);
    state
        .wait_for(|state| *state == State::Stale)
        .await
        .unwrap();

    let (_peer, second) = server.welcome(7, "replay").await;
    assert_eq!(second.cid, first.cid);
    assert_eq!(second.subs.len(), 1);
    assert_eq!(second.subs[0].1, json!({"collection": "notes"}));
    assert_eq!(second.subs[0].2, Some(Cursor("e".into(), 7)));
    state.wait_for(|state| *state == State::Live).await.unwrap();
}

#[tokio::test]
async fn a_gap_makes_the_client_resume_where_it_is() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let live = client.collection::<Note>().live().start().unwrap();
    let (mut peer, _) = server.welcome(5, "reset").await;
    peer.send(page(1, &[])).await;
    live.ready().await.unwrap();
    peer.send(json!([
        "T",
        6,
        7,
        0,
        [[1, [["+", "a", 7, ["a", "A", "0"]]]]]
    ]))
    .await;
    let (mut peer, hello) = server.welcome(7, "replay").await;
    assert_eq!(hello.subs[0].2, Some(Cursor("e".into(), 5)));
    assert!(live.is_empty());
    peer.send(json!([
        "T",
        5,
        7,
        0,
        [[1, [["+", "a", 7, ["a", "A", "0"]]]]]
    ]))
    .await;
    live.wait_until(|rows| rows.len() == 1).await.unwrap();
}

#[tokio::test]
async fn a_silent_server_counts_as_dead() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let mut silent = server.accept().await;
    let hello = silent.hello().await;
    let mut frame = welcome(0, 0, "reset", &hello);
    frame[1]["limits"]["heartbeat_ms"] = json!(20);
    silent.send(frame).await;
    // Nothing more is said; the connection stays open.
    let (_peer, again) = server.welcome(0, "reset").await;
    assert_eq!(again.cid, hello.cid);
    let mut state = client.state();
    state.wait_for(|state| *state == State::Live).await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_welcomes_is_given_up() {
    let server = Server::new().await;
    let client = server
        .client()
        .handshake(Duration::from_millis(20))
        .start()
        .unwrap();
    let mut mute = server.accept().await;
    mute.hello().await;
    let (_peer, _) = server.welcome(0, "reset").await;
    drop(client);
}

#[tokio::test]
async fn a_goodbye_asks_to_come_back() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let (mut peer, _) = server.welcome(0, "reset").await;
    peer.send(json!(["B", 4001, "restarting", 1])).await;
    let (_peer, _) = server.welcome(0, "reset").await;
    drop(client);
}

#[tokio::test]
async fn a_final_goodbye_ends_everything_with_its_reason() {
    let server = Server::new().await;
    let client = server.client().connect();
    let (client, (mut peer, _)) = tokio::join!(client, server.welcome(0, "reset"));
    let client = client.unwrap();
    let notes = client.collection::<Note>();
    let write = tokio::spawn(notes.create(Note::draft("a", "x")).into_future());
    let read = tokio::spawn(notes.list().into_future());
    let subscription = tokio::spawn(notes.subscribe().into_future());
    let live = notes.live().start().unwrap();
    let mut signals = client.signals();
    for _ in 0..4 {
        peer.next().await.unwrap();
    }
    peer.send(json!(["B", 4501, "unknown token", null])).await;

    let mut state = client.state();
    state
        .wait_for(|state| *state == State::Offline)
        .await
        .unwrap();
    let reason = |error: vertebra::protocol::Error| {
        assert!(error.message.contains("unknown token"), "{error}")
    };
    reason(write.await.unwrap().unwrap_err());
    reason(read.await.unwrap().unwrap_err());
    reason(subscription.await.unwrap().unwrap_err());
    reason(live.ready().await.unwrap_err());
    reason(notes.list().await.unwrap_err());
    reason(notes.live().start().unwrap_err());
    reason(client.signal("t", 1).unwrap_err());
    assert_eq!(signals.next().await, None);
    assert!(server.is_left_alone().await);
}

#[tokio::test]
async fn the_error_before_a_final_goodbye_is_the_reason() {
    let server = Server::new().await;
    let client = server.client().connect();
    let (client, ()) = tokio::join!(client, async {
        let mut peer = server.accept().await;
        peer.hello().await;
        let error = json!({"code": "unauthenticated", "message": "the token has expired"});
        peer.send(json!([["X", {}, error], ["B", 4501, "unauthenticated"]]))
            .await;
    });
    assert_eq!(client.unwrap_err().code, Code::Unauthenticated);
}

#[tokio::test]
async fn closing_answers_whoever_waits_and_ends_the_connection() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let read = tokio::spawn(client.collection::<Note>().list().into_future());
    assert!(matches!(peer.next().await, Some(ClientFrame::Query { .. })));
    client.close();
    assert_eq!(read.await.unwrap().unwrap_err().code, Code::Unavailable);
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn the_last_handle_ends_the_connection() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let (mut peer, _) = server.welcome(0, "reset").await;
    let live = client.collection::<Note>().live().start().unwrap();
    drop(client);
    let sid = peer.subscribed().await;
    drop(live);
    // The collection's task says so when it ends, if there is still time.
    match peer.next().await {
        Some(ClientFrame::Unsubscribe(ended)) => {
            assert_eq!(ended, sid);
            assert_eq!(peer.next().await, None);
        }
        other => assert_eq!(other, None),
    }
}

#[tokio::test]
async fn signals_go_both_ways_and_do_not_wait() {
    let server = Server::new().await;
    let client = server.client().backoff(NEVER, NEVER).start().unwrap();
    assert_eq!(
        client.signal("typing", 1).unwrap_err().code,
        Code::Unavailable
    );
    let mut signals = client.signals();
    let (mut peer, _) = server.welcome(0, "reset").await;
    peer.send(json!(["E", "typing", {"who": "me"}, "someone"]))
        .await;
    let signal = signals.next().await.unwrap();
    assert_eq!(
        (signal.topic.as_str(), signal.from),
        ("typing", json!("someone"))
    );
    client.signal("typing", json!({"who": "you"})).unwrap();
    let ClientFrame::Signal { topic, payload } = peer.next().await.unwrap() else {
        panic!("no signal");
    };
    assert_eq!((topic.as_str(), payload), ("typing", json!({"who": "you"})));
}

//! Subscriptions as streams: whole, once, and in order, whatever the connection does.

use crate::peer::{Note, Peer, Server, note, page};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use vertebra::client::{Change, Changes, Client, ClientBuilder, Why};
use vertebra::protocol::{ClientFrame, Code};

/// A client with one subscription whose snapshot was sent, at position 5.
async fn subscribed(
    builder: ClientBuilder,
    server: &Server,
    rows: &[(u64, &str, &str)],
) -> (Client, Changes<Note>, Peer) {
    let client = builder.start().unwrap();
    let (mut peer, _) = server.welcome(5, "reset").await;
    let subscribe = client.collection::<Note>().subscribe();
    let (changes, ()) = tokio::join!(subscribe.into_future(), async {
        let sid = peer.subscribed().await;
        peer.send(page(sid, rows)).await;
    });
    (client, changes.unwrap(), peer)
}

fn transition(from: u64, to: u64, ops: Value) -> Value {
    json!(["T", from, to, 0, [[1, ops]]])
}

async fn next(changes: &mut Changes<Note>) -> Change<Note> {
    changes.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_snapshot_then_every_change() {
    let server = Server::new().await;
    let (_client, mut changes, mut peer) =
        subscribed(server.client(), &server, &[(1, "a", "A"), (2, "b", "B")]).await;
    let (a, b) = (note("a", "A", 0), note("b", "B", 0));
    assert_eq!(
        next(&mut changes).await,
        Change::Snapshot(vec![a.clone(), b.clone()])
    );
    let ops = json!([
        ["+", "c", 6, ["c", "C", "18446744073709551615", "?"]],
        ["~", "a", 6, {"text": "A2"}],
        ["-", "b", "d"],
        ["+", "a", 6, ["a", "seen before", "0", "?"]],
    ]);
    peer.send(transition(5, 6, ops)).await;
    assert_eq!(
        next(&mut changes).await,
        Change::New(note("c", "C", u64::MAX))
    );
    let row = note("a", "A2", 0);
    assert_eq!(next(&mut changes).await, Change::Changed { row, before: a });
    let why = Why::Deleted;
    assert_eq!(next(&mut changes).await, Change::Removed { row: b, why });
    assert!(changes.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_replay_goes_on_where_the_stream_was_and_a_reset_tells_the_difference() {
    let server = Server::new().await;
    let (_client, mut changes, peer) =
        subscribed(server.client(), &server, &[(1, "a", "A"), (2, "b", "B")]).await;
    next(&mut changes).await;
    drop(peer);

    let (mut peer, _) = server.welcome(8, "replay").await;
    let ops = json!([
        ["+", "a", 1, ["a", "A", "0"]],
        ["+", "c", 8, ["c", "C", "0"]]
    ]);
    peer.send(transition(5, 8, ops)).await;
    assert_eq!(next(&mut changes).await, Change::New(note("c", "C", 0)));
    drop(peer);

    let (mut peer, _) = server.welcome(20, "reset").await;
    peer.send(page(1, &[(1, "a", "A"), (19, "b", "B2"), (20, "d", "D")]))
        .await;
    let (row, why) = (note("c", "C", 0), Why::Missing);
    assert_eq!(next(&mut changes).await, Change::Removed { row, why });
    let (row, before) = (note("b", "B2", 0), note("b", "B", 0));
    assert_eq!(next(&mut changes).await, Change::Changed { row, before });
    assert_eq!(next(&mut changes).await, Change::New(note("d", "D", 0)));
    assert!(changes.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_reader_that_falls_behind_gets_net_changes() {
    let server = Server::new().await;
    let client = server.client().buffer(3);
    let (client, mut changes, mut peer) = subscribed(client, &server, &[(1, "a", "0")]).await;
    for at in 6..=50u64 {
        let ops = json!([
            ["~", "a", at, {"text": at.to_string()}],
            ["+", "passing", at, ["passing", "", "0"]],
            ["-", "passing", "d"],
        ]);
        peer.send(transition(at - 1, at, ops)).await;
    }
    // An answer after them: now they are all there.
    let read = tokio::spawn(client.collection::<Note>().list().into_future());
    let rid = loop {
        match peer.next().await {
            Some(ClientFrame::Query { rid, .. }) => break rid,
            other => assert!(matches!(other, Some(ClientFrame::Ack(_))), "{other:?}"),
        }
    };
    peer.send(json!(["Q", rid, null, {"rows": [], "seq": 50}]))
        .await;
    read.await.unwrap().unwrap();

    let mut known = Value::Null;
    let mut items = 0;
    while let Some(Some(item)) = changes.next().now_or_never() {
        items += 1;
        match item.unwrap() {
            Change::Snapshot(rows) => known = json!(rows[0].text),
            Change::Changed { row, before } => {
                assert_eq!(json!(before.text), known);
                known = json!(row.text);
            }
            Change::New(row) | Change::Removed { row, .. } => assert_eq!(row.id, "passing"),
        }
    }
    assert_eq!(known, json!("50"));
    assert!(items < 12, "{items} items");
}

#[tokio::test]
async fn a_refused_subscription_is_an_error_at_once_and_one_that_ends_is_one_at_the_end() {
    let server = Server::new().await;
    let (client, mut changes, mut peer) = subscribed(server.client(), &server, &[]).await;
    next(&mut changes).await;
    let refused = tokio::spawn(client.collection::<Note>().subscribe().into_future());
    let sid = peer.subscribed().await;
    let error = json!({"code": "forbidden", "message": "not for you"});
    peer.send(json!(["X", {"sid": sid}, error])).await;
    assert_eq!(refused.await.unwrap().unwrap_err().code, Code::Forbidden);
    // Dropped, so the server is told; it may know already.
    assert_eq!(peer.next().await, Some(ClientFrame::Unsubscribe(sid)));

    peer.send(transition(5, 6, json!([["+", "a", 6, ["a", "A", "0"]]])))
        .await;
    peer.send(json!(["X", {"sid": 1}, error])).await;
    assert_eq!(next(&mut changes).await, Change::New(note("a", "A", 0)));
    assert_eq!(
        changes.next().await.unwrap().unwrap_err().code,
        Code::Forbidden
    );
    assert!(changes.next().await.is_none());
}

#[tokio::test]
async fn dropping_the_stream_ends_the_subscription() {
    let server = Server::new().await;
    let (_client, changes, mut peer) = subscribed(server.client(), &server, &[]).await;
    drop(changes);
    assert_eq!(peer.next().await, Some(ClientFrame::Unsubscribe(1)));
    drop(peer);
    let (_peer, hello) = server.welcome(6, "reset").await;
    assert_eq!(hello.subs, []);
}

#[tokio::test]
async fn a_row_that_is_none_of_this_program_is_an_error_and_not_the_end() {
    let server = Server::new().await;
    let (_client, mut changes, mut peer) = subscribed(server.client(), &server, &[]).await;
    next(&mut changes).await;
    let ops = json!([
        // `stars` has a default, `text` has none; and a tuple may be shorter than the columns.
        ["+", "a", 6, ["a", "A"]],
        ["+", "b", 6, ["b"]],
        ["~", "b", 7, {"text": "B"}],
        ["~", "a", 7, {"text": 5}],
        ["-", "a", "l"],
    ]);
    peer.send(transition(5, 7, ops)).await;
    let a = note("a", "A", 0);
    assert_eq!(next(&mut changes).await, Change::New(a.clone()));
    assert_eq!(
        changes.next().await.unwrap().unwrap_err().code,
        Code::Schema
    );
    assert_eq!(next(&mut changes).await, Change::New(note("b", "B", 0)));
    let why = Why::Unreadable;
    assert_eq!(next(&mut changes).await, Change::Removed { row: a, why });
    assert_eq!(
        changes.next().await.unwrap().unwrap_err().code,
        Code::Schema
    );
    // That it left is nothing to a reader for whom it was gone.
    assert!(changes.next().now_or_never().is_none());
}

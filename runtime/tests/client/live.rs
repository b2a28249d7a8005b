//! Live collections.

use crate::peer::{Note, Server, page};
use serde_json::json;
use std::sync::Arc;
use vertebra::client::Rows;
use vertebra::protocol::Code;

fn texts(rows: &Rows<Note>) -> Vec<&str> {
    rows.iter().map(|row| row.text.as_str()).collect()
}

#[tokio::test]
async fn rows_keep_themselves_current_and_in_order() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let notes = client.collection::<Note>();
    let mut live = notes
        .live()
        .sort(Note::text().descending())
        .start()
        .unwrap();
    assert!(live.is_empty());
    let (mut peer, hello) = server.welcome(5, "reset").await;
    assert_eq!(hello.subs[0].1["sort"], json!(["-text"]));
    peer.send(page(
        1,
        &[(1, "a", "one"), (2, "b", "two"), (3, "c", "three")],
    ))
    .await;
    live.ready().await.unwrap();
    live.changed().await.unwrap();
    let before = live.rows();
    assert_eq!(texts(&before), ["two", "three", "one"]);
    assert!(Arc::ptr_eq(&before, &live.rows()), "put in order once");

    let ops = json!([["~", "a", 6, {"text": "zero"}], ["-", "b", "d"]]);
    peer.send(json!(["T", 5, 6, 0, [[1, ops]]])).await;
    live.changed().await.unwrap();
    assert_eq!(texts(&live.rows()), ["zero", "three"]);
    assert_eq!(
        texts(&before),
        ["two", "three", "one"],
        "an older state stays as it was"
    );
    assert_eq!(live.get(&"a".to_string()).unwrap().text, "zero");
    assert_eq!(live.version(&"a".to_string()), Some(6));
    assert_eq!(live.get(&"b".to_string()), None);
    assert_eq!(live.len(), 2);
}

#[tokio::test]
async fn a_clone_waits_for_itself_and_the_rows_stay_while_there_is_no_connection() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let live = client.collection::<Note>().live().start().unwrap();
    let (mut peer, _) = server.welcome(5, "reset").await;
    let other = live.clone();
    let waiting = tokio::spawn(async move {
        other
            .wait_until(|rows| rows.iter().any(|row| row.text == "B"))
            .await
    });
    peer.send(page(1, &[(1, "a", "A")])).await;
    live.ready().await.unwrap();
    drop(peer);
    let mut peer = server.accept().await;
    let hello = peer.hello().await;
    assert_eq!(texts(&live.rows()), ["A"]);
    peer.send(crate::peer::welcome(9, 0, "reset", &hello)).await;
    peer.send(page(1, &[(9, "a", "B")])).await;
    assert_eq!(texts(&waiting.await.unwrap().unwrap()), ["B"]);
}

#[tokio::test]
async fn a_refusal_is_what_everybody_gets() {
    let server = Server::new().await;
    let client = server.client().start().unwrap();
    let mut live = client.collection::<Note>().live().start().unwrap();
    let (mut peer, _) = server.welcome(5, "reset").await;
    let error = json!({"code": "forbidden", "message": "not for you"});
    peer.send(json!(["X", {"sid": 1}, error])).await;
    assert_eq!(live.ready().await.unwrap_err().code, Code::Forbidden);
    assert_eq!(live.changed().await.unwrap_err().code, Code::Forbidden);
    assert_eq!(
        live.wait_until(|_| true).await.unwrap_err().code,
        Code::Forbidden
    );
}

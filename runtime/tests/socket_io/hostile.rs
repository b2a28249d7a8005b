//! Clients that break the rules, take nothing, or go away half-way; and the end of the server.

use super::client::{Client, Polling, http};
use super::{serve, serve_with};
use serde_json::{Value, json};
use std::time::Duration;
use vertebra::protocol::{Code, Error, Operation, Request};
use vertebra::server::socket_io::Config;
use vertebra::sync::{Caller, Limits};

#[tokio::test]
async fn what_breaks_socket_ios_rules_ends_the_connection() {
    let server = serve().await;
    for packet in [
        "",
        "9",
        "2/todos,{}",
        "2/todos,[",
        "2/todos,abc[\"read\"]",
        "2/todos,99999999999999999999[\"read\"]",
        "2/todos,[\"disconnect\"]",
        "2[\"read\"]",
        "2/nothing,[\"read\"]",
        "0/todos,",
        "0/other,[]",
        "1/other,",
        "3/other,1[]",
        "4/todos,{}",
    ] {
        let mut client = Client::join(server.address, "/todos").await;
        client.say(packet).await;
        assert_eq!(client.hear().await, None, "{packet:?}");
    }
    let mut client = Client::join(server.address, "/todos").await;
    let large = format!("2/todos,1[\"create\",\"{}\"]", "x".repeat(2 << 20));
    client.say(&large).await;
    assert_eq!(client.hear().await, None);
    server.socket_io.idle().await;
    let mut client = Client::join(server.address, "/todos").await;
    let answer = client.ask(1, json!(["read"])).await;
    assert_eq!(answer, json!([null, [], {"seq": 0}]));
}

#[tokio::test]
async fn who_joins_no_namespace_is_not_kept() {
    let config = Config {
        join_timeout: Duration::from_millis(10),
        ..Config::default()
    };
    let server = serve_with(Limits::default(), config).await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.hear().await, None);
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_holds_up_nobody() {
    let limits = Limits {
        stalled: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = serve_with(limits, Config::default()).await;
    let mut stalled = Vec::new();
    for _ in 0..5 {
        stalled.push(Client::join(server.address, "/todos").await);
    }
    let mut client = Client::join(server.address, "/todos").await;
    // More than the kernel keeps for the five.
    let title = "x".repeat(500_000);
    for n in 0..40 {
        let answer = client
            .ask(n, json!(["create", {"key": n.to_string(), "title": title}]))
            .await;
        assert_eq!(answer[0], Value::Null);
    }
    drop(client);
    server.socket_io.idle().await;
}

#[tokio::test]
async fn a_slow_client_misses_nothing() {
    let server = serve().await;
    let mut slow = Client::join(server.address, "/todos").await;
    let mut client = Client::join(server.address, "/todos").await;
    let title = "x".repeat(40_000);
    for n in 0..500 {
        client
            .ask(n, json!(["create", {"key": n.to_string(), "title": title}]))
            .await;
    }
    for n in 1..=500 {
        assert_eq!(slow.event().await[2]["seq"], n);
    }
}

#[tokio::test]
async fn an_upgrade_that_fails_ends_its_session() {
    let server = serve().await;
    let polling = Polling::connect(server.address).await;
    assert_eq!(server.socket_io.connections(), 1);
    let mut upgrade = Client::upgrade(server.address, &polling.sid).await;
    upgrade.say_raw("4this is no probe").await;
    server.socket_io.idle().await;
    // And one that goes away in the middle.
    let polling = Polling::connect(server.address).await;
    let mut upgrade = Client::upgrade(server.address, &polling.sid).await;
    upgrade.say_raw("2probe").await;
    drop(upgrade);
    server.socket_io.idle().await;
}

#[tokio::test]
async fn an_upgrade_of_a_session_that_is_not_there_is_refused() {
    let server = serve().await;
    for query in [
        "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAHs",
        "EIO=4&transport=websocket&sid=x",
        "EIO=3&transport=websocket",
        "EIO=4&transport=websocket",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4",
    ] {
        let answer = http(server.address, "GET", &format!("/socket.io/?{query}"), "").await;
        let error: Value = serde_json::from_str(&answer).unwrap();
        assert!(error["code"].is_string(), "{query}: {answer}");
    }
    assert_eq!(server.socket_io.connections(), 0);
}

#[tokio::test]
async fn who_is_not_admitted_gets_the_error() {
    let config = Config {
        admit: std::sync::Arc::new(|parts| match parts.headers.get("authorization") {
            Some(_) => Ok(Caller::default()),
            None => Err(Error::new(Code::Unauthenticated, "who are you?")),
        }),
        ..Config::default()
    };
    let server = serve_with(Limits::default(), config).await;
    let path = "/socket.io/?EIO=4&transport=polling";
    let answer: Value = serde_json::from_str(&http(server.address, "GET", path, "").await).unwrap();
    assert_eq!(answer["code"], "unauthenticated");
    let url = format!(
        "ws://{}/socket.io/?EIO=4&transport=websocket",
        server.address
    );
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
    assert_eq!(server.socket_io.connections(), 0);
}

#[tokio::test]
async fn closing_ends_every_connection_and_lets_none_in() {
    let server = serve().await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(Client::join(server.address, "/todos").await);
    }
    let polling = Polling::connect(server.address).await;
    polling.post(&["0/todos,".into()]).await;
    server.socket_io.close().await;
    for client in &mut clients {
        assert_eq!(client.hear().await, None);
    }
    let path = "/socket.io/?EIO=4&transport=polling";
    let answer: Value = serde_json::from_str(&http(server.address, "GET", path, "").await).unwrap();
    assert_eq!(answer["code"], "unavailable");
}

/// Writes of other faces are pushed here as well.
#[tokio::test]
async fn what_the_program_writes_itself_is_pushed() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    let write = Request::Write {
        operation: Operation::Create,
        collection: "todos".into(),
        id: Value::Null,
        data: json!({"key": "a", "title": "x"}),
        expected: None,
        key: None,
    };
    server
        .engine
        .handle(write, &Caller::default())
        .await
        .unwrap();
    assert_eq!(client.event().await[0], "new");
}

//! The sync face: frames in namespace `/`.

use super::client::Client;
use super::serve;
use serde_json::{Value, json};

fn frames(packet: &str) -> Vec<Value> {
    let event: Value = serde_json::from_str(packet.strip_prefix("2").unwrap()).unwrap();
    assert_eq!(event[0], "s");
    assert_eq!(event.as_array().unwrap().len(), 2);
    match &event[1][0] {
        Value::Array(_) => event[1].as_array().unwrap().clone(),
        _ => vec![event[1].clone()],
    }
}

fn hello() -> Value {
    let cid = uuid::Uuid::new_v4();
    json!(["s", ["H", {"v": 1, "cid": cid, "subs": [[1, {"collection": "todos"}]]}]])
}

#[tokio::test]
async fn frames_travel_as_one_argument_of_one_event() {
    let server = serve().await;
    let mut client = Client::connect(server.address).await;
    client.say("0").await;
    assert!(client.hear().await.unwrap().starts_with("0{\"sid\":"));
    client.say(&format!("2{}", hello())).await;
    assert_eq!(frames(&client.hear().await.unwrap())[0][0], "W");
    let create = json!([1, "create", "todos", "a", {"key": "a", "title": "x"}]);
    client
        .say(&format!("2{}", json!(["s", [["M", [create], {}]]])))
        .await;
    let mut seen = Vec::new();
    while !seen.contains(&json!("R")) || !seen.contains(&json!("T")) {
        let frames = frames(&client.hear().await.unwrap());
        seen.extend(frames.iter().map(|frame| frame[0].clone()));
    }
}

#[tokio::test]
async fn other_events_are_answered_and_namespaces_share_a_connection() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    client.say("0").await;
    assert!(client.hear().await.unwrap().starts_with("0{\"sid\":"));
    client.say(r#"20["create",{"title":"x"}]"#).await;
    assert_eq!(client.ack("", 0).await[0]["code"], "not_found");
    client.say(r#"21["s"]"#).await;
    assert_eq!(client.ack("", 1).await[0]["code"], "validation");
    client.say(&format!("2{}", hello())).await;
    assert_eq!(frames(&client.hear().await.unwrap())[0][0], "W");
    let answer = client
        .ask(2, json!(["create", {"key": "a", "title": "x"}]))
        .await;
    assert_eq!(answer[0], Value::Null);
}

#[tokio::test]
async fn a_session_that_ends_leaves_its_namespace_only() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    for _ in 0..2 {
        client.say("0").await;
        assert!(client.hear().await.unwrap().starts_with("0{\"sid\":"));
        client.say(r#"2["s",["U",1]]"#).await;
        let bye = frames(&client.hear().await.unwrap());
        assert_eq!((&bye[1][0], &bye[1][1]), (&json!("B"), &json!(4500)));
        // What was on its way is let go.
        client.say(r#"2["s",["U",1]]"#).await;
        assert_eq!(client.hear().await.unwrap(), "1");
    }
    let answer = client
        .ask(2, json!(["create", {"key": "a", "title": "x"}]))
        .await;
    assert_eq!(answer[0], Value::Null);
}

#[tokio::test]
async fn when_the_engine_stops_sessions_say_goodbye_and_all_connections_end() {
    let server = serve().await;
    let mut plain = Client::join(server.address, "/todos").await;
    let mut client = Client::connect(server.address).await;
    client.say("0").await;
    assert!(client.hear().await.unwrap().starts_with("0{\"sid\":"));
    client.say(&format!("2{}", hello())).await;
    assert_eq!(frames(&client.hear().await.unwrap())[0][0], "W");
    server.engine.stop();
    let mut said = Vec::new();
    while let Some(packet) = client.hear().await {
        said.push(packet);
    }
    assert!(
        said.iter().any(|packet| packet.contains("[\"B\",4001")),
        "{said:?}"
    );
    assert_eq!(plain.hear().await, None);
    server.socket_io.idle().await;
}

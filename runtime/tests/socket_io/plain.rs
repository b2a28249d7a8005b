//! The plain face: one namespace a collection.

use super::client::{Client, Polling, http};
use super::{serve, serve_with};
use serde_json::{Value, json};
use vertebra::server::socket_io::Config;
use vertebra::sync::Limits;

#[tokio::test]
async fn each_operation_is_answered_and_pushed_to_everybody_once() {
    let server = serve().await;
    let mut other = Client::join(server.address, "/todos").await;
    let mut client = Client::join(server.address, "/todos").await;
    let row = json!({"key": "a", "title": "x", "done": false});

    let created = client
        .ask(0, json!(["create", {"key": "a", "title": "x"}]))
        .await;
    assert_eq!(created, json!([null, row, {"seq": 1}]));
    let updated = json!({"key": "a", "title": "y", "done": true});
    let answer = client.ask(1, json!(["update", updated])).await;
    assert_eq!(answer, json!([null, updated, {"seq": 2}]));
    // A model whose id has another name is also asked for by `id`.
    let patched = json!({"key": "a", "title": "y", "done": false});
    let answer = client
        .ask(2, json!(["patch", {"id": "a", "done": false}, {"ifv": 2}]))
        .await;
    assert_eq!(answer, json!([null, patched, {"seq": 3}]));
    for one in [
        json!("a"),
        json!({"key": "a"}),
        json!({"id": "a", "title": "ignored"}),
    ] {
        let answer = client.ask(3, json!(["read", one])).await;
        assert_eq!(answer, json!([null, patched, {"seq": 3}]));
    }
    for all in [
        json!(["read"]),
        json!(["read", null]),
        json!(["read", {"where": {"title": "y"}, "limit": 1}]),
    ] {
        let answer = client.ask(4, all).await;
        assert_eq!(answer, json!([null, [patched], {"seq": 3}]));
    }
    let answer = client.ask(5, json!(["delete", "a"])).await;
    assert_eq!(answer, json!([null, {"key": "a"}, {"seq": 4}]));

    let expected = [
        json!(["new", row, {"seq": 1}]),
        json!(["change", updated, {"seq": 2}]),
        json!(["change", patched, {"seq": 3}]),
        json!(["remove", {"key": "a"}, {"seq": 4}]),
    ];
    for event in expected {
        assert_eq!(other.event().await, event);
    }
}

#[tokio::test]
async fn a_clients_own_changes_are_pushed_to_it_too() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    client
        .say(r#"2/todos,["create",{"key":"a","title":"no callback"}]"#)
        .await;
    assert_eq!(client.event().await[1]["title"], "no callback");
}

#[tokio::test]
async fn what_is_wrong_is_answered_and_harms_nothing() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    let mut id = 0;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (event, code, field) in [
        (json!(["destroy", {}]).to_string(), "not_found", None),
        (json!(["toString"]).to_string(), "not_found", None),
        (json!([7]).to_string(), "not_found", None),
        (json!(["create"]).to_string(), "validation", Some("data")),
        (
            json!(["create", [1]]).to_string(),
            "validation",
            Some("data"),
        ),
        (
            json!(["create", {"key": "a"}]).to_string(),
            "validation",
            Some("title"),
        ),
        (
            json!(["create", {"key": "a", "title": 1}]).to_string(),
            "validation",
            Some("title"),
        ),
        (
            json!(["create", {"key": "a", "title": "x", "__proto__": 1}]).to_string(),
            "validation",
            Some("__proto__"),
        ),
        (
            json!(["create", {}, 1]).to_string(),
            "validation",
            Some("opts"),
        ),
        (
            json!(["create", {}, {"ifv": -1}]).to_string(),
            "validation",
            Some("opts.ifv"),
        ),
        (
            json!(["create", {}, {"key": 7}]).to_string(),
            "validation",
            Some("opts.key"),
        ),
        (
            json!(["create", {}, {}, {}]).to_string(),
            "validation",
            None,
        ),
        (
            json!(["patch", {"title": "x"}]).to_string(),
            "validation",
            Some("key"),
        ),
        (
            json!(["patch", {"key": null}]).to_string(),
            "validation",
            Some("key"),
        ),
        (
            json!(["patch", {"key": "none", "title": "x"}]).to_string(),
            "not_found",
            None,
        ),
        (json!(["delete"]).to_string(), "validation", Some("key")),
        (
            json!(["delete", true]).to_string(),
            "validation",
            Some("key"),
        ),
        (json!(["delete", {}]).to_string(), "validation", Some("key")),
        (json!(["read", "none"]).to_string(), "not_found", None),
        (
            json!(["read", {"id": null}]).to_string(),
            "validation",
            Some("key"),
        ),
        (
            json!(["read", {"title": "x"}]).to_string(),
            "validation",
            Some("title"),
        ),
        (
            json!(["read", {"where": {"constructor": 1}}]).to_string(),
            "validation",
            Some("where.constructor"),
        ),
        (format!("[\"create\",{deep}]"), "validation", Some("data")),
        (
            r#"["create",{"key":"\ud800"}]"#.into(),
            "validation",
            Some("data"),
        ),
        (r#"["create",1e999]"#.into(), "validation", Some("data")),
    ] {
        id += 1;
        client.say(&format!("2/todos,{id}{event}")).await;
        let answer = client.ack("/todos,", id).await;
        let shown: String = event.chars().take(60).collect();
        assert_eq!(answer.as_array().unwrap().len(), 2, "{shown}: {answer}");
        assert_eq!(answer[0]["code"], code, "{shown}: {answer}");
        assert_eq!(answer[1], Value::Null);
        if let Some(field) = field {
            assert!(answer[0]["fields"][field].is_string(), "{shown}: {answer}");
        }
        client.say(&format!("2/todos,{event}")).await;
    }
    client
        .say(r#"51-/todos,99["create",{"_placeholder":true,"num":0}]"#)
        .await;
    let answer = client.ack("/todos,", 99).await;
    assert_eq!(answer[0]["code"], "validation");
    let answer = client
        .ask(100, json!(["create", {"key": "a", "title": "x"}]))
        .await;
    assert_eq!(answer[0], Value::Null, "{answer}");
    assert_eq!(answer[2]["seq"], 1, "nothing was written before");
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_with_the_error() {
    let server = serve().await;
    let mut client = Client::connect(server.address).await;
    for namespace in [
        "/nothing",
        "/Todos",
        "/todos/",
        "//todos",
        "/todos?x=1",
        "/__proto__",
    ] {
        client.say(&format!("0{namespace},")).await;
        let answer = client.hear().await.unwrap();
        let head = format!("4{namespace},");
        let error: Value = serde_json::from_str(answer.strip_prefix(&head).unwrap()).unwrap();
        assert_eq!(error["data"]["code"], "not_found");
        assert_eq!(error["message"], error["data"]["message"]);
    }
    client.say("0/todos,").await;
    assert!(client.hear().await.unwrap().starts_with("0/todos,{"));
}

#[tokio::test]
async fn answers_keep_the_order_of_requests_and_reads_see_the_writes_before_them() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    client
        .ask(0, json!(["create", {"key": "a", "title": "0"}]))
        .await;
    server.store.hold(true);
    for n in 1..=200 {
        let event = match n % 4 {
            0 => json!(["read", "a"]),
            _ => json!(["patch", {"key": "a", "title": n.to_string()}]),
        };
        client.feed(&format!("2/todos,{n}{event}")).await;
    }
    client.flush().await;
    server.store.receive(4).await;
    server.store.hold(false);
    let mut acks = Vec::new();
    let mut pushed = Vec::new();
    while acks.len() < 200 || pushed.len() < 151 {
        let packet = client.hear().await.unwrap();
        if let Some(event) = packet.strip_prefix("2/todos,") {
            let event: Value = serde_json::from_str(event).unwrap();
            pushed.push(event[2]["seq"].as_u64().unwrap());
        } else {
            let (id, rest) = packet["3/todos,".len()..].split_at(packet.find('[').unwrap() - 8);
            let answer: Value = serde_json::from_str(rest).unwrap();
            acks.push((id.parse::<u64>().unwrap(), answer[1]["title"].clone()));
        }
    }
    for (n, (id, title)) in (1..).zip(acks) {
        let last_write = if n % 4 == 0 { n - 1 } else { n };
        assert_eq!((id, title), (n, json!(last_write.to_string())));
    }
    assert!(pushed.is_sorted_by(|a, b| a < b), "{pushed:?}");
}

/// A client that was offline sends all that it has kept at once: over WebSocket it is read as room becomes free.
#[tokio::test]
async fn more_than_is_allowed_outstanding_waits_in_the_websocket() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    server.store.hold(true);
    for n in 0..5_000 {
        let event = json!(["create", {"key": n.to_string(), "title": "x"}]);
        client.feed(&format!("2/todos,{n}{event}")).await;
    }
    client.flush().await;
    server.store.receive(200).await;
    server.store.hold(false);
    for n in 0..5_000 {
        let answer = client.ack("/todos,", n).await;
        assert_eq!(answer[0], Value::Null, "{n}: {answer}");
    }
}

#[tokio::test]
async fn more_than_is_allowed_outstanding_is_answered_as_overloaded() {
    let config = Config {
        outstanding_bytes: 10 * Config::REQUEST_BYTES,
        ..Config::default()
    };
    let server = serve_with(Limits::default(), config).await;
    let client = Polling::connect(server.address).await;
    client.post(&["0/todos,".into()]).await;
    assert!(
        client
            .poll()
            .await
            .iter()
            .any(|packet| packet.starts_with("0/todos,{"))
    );
    server.store.hold(true);
    let create = |n: usize| {
        let event = json!(["create", {"key": n.to_string(), "title": "x"}]);
        format!("2/todos,{n}{event}")
    };
    client.post(&(0..30).map(create).collect::<Vec<_>>()).await;
    server.store.receive(10).await;
    server.store.hold(false);
    let mut codes = Vec::new();
    while codes.len() < 30 {
        for packet in client.poll().await {
            if let Some(ack) = packet.strip_prefix("3/todos,") {
                let (id, answer) = ack.split_at(ack.find('[').unwrap());
                assert_eq!(id, codes.len().to_string(), "in the order of the requests");
                let answer: Value = serde_json::from_str(answer).unwrap();
                codes.push(answer[0]["code"].clone());
            }
        }
    }
    assert!(codes[..10].iter().all(Value::is_null), "{codes:?}");
    assert!(
        codes[10..].iter().all(|code| code == "overloaded"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn what_was_sent_before_leaving_is_done() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    server.store.hold(true);
    for n in 0..500 {
        let event = json!(["create", {"key": n.to_string(), "title": "x"}]);
        client.feed(&format!("2/todos,{n}{event}")).await;
    }
    client.feed("1/todos,").await;
    client.say_raw("1").await;
    assert_eq!(client.hear().await, None);
    server.store.hold(false);
    server.store.reach(500).await;
}

#[tokio::test]
async fn a_namespace_can_be_left_and_joined_again() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/todos").await;
    for n in 0..3 {
        client.say("1/todos,").await;
        client.say("0/todos,").await;
        while !client.hear().await.unwrap().starts_with("0/todos,{") {}
        let event = json!(["create", {"key": n.to_string(), "title": "x"}]);
        client.say(&format!("2/todos,{event}")).await;
        assert_eq!(client.event().await[2]["seq"], n + 1, "pushed once");
    }
}

#[tokio::test]
async fn the_scripts_are_served_also_where_the_router_is_nested() {
    let server = serve().await;
    for path in [
        "/socket.io/socket.io.js",
        "/nested/socket.io/socket.io.min.js",
    ] {
        let script = http(server.address, "GET", path, "").await;
        assert!(script.contains("Socket.IO v4.8.4"), "{path}");
    }
    let path = "/nested/socket.io/?EIO=4&transport=polling";
    assert!(
        http(server.address, "GET", path, "")
            .await
            .starts_with("0{\"sid\"")
    );
}

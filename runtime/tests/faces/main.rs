//! What a write can rely on, on every face: done once under its key, and told the row that it conflicts with.

#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "made for the tests of Socket.IO")]
#[path = "../socket_io/client.rs"]
mod client;

use self::client::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vertebra::{Model, Vertebra};

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "pages", strict, realtime)]
struct Page {
    #[model(id)]
    id: String,
    #[model(len = 1..=10)]
    text: String,
}

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "notes", realtime)]
struct Note {
    #[model(id)]
    id: String,
    text: String,
}

/// The database makes its ids: what is done twice is there twice.
#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "marks", realtime)]
struct Mark {
    #[model(id)]
    id: u32,
    #[model(min = 0, max = 9)]
    n: u8,
}

struct Server {
    address: SocketAddr,
    vertebra: Vertebra,
    _directory: TempDir,
}

async fn serve() -> Server {
    let directory = tempfile::tempdir().unwrap();
    let builder = Vertebra::builder()
        .model::<Page>()
        .model::<Mark>()
        .model::<Note>();
    let vertebra = builder
        .database(directory.path().join("db.sqlite"))
        .start()
        .await
        .unwrap();
    let listening = vertebra.listen("127.0.0.1:0").await.unwrap();
    let address = listening.address();
    tokio::spawn(listening.run_until(std::future::pending()));
    Server {
        address,
        vertebra,
        _directory: directory,
    }
}

/// A request in a namespace, and its ack.
async fn ask(client: &mut Client, namespace: &str, id: u64, event: Value) -> Value {
    client.say(&format!("2{namespace},{id}{event}")).await;
    client.ack(&format!("{namespace},"), id).await
}

impl Server {
    /// One request; its status, the `ETag`, and the JSON of its body.
    async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Option<String>, Value) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let body = body.to_string();
        let more: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse().unwrap();
        let tag = head
            .lines()
            .find_map(|line| line.strip_prefix("etag: ").map(str::to_string));
        (status, tag, serde_json::from_str(body).unwrap())
    }

    async fn count(&self, collection: &str) -> usize {
        let path = format!("/api/{collection}");
        let (_, _, rows) = self.http("GET", &path, &[], &Value::Null).await;
        rows.as_array().unwrap().len()
    }
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once_over_http() {
    let server = serve().await;
    let key = [("Idempotency-Key", "one")];
    let first = server
        .http("POST", "/api/marks", &key, &json!({"n": 1}))
        .await;
    assert_eq!(first.0, 201);
    let again = server
        .http("POST", "/api/marks", &key, &json!({"n": 1}))
        .await;
    assert_eq!(again, first);
    let (status, _, other) = server
        .http("POST", "/api/marks", &key, &json!({"n": 2}))
        .await;
    assert_eq!((status, &other["code"]), (422, &json!("validation")));
    assert_eq!(other["fields"]["key"], "was used for another request");
    assert_eq!(server.count("marks").await, 1);

    // What was refused is refused again, in the same words.
    let key = [("Idempotency-Key", "two")];
    let wrong = json!({"n": 77});
    let refused = server.http("POST", "/api/marks", &key, &wrong).await;
    assert_eq!(refused.0, 422);
    assert_eq!(
        server.http("POST", "/api/marks", &key, &wrong).await,
        refused
    );

    // The other methods.
    let path = format!("/api/marks/{}", first.2["id"]);
    for (method, key, body) in [
        ("PATCH", "three", json!({"n": 3})),
        ("PUT", "four", json!({"n": 4})),
        ("DELETE", "five", Value::Null),
    ] {
        let key = [("Idempotency-Key", key)];
        let done = server.http(method, &path, &key, &body).await;
        assert_eq!(done.0, 200, "{method}");
        assert_eq!(server.http(method, &path, &key, &body).await, done);
    }
    assert_eq!(server.count("marks").await, 0);

    for key in ["", &"k".repeat(256)] {
        let key = [("Idempotency-Key", key)];
        let (status, _, error) = server
            .http("POST", "/api/marks", &key, &json!({"n": 1}))
            .await;
        assert_eq!(status, 422);
        assert_eq!(error["fields"]["key"], "must have 1 to 255 bytes");
    }
    server.vertebra.close().await.unwrap();
}

/// Two writes can be needed for it: each has its own place.
#[tokio::test]
async fn a_put_that_creates_has_a_key_too() {
    let server = serve().await;
    let key = [("Idempotency-Key", &*"k".repeat(255))];
    let note = json!({"id": "a", "text": "x"});
    let first = server.http("PUT", "/api/notes/a", &key, &note).await;
    assert_eq!((first.0, &first.2), (201, &note));
    let again = server.http("PUT", "/api/notes/a", &key, &note).await;
    assert_eq!(again, first);
    let other = json!({"id": "a", "text": "y"});
    let (status, _, error) = server.http("PUT", "/api/notes/a", &key, &other).await;
    assert_eq!(status, 422);
    assert_eq!(error["fields"]["key"], "was used for another request");
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once_over_socket_io() {
    let server = serve().await;
    let mut client = Client::join(server.address, "/marks").await;
    let create = |key: Value, n: u32| json!(["create", {"n": n}, {"key": key}]);
    let first = ask(&mut client, "/marks", 0, create(json!("one"), 1)).await;
    assert_eq!(first[0], Value::Null);
    assert_eq!(
        ask(&mut client, "/marks", 1, create(json!("one"), 1)).await,
        first
    );
    let other = ask(&mut client, "/marks", 2, create(json!("one"), 2)).await;
    assert_eq!(other[0]["fields"]["key"], "was used for another request");
    let wrong = ask(&mut client, "/marks", 3, create(json!(7), 2)).await;
    assert_eq!(wrong[0]["fields"]["opts.key"], "must be a string");
    assert_eq!(server.count("marks").await, 1);
    // The same request by another face.
    let key = [("Idempotency-Key", "one")];
    let again = server
        .http("POST", "/api/marks", &key, &json!({"n": 1}))
        .await;
    assert_eq!(again.2, first[1]);
}

/// A stale write gets the row as it is now, and one without a version is refused, wherever it comes in.
#[tokio::test]
async fn a_strict_collection_answers_conflicts_with_the_row() {
    let server = serve().await;
    let mut plain = Client::join(server.address, "/pages").await;
    let page = json!({"id": "a", "text": "first"});
    let made = ask(&mut plain, "/pages", 0, json!(["create", page])).await;
    assert_eq!(made[1], page);
    let v = made[2]["seq"].as_u64().unwrap();
    let now = json!({"id": "a", "text": "second"});
    let patched = ask(&mut plain, "/pages", 1, json!(["patch", now, {"ifv": v}])).await;
    assert_eq!(patched[1], now);

    let stale = ask(
        &mut plain,
        "/pages",
        2,
        json!(["patch", {"id": "a", "text": "x"}, {"ifv": v}]),
    )
    .await;
    let without = ask(
        &mut plain,
        "/pages",
        3,
        json!(["patch", {"id": "a", "text": "x"}]),
    )
    .await;
    let mut conflicts = vec![stale[0].clone()];
    let mut refusals = vec![without[0].clone()];

    let tag = format!("\"{v}\"");
    let if_match = [("If-Match", &*tag)];
    for (method, body) in [
        ("PATCH", json!({"text": "x"})),
        ("PUT", json!({"id": "a", "text": "x"})),
        ("DELETE", Value::Null),
    ] {
        let (status, _, error) = server.http(method, "/api/pages/a", &if_match, &body).await;
        assert_eq!(status, 412, "{method}");
        conflicts.push(error);
        let (status, _, error) = server.http(method, "/api/pages/a", &[], &body).await;
        assert_eq!(status, 422, "{method}");
        refusals.push(error);
    }

    let mut frames = Client::connect(server.address).await;
    frames.say("0").await;
    frames.hear().await.unwrap();
    let cid = uuid::Uuid::new_v4();
    let write =
        |mid: u64, ifv: Option<u64>| json!([mid, "patch", "pages", "a", {"text": "x"}, ifv]);
    let hello = json!(["H", {"v": 1, "cid": cid, "subs": []}]);
    let mutate = json!(["M", [write(1, Some(v)), write(2, None)]]);
    frames.say(&format!("2{}", json!(["s", hello]))).await;
    frames.say(&format!("2{}", json!(["s", mutate]))).await;
    let mut results = Vec::new();
    while results.len() < 2 {
        let packet = frames.hear().await.unwrap();
        let event: Value = serde_json::from_str(&packet[1..]).unwrap();
        let batch = match &event[1][0] {
            Value::Array(_) => event[1].as_array().unwrap().clone(),
            _ => vec![event[1].clone()],
        };
        results.extend(batch.into_iter().filter(|frame| frame[0] == "R"));
    }
    conflicts.push(results[0][2].clone());
    refusals.push(results[1][2].clone());

    for conflict in conflicts {
        assert_eq!(conflict["code"], "conflict", "{conflict}");
        assert_eq!(conflict["current"], now);
    }
    for refusal in refusals {
        let problem = "is required: the collection is strict";
        assert_eq!(refusal["fields"]["ifv"], problem, "{refusal}");
    }
}

//! Vertebra as a part of an application that has routes of its own.

#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vertebra::{Client, Model, Vertebra};

/// A remark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Model)]
#[model(collection = "notes")]
struct Note {
    #[model(id)]
    id: u32,
    text: String,
}

/// One request, and everything that is answered.
async fn ask(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let message = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(message.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_router_nests_into_an_application() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.sqlite");
    let vertebra = Vertebra::builder()
        .model::<Note>()
        .database(database)
        .start()
        .await
        .unwrap();
    let app = Router::new()
        .route("/", get(|| async { "the application's own page" }))
        .route(
            "/api/{anything}",
            get(|| async { "the application's own API" }),
        )
        .nest("/live", vertebra.router());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    assert!(
        ask(&address, "GET /", "")
            .await
            .contains("the application's own page")
    );
    assert!(
        ask(&address, "GET /api/notes", "")
            .await
            .contains("the application's own API")
    );
    let script = ask(&address, "GET /live/socket.io/socket.io.js", "").await;
    assert!(script.starts_with("HTTP/1.1 200"), "{script:.100}");
    let handshake = ask(&address, "GET /live/socket.io/?EIO=4&transport=polling", "").await;
    assert!(handshake.contains("\"sid\""), "{handshake}");

    let client = Client::connect(&format!("http://{address}/live"))
        .await
        .unwrap();
    let notes = client.collection::<Note>();
    let note = notes.create(Note::draft("hello")).await.unwrap();
    let found = ask(&address, &format!("GET /live/api/notes/{}", note.id), "").await;
    assert!(found.contains("\"hello\""), "{found}");

    let created = ask(&address, "POST /live/api/notes", r#"{"text": "again"}"#).await;
    assert!(created.contains("location: /live/api/notes/2"), "{created}");
    client.close();
    vertebra.close().await.unwrap();
    server.abort();
}

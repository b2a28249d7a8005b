//! A server that does what a test says, on a real socket.

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message;
use vertebra::client::{Client, ClientBuilder};
use vertebra::protocol::{ClientFrame, Hello, Mutation, SUBPROTOCOL, frames};

/// What the tests keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, vertebra::Model)]
#[model(collection = "notes")]
pub struct Note {
    #[model(id)]
    pub id: String,
    pub text: String,
    #[serde(default)]
    pub stars: u64,
}

pub fn note(id: &str, text: &str, stars: u64) -> Note {
    Note {
        id: id.into(),
        text: text.into(),
        stars,
    }
}

pub struct Server {
    listener: TcpListener,
}

impl Server {
    pub async fn new() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server { listener }
    }

    /// A client of this server that comes back at once.
    pub fn client(&self) -> ClientBuilder {
        let address = self.listener.local_addr().unwrap();
        Client::builder(format!("http://{address}/app")).random(|| 0.0)
    }

    /// The next connection.
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    pub async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        let answer =
            |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                assert_eq!(request.uri().path(), "/app/realtime");
                let name = "sec-websocket-protocol";
                assert_eq!(request.headers()[name], SUBPROTOCOL);
                let protocol = HeaderValue::from_static(SUBPROTOCOL);
                response.headers_mut().insert(name, protocol);
                Ok(response)
            };
        let socket = tokio_tungstenite::accept_hdr_async(stream, answer)
            .await
            .unwrap();
        Peer {
            socket,
            frames: VecDeque::new(),
        }
    }

    /// The next connection, welcomed at a position, with the given verdict on every subscription.
    pub async fn welcome(&self, seq: u64, verdict: &str) -> (Peer, Hello) {
        let mut peer = self.accept().await;
        let hello = peer.hello().await;
        peer.send(welcome(seq, 0, verdict, &hello)).await;
        (peer, hello)
    }

    /// Whether nobody is connecting.
    pub async fn is_left_alone(&self) -> bool {
        use futures_util::FutureExt;
        self.listener.accept().now_or_never().is_none()
    }
}

pub fn welcome(seq: u64, last_mid: u64, verdict: &str, hello: &Hello) -> Value {
    let subs: serde_json::Map<String, Value> = (hello
        .subs
        .iter()
        .map(|one| (one.0.to_string(), json!(verdict))))
    .collect();
    json!(["W", {
        "v": 1, "epoch": "e", "seq": seq, "last_mid": last_mid, "subs": subs,
        "limits": {"heartbeat_ms": 60_000},
        "cols": {"notes": ["id", "text", "stars", "novel"]}, "ids": {"notes": "id"},
    }])
}

/// A snapshot of notes in one page.
pub fn page(sid: u32, rows: &[(u64, &str, &str)]) -> Value {
    let rows = rows
        .iter()
        .map(|(v, id, text)| json!([v, [id, text, "0", "?"]]));
    json!(["C", sid, 0, rows.collect::<Vec<_>>(), true])
}

pub struct Peer {
    socket: WebSocketStream<TcpStream>,
    frames: VecDeque<ClientFrame>,
}

impl Peer {
    pub async fn send(&mut self, frame: Value) {
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }

    /// The next frame; `None` if the client closed the connection.
    pub async fn next(&mut self) -> Option<ClientFrame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let parts = frames(&text).unwrap();
                    self.frames
                        .extend(parts.into_iter().map(|one| ClientFrame::read(one).unwrap()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub async fn hello(&mut self) -> Hello {
        match self.next().await {
            Some(ClientFrame::Hello(hello)) => hello,
            other => panic!("{other:?} instead of a hello"),
        }
    }

    /// The next mutations.
    pub async fn mutations(&mut self, count: usize) -> Vec<Mutation> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.next().await {
                Some(ClientFrame::Mutate { mutations, .. }) => all.extend(mutations),
                other => panic!("{other:?} instead of mutations"),
            }
        }
        all
    }

    /// The number of the next subscription.
    pub async fn subscribed(&mut self) -> u32 {
        match self.next().await {
            Some(ClientFrame::Subscribe(opening)) => opening.0,
            other => panic!("{other:?} instead of a subscription"),
        }
    }
}

/// Settings for a client that must not come back by chance.
pub const NEVER: Duration = Duration::from_secs(3600);

//! The least of an Engine.IO client: a WebSocket that answers pings, and plain HTTP for polling.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A connection over WebSocket.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Connects; no namespace yet.
    pub async fn connect(address: SocketAddr) -> Client {
        let mut client = Client::upgrade(address, "").await;
        let open = client.hear_raw().await.unwrap();
        assert!(open.starts_with('0'), "{open}");
        client
    }

    /// Connects, and joins a namespace.
    pub async fn join(address: SocketAddr, namespace: &str) -> Client {
        let mut client = Client::connect(address).await;
        client.say(&format!("0{namespace},")).await;
        let answer = client.hear().await.unwrap();
        assert!(
            answer.starts_with(&format!("0{namespace},{{\"sid\":")),
            "{answer}"
        );
        client
    }

    /// The bare WebSocket, also of a session that began by polling.
    pub async fn upgrade(address: SocketAddr, sid: &str) -> Client {
        let sid = if sid.is_empty() {
            String::new()
        } else {
            format!("&sid={sid}")
        };
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{sid}");
        let (socket, _) = connect_async(url).await.unwrap();
        Client { socket }
    }

    /// Sends a Socket.IO packet. A server that has hung up doesn't matter.
    pub async fn say(&mut self, packet: &str) {
        self.say_raw(&format!("4{packet}")).await;
    }

    pub async fn say_raw(&mut self, text: &str) {
        let _ = self.socket.send(Message::Text(Utf8Bytes::from(text))).await;
    }

    /// Puts a packet into the buffer.
    pub async fn feed(&mut self, packet: &str) {
        let text = Utf8Bytes::from(format!("4{packet}"));
        self.socket.feed(Message::Text(text)).await.unwrap();
    }

    pub async fn flush(&mut self) {
        self.socket.flush().await.unwrap();
    }

    /// The next Socket.IO packet; `None` when the server has hung up.
    pub async fn hear(&mut self) -> Option<String> {
        loop {
            let text = self.hear_raw().await?;
            match text.split_at(1) {
                ("4", packet) => return Some(packet.to_string()),
                ("2", _) => self.say_raw("3").await,
                ("1", _) => return None,
                _ => panic!("unexpected {text}"),
            }
        }
    }

    async fn hear_raw(&mut self) -> Option<String> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Sends a request in `/todos` and returns its ack. Pushes before it are left out.
    pub async fn ask(&mut self, id: u64, event: Value) -> Value {
        self.say(&format!("2/todos,{id}{event}")).await;
        self.ack("/todos,", id).await
    }

    /// The ack of a number.
    pub async fn ack(&mut self, namespace: &str, id: u64) -> Value {
        let head = format!("3{namespace}{id}[");
        loop {
            let packet = self.hear().await.expect("the server hung up");
            if packet.starts_with(&head) {
                return serde_json::from_str(&packet[head.len() - 1..]).unwrap();
            }
        }
    }

    /// The next event in `/todos`. Acks before it are left out.
    pub async fn event(&mut self) -> Value {
        loop {
            let packet = self.hear().await.expect("the server hung up");
            if let Some(event) = packet.strip_prefix("2/todos,") {
                return serde_json::from_str(event).unwrap();
            }
        }
    }
}

/// One HTTP request on a connection of its own; answers the body.
pub async fn http(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_string()
}

/// A session over polling.
pub struct Polling {
    address: SocketAddr,
    pub sid: String,
}

impl Polling {
    pub async fn connect(address: SocketAddr) -> Polling {
        let open = http(address, "GET", "/socket.io/?EIO=4&transport=polling", "").await;
        let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        let sid = open["sid"].as_str().unwrap().to_string();
        Polling { address, sid }
    }

    fn path(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.sid)
    }

    /// Sends Socket.IO packets in one request.
    pub async fn post(&self, packets: &[String]) {
        let messages: Vec<String> = packets.iter().map(|packet| format!("4{packet}")).collect();
        let answer = http(self.address, "POST", &self.path(), &messages.join("\x1e")).await;
        assert_eq!(answer, "ok");
    }

    /// The Socket.IO packets of one poll.
    pub async fn poll(&self) -> Vec<String> {
        let answer = http(self.address, "GET", &self.path(), "").await;
        let packets = answer.split('\x1e');
        packets
            .filter_map(|packet| packet.strip_prefix('4').map(str::to_string))
            .collect()
    }
}

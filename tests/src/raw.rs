//! A client of the frame protocol that is nothing but a WebSocket and the rows that its frames make.
//!
//! Invariant: it reads only when it is told to, so it can stand for a client that has stopped.

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

/// A connection with one subscription to all todos.
pub struct Raw {
    socket: WebSocketStream<TcpStream>,
    /// Where it is in the log.
    pub position: u64,
    /// The incarnation of the log.
    pub epoch: String,
    /// What the welcome said of the subscription.
    pub verdict: String,
    /// The rows: version and columns, by id.
    pub rows: HashMap<String, (u64, Vec<Value>)>,
    /// How many bytes of text came.
    pub bytes: u64,
    /// How many operations came.
    pub ops: u64,
    columns: Vec<String>,
    /// A first snapshot was complete.
    whole: bool,
}

impl Raw {
    /// Connects with a receive buffer of so many bytes, and says hello, from a cursor if there is one. Nothing is read yet.
    pub async fn connect(
        address: SocketAddr,
        buffer: Option<u32>,
        cursor: Option<(&str, u64)>,
    ) -> anyhow::Result<Raw> {
        let socket = TcpSocket::new_v4()?;
        if let Some(buffer) = buffer {
            socket.set_recv_buffer_size(buffer)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}/realtime").into_client_request()?;
        let protocol = HeaderValue::from_static("vertebra.1");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = client_async(request, stream).await?;
        let hello = json!(["H", {
            "v": 1,
            "cid": Uuid::new_v4(),
            "subs": [[1, {"collection": "todos"}, cursor]],
            "last_mid": 0,
        }]);
        socket.send(Message::Text(hello.to_string().into())).await?;
        Ok(Raw {
            socket,
            position: cursor.map_or(0, |cursor| cursor.1),
            epoch: String::new(),
            verdict: String::new(),
            rows: HashMap::new(),
            bytes: 0,
            ops: 0,
            columns: Vec::new(),
            whole: false,
        })
    }

    /// Goes on over a new connection where the old one was.
    pub async fn again(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let cursor = Some((&*self.epoch, self.position));
        let next = Raw::connect(address, None, cursor).await?;
        let rows = std::mem::take(&mut self.rows);
        *self = Raw { rows, ..next };
        Ok(())
    }

    /// Reads messages until the snapshot is complete.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        while !self.whole {
            self.read().await?;
        }
        Ok(())
    }

    /// Reads messages until it is at a position.
    pub async fn reach(&mut self, position: u64) -> anyhow::Result<()> {
        while !self.whole || self.position < position {
            self.read().await?;
        }
        Ok(())
    }

    /// Reads the welcome alone: the rows that a cursor stands for are not here.
    pub async fn welcomed(&mut self) -> anyhow::Result<()> {
        while self.verdict.is_empty() {
            // What follows the welcome in its message may be about rows that are not known.
            if let Err(error) = self.read().await
                && self.verdict.is_empty()
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads a message, and takes in its frames.
    pub async fn read(&mut self) -> anyhow::Result<()> {
        let text = self.text().await?;
        self.bytes += text.len() as u64;
        let message: Value = serde_json::from_str(&text)?;
        match message {
            Value::Array(frames) if frames.first().is_some_and(Value::is_array) => {
                frames.iter().try_for_each(|frame| self.frame(frame))
            }
            frame => self.frame(&frame),
        }
    }

    async fn text(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.socket.next().await.context("closed")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => bail!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    fn frame(&mut self, frame: &Value) -> anyhow::Result<()> {
        match frame[0].as_str() {
            Some("W") => {
                let welcome = &frame[1];
                self.epoch = welcome["epoch"].as_str().unwrap_or_default().into();
                self.verdict = welcome["subs"]["1"].as_str().unwrap_or_default().into();
                self.columns = serde_json::from_value(welcome["cols"]["todos"].clone())?;
                self.whole = self.verdict == "replay";
                if !self.whole {
                    self.position = number(&welcome["seq"])?;
                }
            }
            Some("C") => {
                if frame[2] == 0 {
                    self.rows.clear();
                }
                for row in frame[3].as_array().context("no rows")? {
                    self.put(number(&row[0])?, row[1].clone())?;
                }
                self.whole = frame[4] == true;
            }
            Some("T") => self.transition(frame)?,
            Some("G") => self.position = self.position.max(number(&frame[1])?),
            Some("B" | "X") => bail!("{frame}"),
            _ => {}
        }
        Ok(())
    }

    fn transition(&mut self, frame: &Value) -> anyhow::Result<()> {
        let (from, to) = (number(&frame[1])?, number(&frame[2])?);
        if from != self.position {
            bail!("a change from {from} at {}", self.position);
        }
        self.position = to;
        let parts = frame[4].as_array().context("no parts")?;
        for op in parts.iter().filter_map(|part| part[1].as_array()).flatten() {
            self.ops += 1;
            match op[0].as_str() {
                Some("+") => self.put(number(&op[2])?, op[3].clone())?,
                Some("~") => {
                    let id = op[1].as_str().context("no id")?;
                    let row = self
                        .rows
                        .get_mut(id)
                        .context("a change of an unknown row")?;
                    row.0 = number(&op[2])?;
                    for (name, value) in op[3].as_object().context("no patch")? {
                        let place = self.columns.iter().position(|column| column == name);
                        row.1[place.context("unknown column")?] = value.clone();
                    }
                }
                _ => {
                    let id = op[1].as_str().context("no id")?;
                    self.rows.remove(id).context("an unknown row is gone")?;
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, v: u64, tuple: Value) -> anyhow::Result<()> {
        let tuple: Vec<Value> = serde_json::from_value(tuple)?;
        let id = tuple.first().and_then(Value::as_str).context("no id")?;
        self.rows.insert(id.to_string(), (v, tuple));
        Ok(())
    }
}

fn number(value: &Value) -> anyhow::Result<u64> {
    value.as_u64().context("not a number")
}

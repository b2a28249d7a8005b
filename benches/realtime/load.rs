//! What is asked of the servers, and how it is counted.
//!
//! Invariant: a delivery counts as right when its number is the next one; others are counted as lost or reordered.

use anyhow::{Context, bail};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use std::fmt;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

type Socket = WebSocketStream<TcpStream>;

/// A server: where it is, and its process.
pub struct Target {
    address: String,
    process: u32,
}

impl Target {
    pub fn new(address: &str, process: u32) -> Target {
        Target {
            address: address.to_string(),
            process,
        }
    }

    fn read(text: Option<String>) -> anyhow::Result<Target> {
        let text = text.context("no server")?;
        let (address, process) = text.split_once('#').context("no process")?;
        Ok(Target::new(address, process.parse()?))
    }

    async fn connect(&self, ours: bool) -> anyhow::Result<Socket> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{}/realtime", self.address).into_client_request()?;
        let protocol = HeaderValue::from_static("vertebra.1");
        if ours {
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
        }
        Ok(client_async(request, stream).await?.0)
    }

    /// Kilobytes.
    fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(value.context("no VmRSS")?.parse()?)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.address, self.process)
    }
}

pub fn run(vertebra: Option<String>, raw: Option<String>, time: Duration) -> anyhow::Result<()> {
    let (vertebra, raw) = (Target::read(vertebra)?, Target::read(raw)?);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    runtime.block_on(async {
        println!("{:<44} {:>12} {:>12} {:>7}", "", "Vertebra", "raw", "ratio");
        for outstanding in [1, 64, 1024] {
            let ours = writes(&vertebra, true, outstanding, time).await?;
            let limit = writes(&raw, false, outstanding, time).await?;
            line(
                &format!("acknowledged writes/s, {outstanding} outstanding"),
                ours,
                limit,
            );
        }
        for subscribers in [100, 1000] {
            let ours = deliveries(&vertebra, true, subscribers, time).await?;
            let limit = deliveries(&raw, false, subscribers, time).await?;
            line(
                &format!("deliveries/s to {subscribers}"),
                ours.rate,
                limit.rate,
            );
            line("  lost or reordered", ours.wrong, limit.wrong);
            line(
                "  bytes a change, with a WebSocket's",
                ours.bytes,
                limit.bytes,
            );
        }
        let (ours, limit) = (idle(&vertebra, true).await?, idle(&raw, false).await?);
        line("KiB an idle connection", ours, limit);
        Ok(())
    })
}

fn line(what: &str, ours: f64, limit: f64) {
    let ratio = if limit > 0.0 { ours / limit } else { f64::NAN };
    println!("{what:<44} {ours:>12.1} {limit:>12.1} {ratio:>7.2}");
}

fn text(text: impl Into<Utf8Bytes>) -> Message {
    Message::Text(text.into())
}

async fn hear(socket: &mut Socket) -> anyhow::Result<Utf8Bytes> {
    loop {
        match socket.next().await.context("closed")?? {
            Message::Text(text) => return Ok(text),
            Message::Close(frame) => bail!("closed: {frame:?}"),
            _ => {}
        }
    }
}

/// Says hello; waits for the rows of a subscription if there is one.
async fn hello(socket: &mut Socket, subscribe: bool) -> anyhow::Result<()> {
    let subs = if subscribe {
        json!([[1, {"collection": "items"}, null]])
    } else {
        json!([])
    };
    let hello = json!(["H", {"v": 1, "cid": Uuid::new_v4(), "subs": subs, "last_mid": 0}]);
    socket.send(text(hello.to_string())).await?;
    loop {
        let heard = hear(socket).await?;
        if !subscribe || heard.contains("],true]") || heard.contains("[],true]") {
            return Ok(());
        }
    }
}

/// The n-th write of a connection: a new row, then changes of it.
fn write(id: Uuid, n: u64) -> String {
    match n {
        1 => {
            json!(["M", [[n, "create", "items", id, {"id": id, "text": "some words", "count": 1}]]])
        }
        _ => json!(["M", [[n, "patch", "items", id, {"count": n}]]]),
    }
    .to_string()
}

fn occurrences(text: &str, what: &str) -> u64 {
    text.matches(what).count() as u64
}

/// Writes with so many waiting for their answer, all the time; answers a second.
async fn writes(
    target: &Target,
    ours: bool,
    outstanding: u64,
    time: Duration,
) -> anyhow::Result<f64> {
    let mut socket = target.connect(ours).await?;
    if ours {
        hello(&mut socket, false).await?;
    }
    let id = Uuid::new_v4();
    let (mut sent, mut answered) = (0, 0);
    let begun = Instant::now();
    while begun.elapsed() < time {
        while sent < answered + outstanding {
            sent += 1;
            let message = if ours {
                write(id, sent)
            } else {
                format!("e{}", write(id, sent))
            };
            socket.feed(text(message)).await?;
        }
        socket.flush().await?;
        let heard = hear(&mut socket).await?;
        answered += count_answers(&heard, ours)?;
        // What is here already is taken before more is sent.
        while let Some(Some(message)) = socket.next().now_or_never() {
            if let Message::Text(heard) = message? {
                answered += count_answers(&heard, ours)?;
            }
        }
    }
    Ok(answered as f64 / begun.elapsed().as_secs_f64())
}

fn count_answers(heard: &str, ours: bool) -> anyhow::Result<u64> {
    if !ours {
        return Ok(1);
    }
    let answers = occurrences(heard, "[\"R\",");
    anyhow::ensure!(occurrences(heard, ",null,{") >= answers, "refused: {heard}");
    Ok(answers)
}

struct Deliveries {
    rate: f64,
    wrong: f64,
    bytes: f64,
}

/// One writer with 64 outstanding changes of one row, and so many who follow.
async fn deliveries(
    target: &Target,
    ours: bool,
    subscribers: u64,
    time: Duration,
) -> anyhow::Result<Deliveries> {
    let id = Uuid::new_v4();
    let mut writer = target.connect(ours).await?;
    let mut sent = 0;
    if ours {
        hello(&mut writer, false).await?;
        sent = 1;
        writer.send(text(write(id, 1))).await?;
        hear(&mut writer).await?;
    }
    let mut sockets = Vec::new();
    for _ in 0..subscribers {
        let mut socket = target.connect(ours).await?;
        if ours {
            hello(&mut socket, true).await?;
        }
        sockets.push(socket);
    }
    let first = sent;
    let begun = Instant::now();
    let mut followers = JoinSet::new();
    let (last, mut stop) = tokio::sync::watch::channel(u64::MAX);
    let (progress, mut furthest) = tokio::sync::watch::channel(first);
    for (n, mut socket) in sockets.into_iter().enumerate() {
        let progress = (n as u64 + 1 == subscribers).then(|| progress.clone());
        let mut stop = stop.clone();
        followers.spawn(async move {
            let (mut at, mut right, mut wrong, mut bytes) = (first, 0u64, 0u64, 0u64);
            while at < *stop.borrow_and_update() {
                let heard = tokio::select! {
                    heard = hear(&mut socket) => heard?,
                    _ = stop.changed() => continue,
                };
                // A frame's head is 2 bytes, 4 where it is longer than 125.
                bytes += heard.len() as u64 + if heard.len() > 125 { 4 } else { 2 };
                for part in heard.split("\"count\":").skip(1) {
                    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                    let number: u64 = part[..digits].parse()?;
                    if number == at + 1 {
                        right += 1
                    } else {
                        wrong += 1
                    }
                    at = at.max(number);
                }
                if let Some(progress) = &progress {
                    progress.send_replace(at);
                }
            }
            anyhow::Ok((right, wrong, bytes))
        });
    }
    // Not more than a window ahead of the last of the subscribers, so that what is measured is delivery.
    while begun.elapsed() < time {
        while sent < *furthest.borrow_and_update() + 64 {
            sent += 1;
            writer.feed(text(write(id, sent))).await?;
        }
        writer.flush().await?;
        tokio::select! {
            changed = furthest.changed() => changed?,
            heard = hear(&mut writer) => drop(heard?),
        }
    }
    last.send_replace(sent);
    stop.mark_unchanged();
    let (mut right, mut wrong, mut bytes) = (0, 0, 0);
    while let Some(follower) = followers.join_next().await {
        let counts = follower??;
        right += counts.0;
        wrong += counts.1;
        bytes += counts.2;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    Ok(Deliveries {
        rate: (right + wrong) as f64 / elapsed,
        wrong: wrong as f64,
        bytes: bytes as f64 / (right + wrong).max(1) as f64,
    })
}

/// What a connection takes that says nothing, with a subscription.
async fn idle(target: &Target, ours: bool) -> anyhow::Result<f64> {
    const CONNECTIONS: u64 = 2000;
    let before = target.memory()?;
    let mut sockets = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut socket = target.connect(ours).await?;
        if ours {
            hello(&mut socket, true).await?;
        }
        sockets.push(socket);
    }
    let after = target.memory()?;
    drop(sockets);
    Ok(after.saturating_sub(before) as f64 / CONNECTIONS as f64)
}

//! The two servers.
//!
//! Invariant: the raw one does nothing but read a message and write it, once per connection and turn of its loop.

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use vertebra::Vertebra;
use vertebra_benches::Item;

pub fn run(kind: &str, db: Option<String>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match kind {
            "vertebra" => vertebra(db.context("no --db")?).await,
            _ => raw().await,
        }
    })
}

async fn vertebra(db: String) -> anyhow::Result<()> {
    let vertebra = Vertebra::builder().model::<Item>().database(db);
    let listening = vertebra.start().await?.listen("127.0.0.1:0").await?;
    println!("{}", listening.address());
    Ok(listening.run().await?)
}

/// Answers a message that begins with `e` to its sender, and hands others to everybody.
async fn raw() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let (everybody, _) = broadcast::channel(1 << 14);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (hand, handed) = (everybody.clone(), everybody.subscribe());
        // An end is the end of that connection alone.
        tokio::spawn(async move { connection(stream, hand, handed).await });
    }
}

async fn connection(
    stream: TcpStream,
    hand: broadcast::Sender<Message>,
    mut handed: broadcast::Receiver<Message>,
) -> anyhow::Result<()> {
    let mut socket = accept_async(stream).await?;
    loop {
        tokio::select! {
            message = socket.next() => match message.context("closed")?? {
                Message::Text(text) if text.starts_with('e') => {
                    socket.feed(Message::Text(text)).await?;
                    // Those that came together are answered together.
                    while let Some(Some(message)) = futures_util::FutureExt::now_or_never(socket.next()) {
                        socket.feed(message?).await?;
                    }
                    socket.flush().await?;
                }
                message @ Message::Text(_) => {
                    // An error means that nobody is there.
                    let _ = hand.send(message);
                }
                _ => {}
            },
            message = handed.recv() => {
                socket.feed(message?).await?;
                while let Ok(message) = handed.try_recv() {
                    socket.feed(message).await?;
                }
                socket.flush().await?;
            }
        }
    }
}

//! Breaks things, and says what became of them: `cargo run -p vertebra-tests --bin torture -- kill9 --rounds 200`.
//!
//! Also the parts that other programs use: the proxy, and a server whose limits make waits short.

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use todo::BUNDLE;
use todo::models::Todo;
use vertebra::Vertebra;
use vertebra::store::{Sqlite, Store};
use vertebra::sync::Limits;
use vertebra_tests::proxy::Proxy;
use vertebra_tests::torture::{self, Report};

/// Breaks things, and says what became of them.
#[derive(Parser)]
struct Arguments {
    /// What random decisions follow from.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Kills the server under writers.
    Kill9 {
        /// How many times.
        #[arg(long, default_value_t = 200)]
        rounds: u64,
    },
    /// Breaks connections under writers.
    LostAcks {
        /// How many.
        #[arg(long, default_value_t = 500)]
        resets: u64,
    },
    /// Breaks connections of subscribers.
    Resume {
        /// How many changes they are pushed.
        #[arg(long, default_value_t = 100_000)]
        pushes: u64,
    },
    /// Shortens the log, and puts other databases in the place of the one that clients know.
    Restored,
    /// Brings an older copy back, and writes beyond where clients were.
    Overtaken,
    /// Lets connections fall silent.
    Silent {
        /// How many.
        #[arg(long, default_value_t = 60)]
        connections: u64,
    },
    /// Lets readers stop reading.
    Stalled {
        /// How many.
        #[arg(long, default_value_t = 200)]
        readers: usize,
        /// How many changes a second.
        #[arg(long, default_value_t = 1000)]
        rate: u64,
        /// For so long.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// Makes changes, and prints how many were acknowledged.
    Push {
        /// Where the server is.
        #[arg(long)]
        to: String,
        /// How many.
        #[arg(long)]
        pushes: u64,
    },
    /// Holds a database against an account of writes: `{"issued": [[id, title]…], "acknowledged": …, "wrong": [text…]}`.
    Judge {
        #[arg(long)]
        db: PathBuf,
        #[arg(long)]
        ledger: PathBuf,
    },
    /// A proxy that breaks connections. It prints how many it has broken; `calm` on its input makes it stop that, `strike`
    /// resets what is open, and the end of its input ends it.
    Proxy {
        /// Where the server is.
        #[arg(long)]
        to: SocketAddr,
        /// The most milliseconds that a connection lives.
        #[arg(long, default_value_t = 600)]
        life: u64,
        /// The most bytes that it carries.
        #[arg(long, default_value_t = 65_536)]
        bytes: u64,
    },
    /// A server of todos.
    Serve {
        #[arg(long, default_value = "127.0.0.1:0")]
        addr: String,
        #[arg(long)]
        db: PathBuf,
        /// Milliseconds between two signs of life.
        #[arg(long, default_value_t = 15_000)]
        heartbeat: u64,
        /// How many entries the log keeps; without it, all.
        #[arg(long)]
        keep: Option<u64>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { seed, what } = Arguments::parse();
    match run(seed, what).await {
        Ok(report) => {
            print!("{report}");
            ExitCode::from(u8::from(!report.failures.is_empty()))
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(seed: u64, what: What) -> anyhow::Result<Report> {
    match what {
        What::Kill9 { rounds } => torture::kill9::run(rounds, seed).await,
        What::LostAcks { resets } => torture::lost_acks::run(resets, seed).await,
        What::Resume { pushes } => torture::resume::run(pushes, seed).await,
        What::Restored => torture::restored::run(seed).await,
        What::Overtaken => torture::restored::overtaken(seed).await,
        What::Silent { connections } => torture::silent::run(connections, seed).await,
        What::Stalled {
            readers,
            rate,
            seconds,
        } => torture::stalled::run(readers, rate, seconds).await,
        What::Push { to, pushes } => torture::resume::push(&to, pushes, seed).await,
        What::Judge { db, ledger } => torture::judge(&db, &ledger),
        What::Proxy { to, life, bytes } => {
            let proxy = Proxy::start(to, seed, Duration::from_millis(life), bytes).await?;
            serve_proxy(&proxy).await?;
            std::process::exit(0);
        }
        What::Serve {
            addr,
            db,
            heartbeat,
            keep,
        } => {
            serve(addr, db, Duration::from_millis(heartbeat), keep).await?;
            std::process::exit(0);
        }
    }
}

async fn serve_proxy(proxy: &Proxy) -> anyhow::Result<()> {
    println!("listening on {}", proxy.url());
    let (said, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            // The receiver is gone when the program ends.
            let _ = said.send(line);
        }
    });
    let mut broken = proxy.broken();
    loop {
        tokio::select! {
            command = commands.recv() => match command.as_deref() {
                None => return Ok(()),
                Some("calm") => proxy.calm(),
                Some("strike") => proxy.strike(),
                Some(other) => anyhow::bail!("unknown command {other:?}"),
            },
            changed = broken.changed() => {
                changed?;
                println!("broken {}", *broken.borrow_and_update());
            }
        }
    }
}

async fn serve(
    addr: String,
    db: PathBuf,
    heartbeat: Duration,
    keep: Option<u64>,
) -> anyhow::Result<()> {
    let store = Arc::new(Sqlite::open(db)?);
    let vertebra = Vertebra::builder()
        .model::<Todo>()
        .store(store.clone())
        .bundle(&BUNDLE)
        .limits(Limits {
            heartbeat,
            ..Limits::default()
        })
        .start()
        .await?;
    if let Some(keep) = keep {
        tokio::spawn(forget(store, keep));
    }
    let listening = vertebra.listen(addr).await?;
    println!("listening on http://{}", listening.address());
    listening.run().await.context("cannot serve")
}

/// Shortens the log after every few changes.
async fn forget(store: Arc<Sqlite>, keep: u64) {
    let mut position = 0;
    while let Ok(commits) = store.tail(position).await {
        position = commits.last().map_or(position, |commit| commit.seq);
        if store.forget(position.saturating_sub(keep)).await.is_err() {
            return;
        }
    }
}

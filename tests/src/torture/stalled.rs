//! Readers stop reading while rows change: the server keeps their place, not their messages.

use super::{Report, client, rows};
use crate::load::counter;
use crate::process::{Program, Server};
use crate::raw::Raw;
use anyhow::Context;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use todo::models::Todo;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;
use vertebra::Patch;
use vertebra::client::{Change, Client};

/// Memory may grow by so much.
pub const ROOM: u64 = 64 << 20;
const ROWS: usize = 200;
/// The title after all changes.
const END: &str = "the end";

/// Changes rows `rate` times a second for so many seconds, first with no others around, then beside `readers` that
/// don't read.
pub async fn run(readers: usize, rate: u64, seconds: u64) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(Program::todo(), directory.path().join("stalled.db")).await?;
    let writer = client(&server.url())?;
    let todos = writer.collection::<Todo>();
    let mut ids = Vec::new();
    for n in 0..ROWS {
        // About as long as titles may be, so that what is kept for nothing shows.
        let title = format!("{}:{n}", "x".repeat(150));
        ids.push(todos.create(Todo::draft(title)).await?.id);
    }
    let mut report = Report::default();
    let alone = changes(&writer, &ids, rate, seconds).await?;
    let mut stalled = Vec::new();
    for _ in 0..readers {
        stalled.push(Raw::connect(server.address(), Some(4096), None).await?);
    }
    for reader in &mut stalled {
        reader.ready().await?;
    }
    let before = server.memory()?;
    let beside = changes(&writer, &ids, rate, seconds).await?;
    let growth = server.memory()?.saturating_sub(before);
    let expected = rows(&server.url()).await?;
    let mut head = Raw::connect(server.address(), None, None).await?;
    head.ready().await?;
    let mut readings = JoinSet::new();
    for (n, reader) in stalled.into_iter().enumerate() {
        if right(&reader, &expected) {
            report.failures.push(format!("reader {n} had read on"));
        }
        let mut reader = reader;
        let (position, address) = (head.position, server.address());
        readings.spawn(async move {
            let read = read_on(&mut reader, position, address);
            let read = timeout(Duration::from_secs(120), read).await;
            (n, reader, read.context("never came to the end").flatten())
        });
    }
    let (mut converged, mut again) = (0, 0);
    while let Some(read) = readings.join_next().await {
        match read? {
            (n, reader, _) if !right(&reader, &expected) => {
                report
                    .failures
                    .push(format!("reader {n} has other rows than the server"));
            }
            (_, _, Ok(resumed)) => {
                converged += 1;
                again += u64::from(resumed);
            }
            (n, _, Err(error)) => report.failures.push(format!("reader {n}: {error}")),
        }
    }
    report.figure("readers that stopped", readers);
    report.figure("changes a second", rate);
    report.figure("seconds", seconds);
    report.figure("memory before, MiB", before >> 20);
    report.figure(
        "memory grew, MiB",
        format!("{:.1}", growth as f64 / f64::from(1 << 20)),
    );
    report.figure("healthy subscriber, alone", alone);
    report.figure("healthy subscriber, beside them", beside);
    report.figure("converged when they read again", converged);
    report.figure("of them cut off, and resumed", again);
    if growth > ROOM {
        report
            .failures
            .push(format!("memory grew by {growth} bytes"));
    }
    Ok(report)
}

/// Reads up to a position of the log; whether it was cut off meanwhile and had to come back.
async fn read_on(reader: &mut Raw, position: u64, address: SocketAddr) -> anyhow::Result<bool> {
    match reader.reach(position).await {
        // Who takes nothing for too long is cut off.
        Err(error) if error.is::<tokio_tungstenite::tungstenite::Error>() => {
            reader.again(address).await?;
            reader.reach(position).await?;
            Ok(true)
        }
        read => read.map(|()| false),
    }
}

/// Whether a reader has the rows of the server.
fn right(reader: &Raw, expected: &HashMap<Uuid, Todo>) -> bool {
    reader.rows.len() == expected.len()
        && expected.values().all(|row| {
            let known = reader.rows.get(&row.id.to_string());
            known.is_some_and(|known| known.1[1] == row.title.as_str())
        })
}

/// Changes rows at a rate; answers how long each change took to a subscriber of its own, from being asked for.
async fn changes(writer: &Client, ids: &[Uuid], rate: u64, seconds: u64) -> anyhow::Result<String> {
    let mut changes = writer.collection::<Todo>().subscribe().await?;
    let todos = writer.collection::<Todo>();
    let begun = Instant::now();
    let total = rate * seconds;
    // Ten times in a hundredth of a second is as steady as a thousand a second, and timers can do it.
    let mut ticks = interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let each = (rate / 100).max(1);
    let ids = ids.to_vec();
    let mut writes = tokio::spawn(async move {
        let mut open = JoinSet::new();
        let mut sent = 0;
        while sent < total {
            ticks.tick().await;
            for _ in 0..each {
                sent += 1;
                let micros = begun.elapsed().as_micros();
                let title = format!("{}:{micros}", "x".repeat(150));
                let id = ids[sent as usize % ids.len()];
                let write = todos.patch(&id, Patch::new().set(Todo::title(), title));
                open.spawn(write.into_future());
            }
            while let Some(written) = open.try_join_next() {
                written??;
            }
        }
        while let Some(written) = open.join_next().await {
            written??;
        }
        let end = Patch::new().set(Todo::title(), END);
        todos.patch(&ids[0], end).await?;
        anyhow::Ok(())
    });
    let mut times = Vec::new();
    let mut written = false;
    loop {
        let change = tokio::select! {
            change = changes.next() => change.context("the end")??,
            outcome = &mut writes, if !written => {
                outcome??;
                written = true;
                continue;
            }
        };
        match change {
            Change::Changed { row, .. } if row.title == END => break,
            Change::Changed { row, .. } => {
                let sent = Duration::from_micros(counter(&row.title));
                times.push(begun.elapsed().saturating_sub(sent));
            }
            _ => {}
        }
    }
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(format!("p50 {:.1?}, p99 {:.1?}", at(50), at(99)))
}

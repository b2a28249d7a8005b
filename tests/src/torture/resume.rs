//! Changes are pushed to subscribers whose connections break at random.

use super::{Report, client, rows};
use crate::follower::Follower;
use crate::load::Load;
use crate::process::{Program, Server};
use crate::proxy::Proxy;
use futures_util::StreamExt;
use std::time::Duration;
use todo::models::Todo;
use tokio::sync::watch;

/// Subscribers behind a breaking proxy each, besides one that is connected directly.
const PROXIES: u64 = 5;
const LANES: u64 = 64;

/// Pushes `pushes` changes to six subscribers, five of them through proxies that break connections.
pub async fn run(pushes: u64, seed: u64) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(Program::todo(), directory.path().join("resume.db")).await?;
    let mut proxies = Vec::new();
    let (done, finished) = watch::channel(None);
    let mut followers = Vec::new();
    for n in 0..=PROXIES {
        let url = if n == 0 {
            server.url()
        } else {
            // From breaking all the time to breaking now and then. A connection must be able to live until a replay
            // has come through, else its client falls behind for good.
            let life = Duration::from_millis(500 << n);
            let proxy = Proxy::start(server.address(), seed + n, life, 1 << (18 + n)).await?;
            let url = proxy.url();
            proxies.push(proxy);
            url
        };
        let client = client(&url)?;
        let mut changes = client.collection::<Todo>().subscribe().await?;
        let mut finished = finished.clone();
        followers.push(tokio::spawn(async move {
            let mut follower = Follower::default();
            loop {
                tokio::select! {
                    biased;
                    change = changes.next() => match change {
                        Some(Ok(change)) => follower.take(change, false),
                        other => {
                            follower.faults.push(format!("the stream said {other:?}"));
                            return follower;
                        }
                    },
                    // The sender outlives the followers.
                    _ = finished.wait_for(Option::is_some) => break,
                }
            }
            let expected = finished.borrow().clone().unwrap_or_default();
            follower.converge(&mut changes, false, &expected).await;
            follower
        }));
    }
    let writers = vec![client(&server.url())?];
    let load = Load::start(&writers, LANES, seed, pushes.div_ceil(LANES));
    let ledger = load.finish().await;
    let mut report = Report::default();
    let broken: u64 = proxies.iter().map(|proxy| *proxy.broken().borrow()).sum();
    proxies.iter().for_each(Proxy::calm);
    done.send_replace(Some(rows(&server.url()).await?));
    report.figure("changes", ledger.acknowledged.len());
    report.figure("connections broken", broken);
    for (n, follower) in followers.into_iter().enumerate() {
        let follower = follower.await?;
        let who = [
            "direct", "proxy 1", "proxy 2", "proxy 3", "proxy 4", "proxy 5",
        ][n];
        report.figure(who, format!("{} changes told", follower.told));
        if n == 0 && follower.told != ledger.acknowledged.len() as u64 && follower.faults.is_empty()
        {
            // Whoever keeps up is told every change; who doesn't gets net changes, so this is a figure.
            report.figure(
                "direct, told as net changes",
                ledger.acknowledged.len() as u64 - follower.told,
            );
        }
        report.failures.extend(
            follower
                .faults
                .into_iter()
                .map(|fault| format!("{who}: {fault}")),
        );
    }
    report.failures.extend(ledger.wrong);
    Ok(report)
}

/// Makes so many changes.
pub async fn push(url: &str, pushes: u64, seed: u64) -> anyhow::Result<Report> {
    let writers = [client(url)?];
    let load = Load::start(&writers, LANES, seed, pushes.div_ceil(LANES));
    let ledger = load.finish().await;
    let mut report = Report::default();
    report.figure("changes", ledger.acknowledged.len());
    report.failures.extend(ledger.wrong);
    Ok(report)
}

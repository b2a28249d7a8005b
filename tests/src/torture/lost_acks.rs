//! Connections break under writes, so that answers are lost: nothing may be written twice.

use super::{Report, Settled, client, settle};
use crate::load::Load;
use crate::process::{Program, Server};
use crate::proxy::Proxy;
use std::time::Duration;
use todo::models::Todo;

/// Breaks `resets` connections of 6 clients with 8 outstanding writes each, and restarts the server 5 times meanwhile,
/// once it is asked to end and otherwise killed.
pub async fn run(resets: u64, seed: u64) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::start(Program::todo(), directory.path().join("acks.db")).await?;
    let life = Duration::from_millis(600);
    let proxy = Proxy::start(server.address(), seed, life, 64 << 10).await?;
    let clients = (0..6).map(|_| client(&proxy.url()));
    let clients = clients.collect::<anyhow::Result<Vec<_>>>()?;
    let following = client(&proxy.url())?;
    let changes = following.collection::<Todo>().subscribe().await?;
    let load = Load::start(&clients, 8, seed, u64::MAX);
    for part in 1..=5 {
        proxy.has_broken(resets * part / 6).await;
        match part {
            3 => server.stop().await?,
            _ => server.kill()?,
        }
        server.restart().await?;
    }
    proxy.has_broken(resets).await;
    proxy.calm();
    let Settled {
        ledger,
        follower,
        verdict,
    } = settle(server, load, changes).await?;

    let mut report = Report::default();
    report.figure("connections", proxy.accepted());
    report.figure("connections broken", *proxy.broken().borrow());
    report.figure("restarts of the server", 5);
    report.figure("writes acknowledged", ledger.acknowledged.len());
    report.verdict(&verdict);
    report.figure("changes told to the follower", follower.told);
    report.failures.extend(follower.faults);
    report.all_acknowledged(&ledger);
    Ok(report)
}

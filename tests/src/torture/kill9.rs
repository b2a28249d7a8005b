//! The server is killed under concurrent writers, again and again.

use super::{Report, Settled, client, settle, spread};
use crate::load::Load;
use crate::process::{Program, Server};
use crate::random::Random;
use std::time::Duration;
use todo::models::Todo;
use tokio::time::sleep;

/// Kills the todo server `rounds` times under 6 clients with 8 outstanding writes each, and one that follows.
pub async fn run(rounds: u64, seed: u64) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::start(Program::todo(), directory.path().join("kill.db")).await?;
    let clients = (0..6).map(|_| client(&server.url()));
    let clients = clients.collect::<anyhow::Result<Vec<_>>>()?;
    let following = client(&server.url())?;
    let changes = following.collection::<Todo>().subscribe().await?;
    let load = Load::start(&clients, 8, seed, u64::MAX);
    let mut random = Random::new(seed);
    let mut restarts = Vec::new();
    for _ in 0..rounds {
        // In the middle of its work, after more or less of it.
        load.has_acknowledged(load.acknowledged() + 1 + random.below(200))
            .await;
        sleep(Duration::from_micros(random.below(5000))).await;
        server.kill()?;
        server.restart().await?;
        restarts.push(server.took);
    }
    load.has_acknowledged(load.acknowledged() + 1).await;
    let Settled {
        ledger,
        follower,
        verdict,
    } = settle(server, load, changes).await?;

    let mut report = Report::default();
    report.figure("kills", rounds);
    report.figure("writes acknowledged", ledger.acknowledged.len());
    report.verdict(&verdict);
    report.figure("until it listens again", spread(&mut restarts));
    report.figure("changes told to the follower", follower.told);
    report.failures.extend(follower.faults);
    report.all_acknowledged(&ledger);
    Ok(report)
}

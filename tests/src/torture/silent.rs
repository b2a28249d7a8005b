//! Connections stay open and carry nothing any more: whoever waits finds out by itself.

use super::{Report, Settled, client, settle};
use crate::load::Load;
use crate::process::{Program, Server};
use crate::proxy::{End, Fate, Proxy, Way};
use std::time::Duration;
use todo::models::Todo;

/// Far longer than any run.
const EVER: Duration = Duration::from_secs(3600);
const ENDS: [End; 3] = [
    End::Silence(Way::Down, EVER),
    End::Silence(Way::Up, EVER),
    End::BlackHole(EVER),
];

/// So many connections fall silent after a moment: downwards, upwards, both ways.
pub async fn run(connections: u64, seed: u64) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let program = Program::short(&["--heartbeat", "100"]);
    let server = Server::start(program, directory.path().join("silent.db")).await;
    let server = server?;
    let proxy = Proxy::with(server.address(), move |number| {
        (number < connections).then(|| Fate {
            way: Way::Down,
            bytes: u64::MAX,
            life: Duration::from_millis(50),
            delay: Duration::ZERO,
            end: ENDS[number as usize % ENDS.len()],
        })
    });
    let proxy = proxy.await?;
    let following = client(&proxy.url())?;
    let changes = following.collection::<Todo>().subscribe().await?;
    let writers = [client(&proxy.url())?];
    let load = Load::start(&writers, 8, seed, u64::MAX);
    // Once all have fallen silent, there are connections that carry something.
    while proxy.accepted() < connections + 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    load.has_acknowledged(load.acknowledged() + 50).await;
    let Settled {
        ledger,
        follower,
        verdict,
    } = settle(server, load, changes).await?;

    let mut report = Report::default();
    report.figure("connections that fell silent", connections);
    report.figure("writes acknowledged", ledger.acknowledged.len());
    report.verdict(&verdict);
    report.failures.extend(follower.faults);
    Ok(report)
}

//! What is done to a server and its clients, each with a report of figures and of what went wrong.
//!
//! Invariant: a run decides by what is there in the end, never by how long it took.

pub mod kill9;
pub mod lost_acks;
pub mod restored;
pub mod resume;
pub mod silent;
pub mod stalled;

use crate::follower::Follower;
use crate::load::{Ledger, Load};
use crate::oracle::{self, Verdict};
use crate::process::Server;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;
use todo::models::Todo;
use uuid::Uuid;
use vertebra::client::{Changes, Client};

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<(&'static str, String)>,
    /// What went wrong; nothing should be here.
    pub failures: Vec<String>,
}

impl Report {
    fn figure(&mut self, name: &'static str, value: impl ToString) {
        self.figures.push((name, value.to_string()));
    }

    fn verdict(&mut self, verdict: &Verdict) {
        self.figure("entries in the log", verdict.entries);
        self.figure("rows", verdict.rows);
        self.figure("acknowledged and lost", verdict.lost);
        self.figure("applied twice", verdict.twice);
        self.figure("phantoms", verdict.phantoms);
        self.failures.extend(verdict.failures());
    }

    /// Every write that was asked for must have been acknowledged.
    fn all_acknowledged(&mut self, ledger: &Ledger) {
        let (issued, acknowledged) = (ledger.issued.len(), ledger.acknowledged.len());
        if acknowledged != issued {
            self.failures.push(format!(
                "{issued} writes were asked for, {acknowledged} acknowledged"
            ));
        }
    }

    /// Fails a test if anything went wrong.
    ///
    /// # Panics
    ///
    /// With the report, if there is a failure.
    #[track_caller]
    pub fn check(&self) {
        assert!(self.failures.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.figures {
            writeln!(f, "{name:<32} {value}")?;
        }
        writeln!(f, "{:<32} {}", "failures", self.failures.len())?;
        for failure in self.failures.iter().take(20) {
            writeln!(f, "  {failure}")?;
        }
        Ok(())
    }
}

/// Holds a database against an account in a file.
pub fn judge(db: &Path, ledger: &Path) -> anyhow::Result<Report> {
    let ledger: Ledger = serde_json::from_slice(&std::fs::read(ledger)?)?;
    let mut report = Report::default();
    report.figure("writes acknowledged", ledger.acknowledged.len());
    report.verdict(&oracle::judge(db, &ledger)?);
    Ok(report)
}

/// A client that comes back fast, and keeps every change for its reader.
fn client(url: &str) -> anyhow::Result<Client> {
    let builder = Client::builder(url)
        .backoff(Duration::from_millis(2), Duration::from_millis(100))
        .handshake(Duration::from_secs(2))
        .queue(100_000)
        .buffer(usize::MAX / 4);
    Ok(builder.start()?)
}

/// The rows that a server has, over a connection of its own.
/// What is there when the writers have stopped: their account, what a follower was told until it had the same rows as
/// the server, and what the database says when the server has ended.
struct Settled {
    ledger: Ledger,
    follower: Follower,
    verdict: Verdict,
}

async fn settle(
    mut server: Server,
    load: Load,
    mut changes: Changes<Todo>,
) -> anyhow::Result<Settled> {
    let ledger = load.stop().await;
    let mut follower = Follower::default();
    let expected = rows(&server.url()).await?;
    follower.converge(&mut changes, false, &expected).await;
    server.stop().await?;
    let verdict = oracle::judge(server.db(), &ledger)?;
    Ok(Settled {
        ledger,
        follower,
        verdict,
    })
}

async fn rows(url: &str) -> anyhow::Result<HashMap<Uuid, Todo>> {
    let client = Client::connect(url).await?;
    let rows = client.collection::<Todo>().list().await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The middle one, and the largest.
fn spread(times: &mut [Duration]) -> String {
    times.sort();
    match times {
        [] => "none".to_string(),
        [.., most] => {
            let most = *most;
            format!("p50 {:.1?}, most {most:.1?}", times[times.len() / 2])
        }
    }
}

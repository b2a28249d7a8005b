//! The log is not what a client remembers: it was shortened, the database is another one, or an older copy is back.

use super::{Report, client, rows};
use crate::follower::Follower;
use crate::load::Load;
use crate::process::{Program, Server};
use crate::proxy::Proxy;
use crate::raw::Raw;
use anyhow::ensure;
use std::fs;
use std::path::{Path, PathBuf};
use todo::models::Todo;
use vertebra::client::{Changes, Client};

/// A server, a client of it that can be cut off, and what that client's stream told.
struct Scene {
    directory: tempfile::TempDir,
    server: Server,
    proxy: Proxy,
    client: Client,
    changes: Changes<Todo>,
    follower: Follower,
    seed: u64,
}

impl Scene {
    async fn start(seed: u64, arguments: &[&str]) -> anyhow::Result<Scene> {
        let directory = tempfile::tempdir()?;
        let db = directory.path().join("restored.db");
        let server = Server::start(Program::short(arguments), db).await?;
        let proxy = Proxy::peaceful(server.address()).await?;
        let client = client(&proxy.url())?;
        let changes = client.collection::<Todo>().subscribe().await?;
        let mut scene = Scene {
            directory,
            server,
            proxy,
            client,
            changes,
            follower: Follower::default(),
            seed,
        };
        scene.write(300).await?;
        scene.converge().await?;
        Ok(scene)
    }

    /// Some writes, by others.
    async fn write(&mut self, writes: u64) -> anyhow::Result<()> {
        self.seed += 1;
        let others = [client(&self.server.url())?];
        let ledger = Load::start(&others, 4, self.seed, writes.div_ceil(4))
            .finish()
            .await;
        ensure!(ledger.wrong.is_empty(), "{:?}", ledger.wrong);
        Ok(())
    }

    /// The client is brought to what the server has; and so are its own writes, after that.
    async fn converge(&mut self) -> anyhow::Result<()> {
        for own in [false, true] {
            if own {
                let title = format!("own:{}", self.seed);
                let write = self.client.collection::<Todo>().create(Todo::draft(title));
                write.await?;
            }
            let expected = rows(&self.server.url()).await?;
            let follower = &mut self.follower;
            follower.converge(&mut self.changes, true, &expected).await;
        }
        Ok(())
    }

    /// Nobody gets through to the server.
    fn cut(&self) {
        self.proxy.refuse(true);
        self.proxy.strike();
    }

    fn join(&self) {
        self.proxy.refuse(false);
    }

    /// What the server tells whoever comes with a cursor of the log as it was.
    async fn verdict(&self, epoch: &str, position: u64) -> anyhow::Result<String> {
        let cursor = Some((epoch, position));
        let mut raw = Raw::connect(self.server.address(), None, cursor).await?;
        raw.welcomed().await?;
        Ok(raw.verdict)
    }

    /// Where the log is.
    async fn position(&self) -> anyhow::Result<(String, u64)> {
        let mut raw = Raw::connect(self.server.address(), None, None).await?;
        raw.ready().await?;
        Ok((raw.epoch, raw.position))
    }

    fn copy(&self) -> PathBuf {
        self.directory.path().join("copy")
    }

    fn finish(self, report: &mut Report, name: &'static str, verdict: &str, expected: &str) {
        let told = format!("told {verdict:?}, {} changes", self.follower.told);
        report.figure(name, told);
        if verdict != expected {
            report.failures.push(format!("{name}: told {verdict:?}"));
        }
        let faults = self.follower.faults.into_iter();
        report
            .failures
            .extend(faults.map(|fault| format!("{name}: {fault}")));
    }
}

/// The files of a database.
fn files(db: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", db.display())))
}

/// All cases but the one of [`overtaken`].
pub async fn run(seed: u64) -> anyhow::Result<Report> {
    let mut report = Report::default();

    let mut scene = Scene::start(seed, &["--keep", "20"]).await?;
    let (epoch, seq) = scene.position().await?;
    scene.cut();
    scene.write(400).await?;
    scene.join();
    scene.converge().await?;
    let verdict = scene.verdict(&epoch, seq).await?;
    scene.finish(&mut report, "shortened", &verdict, "reset");

    let mut scene = Scene::start(seed, &[]).await?;
    let (epoch, seq) = scene.position().await?;
    scene.server.stop().await?;
    for file in files(scene.server.db()) {
        // Only the database itself is there when its server has ended well.
        let _ = fs::remove_file(file);
    }
    scene.server.restart().await?;
    scene.write(500).await?;
    scene.converge().await?;
    let verdict = scene.verdict(&epoch, seq).await?;
    scene.finish(&mut report, "another database", &verdict, "reset");

    let mut scene = Scene::start(seed, &[]).await?;
    scene.server.stop().await?;
    fs::copy(scene.server.db(), scene.copy())?;
    scene.server.restart().await?;
    scene.write(200).await?;
    scene.converge().await?;
    let (epoch, seq) = scene.position().await?;
    scene.server.stop().await?;
    fs::copy(scene.copy(), scene.server.db())?;
    scene.server.restart().await?;
    let verdict = scene.verdict(&epoch, seq).await?;
    scene.converge().await?;
    scene.finish(
        &mut report,
        "an older copy, client ahead",
        &verdict,
        "reset",
    );
    Ok(report)
}

/// An older copy is back, and its log has gone beyond where the client was before the client returns.
pub async fn overtaken(seed: u64) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut scene = Scene::start(seed, &[]).await?;
    scene.server.stop().await?;
    fs::copy(scene.server.db(), scene.copy())?;
    scene.server.restart().await?;
    scene.write(200).await?;
    scene.converge().await?;
    let (epoch, seq) = scene.position().await?;
    scene.cut();
    scene.server.stop().await?;
    fs::copy(scene.copy(), scene.server.db())?;
    scene.server.restart().await?;
    scene.write(400).await?;
    scene.join();
    let verdict = scene.verdict(&epoch, seq).await?;
    scene.converge().await?;
    scene.finish(
        &mut report,
        "an older copy, client overtaken",
        &verdict,
        "reset",
    );
    Ok(report)
}

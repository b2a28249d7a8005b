//! Servers in processes of their own.
//!
//! Invariant: a server that was started ends with its handle.

use anyhow::{Context, bail};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What is started: a program with its arguments, which takes `--addr` and `--db` too, and says where it listens.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// What it is given besides.
    pub arguments: Vec<String>,
}

impl Program {
    /// The todo example: `TODO_BIN`, or what was built beside this program.
    pub fn todo() -> Program {
        let path = std::env::var_os("TODO_BIN").map_or_else(|| built("todo"), PathBuf::from);
        Program {
            path,
            arguments: Vec::new(),
        }
    }

    /// The same models behind limits that make waits short: `torture serve` with these arguments.
    pub fn short(arguments: &[&str]) -> Program {
        let arguments = ["serve"].iter().chain(arguments);
        Program {
            path: built("torture"),
            arguments: arguments.map(ToString::to_string).collect(),
        }
    }
}

/// A program of this workspace that was built with this one.
pub fn built(name: &str) -> PathBuf {
    // A program knows its own file.
    let own = std::env::current_exe().unwrap_or_default();
    let directory = own.parent().unwrap_or(Path::new("."));
    let directory = match directory.file_name().is_some_and(|name| name == "deps") {
        true => directory.parent().unwrap_or(directory),
        false => directory,
    };
    directory.join(name)
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    program: Program,
    db: PathBuf,
    address: SocketAddr,
    child: Child,
    /// How long it took until it listened.
    pub took: Duration,
}

impl Server {
    /// Starts a server on a free port, and waits until it listens.
    pub async fn start(program: Program, db: impl Into<PathBuf>) -> anyhow::Result<Server> {
        Server::start_at(program, db.into(), "127.0.0.1:0".to_string()).await
    }

    async fn start_at(program: Program, db: PathBuf, address: String) -> anyhow::Result<Server> {
        tokio::task::spawn_blocking(move || spawn(program, db, &address)).await?
    }

    /// The same program, database and address again, after it has ended.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let (program, db) = (self.program.clone(), self.db.clone());
        *self = Server::start_at(program, db, self.address.to_string()).await?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its database.
    pub fn db(&self) -> &Path {
        &self.db
    }

    /// Ends it without a chance to tidy up, and waits until it is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("cannot be killed")?;
        let status = self.child.wait()?;
        // One that had ended by itself was not killed.
        if status.code().is_some() {
            bail!("the server ended by itself: {status}");
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()?;
        if !asked.success() {
            bail!("the server cannot be asked to end");
        }
        while self.child.try_wait()?.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How much memory it takes, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        let kilobytes: u64 = kilobytes.context("no VmRSS")?.parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: Program, db: PathBuf, address: &str) -> anyhow::Result<Server> {
    let begun = Instant::now();
    let mut child = Command::new(&program.path)
        .args(&program.arguments)
        .args(["--addr", address, "--db"])
        .arg(&db)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} cannot be started", program.path.display()))?;
    let mut line = String::new();
    if let Some(said) = child.stdout.take() {
        BufReader::new(said).read_line(&mut line)?;
    }
    let Some(address) = line.trim().strip_prefix("listening on http://") else {
        let _ = child.kill();
        bail!("the server ended before it listened: {}", child.wait()?);
    };
    Ok(Server {
        address: address.parse()?,
        program,
        db,
        child,
        took: begun.elapsed(),
    })
}

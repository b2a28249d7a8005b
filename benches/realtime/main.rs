//! `cargo bench -p vertebra-benches`: acknowledged writes, deliveries, memory and bytes of Vertebra, beside a WebSocket
//! server without storage that hands every message to everybody: the limit of this machine.
//!
//! Server and load are processes of their own, each on a core of its own, and every pair of figures is from one run.
//! Invariant: the same load drives both servers, over the same number of bytes.

mod load;
mod server;

use load::Target;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

const SERVE: &str = "--serve";
const LOAD: &str = "--load";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let outcome = match (after(SERVE), after(LOAD)) {
        (Some(kind), _) => server::run(&kind, after("--db")),
        (_, Some(_)) => load::run(after("--vertebra"), after("--raw"), seconds()),
        _ => measure(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// How long each figure is measured: `SECONDS=2`.
fn seconds() -> Duration {
    let asked = std::env::var("SECONDS").ok();
    Duration::from_secs(asked.and_then(|seconds| seconds.parse().ok()).unwrap_or(2))
}

/// This program again, on a core.
fn pinned(core: &str, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(std::env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server on the first core; answers where it is.
fn serve(arguments: &[&str]) -> anyhow::Result<(Served, String)> {
    let mut child = pinned("0", arguments)?.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(said) = child.stdout.take() {
        BufReader::new(said).read_line(&mut line)?;
    }
    let target = Target::new(line.trim(), child.id());
    Ok((Served(child), target.to_string()))
}

fn measure() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("bench.db").display().to_string();
    let (_vertebra, vertebra) = serve(&[SERVE, "vertebra", "--db", &db])?;
    let (_raw, raw) = serve(&[SERVE, "raw"])?;
    let arguments = [LOAD, "all", "--vertebra", &vertebra, "--raw", &raw];
    let status = pinned("1", &arguments)?.status()?;
    anyhow::ensure!(status.success(), "the load ended: {status}");
    Ok(())
}

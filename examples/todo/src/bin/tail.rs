//! Prints each change of the todo list as it happens: `cargo run -p todo --bin tail`.
//!
//! Changes go to standard output, one line each; how the connection is goes to standard error.

use clap::Parser;
use futures_util::StreamExt;
use std::io::{self, Write};
use std::process::ExitCode;
use todo::models::Todo;
use vertebra::client::{Change, Client, State, Why};

/// Prints each change of the todo list as it happens.
#[derive(Parser)]
struct Arguments {
    /// Where the server is.
    #[arg(long, default_value = "http://127.0.0.1:4000")]
    url: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // Started, not connected: the server may come later, and come back.
    let client = Client::builder(&arguments.url).start()?;
    tokio::spawn(tell_states(client.clone(), arguments.url));
    let mut changes = client.collection::<Todo>().subscribe().await?;
    while let Some(change) = changes.next().await {
        match print(&change?) {
            // Whoever read this has seen enough, as in `tail | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            printed => printed?,
        }
    }
    Ok(())
}

async fn tell_states(client: Client, url: String) {
    let mut states = client.state();
    loop {
        let state = *states.borrow_and_update();
        match state {
            State::Connecting => eprintln!("connecting to {url}"),
            State::Live => eprintln!("live"),
            State::Stale => eprintln!("connection lost, trying again"),
            State::Offline => eprintln!("offline"),
        }
        if states.changed().await.is_err() {
            return;
        }
    }
}

fn print(change: &Change<Todo>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match change {
        Change::Snapshot(rows) => {
            for row in rows {
                line(&mut out, "have", row, &row.title)?;
            }
        }
        Change::New(row) => line(&mut out, "new", row, &row.title)?,
        Change::Changed { row, before } => line(&mut out, "change", row, &difference(before, row))?,
        Change::Removed { row, why } => {
            let why = match why {
                Why::Deleted => "",
                Why::Left => " (left)",
                Why::Revoked => " (revoked)",
                Why::Missing => " (gone)",
                Why::Unreadable => " (unreadable)",
            };
            line(&mut out, "remove", row, &format!("{}{why}", row.title))?;
        }
    }
    out.flush()
}

fn line(out: &mut impl Write, what: &str, row: &Todo, text: &str) -> io::Result<()> {
    // What people typed stays on its line, and does nothing to the terminal.
    let text: String = text
        .chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<char>>(),
            false => vec![c],
        })
        .collect();
    writeln!(out, "{what:<7} {} {text}", row.id)
}

/// What people see of a change: not the time of it.
fn difference(before: &Todo, row: &Todo) -> String {
    let mut parts = Vec::new();
    if before.title != row.title {
        parts.push(format!("title: {} → {}", before.title, row.title));
    }
    if before.done != row.done {
        parts.push(format!("done: {} → {}", before.done, row.done));
    }
    if parts.is_empty() {
        parts.push("saved".to_string());
    }
    parts.join(", ")
}

//! What `vertebra` understands: one file a subcommand.
//!
//! Invariant: exit code 0 means that everything is as asked, 1 that something is wrong with the input or differs, 2 that
//! the command itself was wrong.

mod generate;
mod settings;

use clap::{Parser, Subcommand};
use std::env;
use std::io::IsTerminal;
use std::process::ExitCode;

/// One Rust struct: a realtime server, a typed client, and Backbone models that stay in sync.
#[derive(Parser)]
#[command(
    name = "vertebra",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Generate(generate::Generate),
}

/// How a command ended, other than well.
enum Failure {
    /// The input is wrong, or differs: it has been shown.
    Found,
    /// It couldn't be done.
    Error(anyhow::Error),
    /// The command makes no sense.
    Usage(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Error(error.into())
    }
}

/// Runs what the command line says.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Generate(generate) => generate.run(),
    };
    let (code, error) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Found) => return ExitCode::from(1),
        Err(Failure::Error(error)) => (1, error),
        Err(Failure::Usage(error)) => (2, error),
    };
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

/// Whether what goes to the error output may have colours: <https://no-color.org>.
fn colors() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stderr().is_terminal()
}

#[cfg(test)]
#[test]
fn arguments_are_consistent() {
    use clap::CommandFactory;
    Arguments::command().debug_assert();
}

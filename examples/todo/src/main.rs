//! A todo list that stays in sync: server, SQLite file and page in one program.

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use todo::BUNDLE;
use todo::models::Todo;
use vertebra::Vertebra;

/// Serves a todo list that stays in sync.
#[derive(Parser)]
struct Arguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:4000")]
    addr: String,
    /// The SQLite file; made when it isn't there.
    #[arg(long, default_value = "todo.sqlite")]
    db: PathBuf,
    /// The directory of the page.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/web"))]
    web: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let vertebra = Vertebra::builder()
        .model::<Todo>()
        .database(arguments.db)
        .bundle(&BUNDLE)
        .web(arguments.web)
        .start()
        .await?;
    let listening = vertebra.listen(arguments.addr).await?;
    println!("listening on http://{}", listening.address());
    listening.run().await?;
    Ok(())
}

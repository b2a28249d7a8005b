//! Vertebra: one Rust struct → a database-backed realtime CRUD server, a typed Rust client, and Backbone models that
//! stay in sync by themselves.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use uuid::Uuid;
//! use vertebra::{Client, Model, Patch, Vertebra};
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, Model)]
//! #[model(collection = "todos", realtime)]
//! struct Todo {
//!     #[model(id)]
//!     id: Uuid,
//!     #[model(len = 1..=200)]
//!     title: String,
//!     #[serde(default)]
//!     done: bool,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let database = directory.path().join("app.sqlite");
//! // The server: a SQLite file, and four ways to talk to it.
//! let vertebra = Vertebra::builder().model::<Todo>().database(database).start().await?;
//! let listening = vertebra.listen("127.0.0.1:0").await?;
//! let url = format!("http://{}", listening.address());
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let server = tokio::spawn(listening.run_until(async { stopped.await.unwrap_or_default() }));
//!
//! // A client: typed calls, and collections that keep themselves current.
//! let client = Client::connect(&url).await?;
//! let todos = client.collection::<Todo>();
//! let mut live = todos.live().await?;
//! let milk = todos.create(Todo::draft("Buy milk")).await?;
//! todos.patch(&milk.id, Patch::new().set(Todo::done(), true)).await?;
//! live.wait_until(|rows| rows.iter().any(|todo| todo.done)).await?;
//!
//! let refused = todos.create(Todo::draft("")).await.unwrap_err();
//! assert_eq!(refused.fields["title"], "must have at least 1 character");
//! # client.close();
//! # let _ = stop.send(());
//! # server.await??;
//! # Ok(())
//! # }
//! ```

// What the derive writes names this crate; here it is itself.
extern crate self as vertebra;

mod bundle;
pub mod client;
mod model;
pub mod protocol;
pub mod server;
pub mod store;
pub mod sync;

pub use bundle::Bundle;
pub use client::Client;
#[doc(hidden)]
pub use model::derive;
pub use model::{Column, Filter, Fits, Model, New, Order, Patch, column};
pub use server::Vertebra;
pub use vertebra_macros::{Described, Model};
pub use vertebra_schema as schema;

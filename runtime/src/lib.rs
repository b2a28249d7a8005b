//! Vertebra: one Rust struct → a database-backed realtime CRUD server, a typed Rust client, and Backbone models that
//! stay in sync by themselves.

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

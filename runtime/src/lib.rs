//! Vertebra: one Rust struct → a database-backed realtime CRUD server, a typed Rust client, and Backbone models that
//! stay in sync by themselves.

// What the derive writes names this crate; here it is itself.
extern crate self as vertebra;

pub mod client;
pub mod protocol;
pub mod store;
pub mod sync;

pub use vertebra_schema as schema;

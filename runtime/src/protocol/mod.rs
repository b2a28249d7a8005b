//! The wire protocol, `vertebra/1`: frames, errors, queries and how they are written down.
//!
//! Invariant: no I/O, no clock, no database. Server, Rust client and generated JavaScript agree because
//! `tests/protocol/` runs the same vectors through all of them.

mod digest;
mod error;
mod frame;
mod query;
mod request;
pub mod socket_io;

pub use digest::{Digest, Have};
pub use error::{Code, Error, Retry};
pub use frame::{
    ClientFrame, Cursor, Hello, Mutation, Op, Opening, ServerFrame, Snapshot, SubscriptionOps,
    Transition, Welcome, frames,
};
pub use query::{After, Condition, Query, Sort};
pub use request::{Operation, Reply, Request};

/// Position in the change log: one integer for each committed change set, below 2^53.
pub type Seq = u64;
/// Mutation number: contiguous from 1 within a client.
pub type Mid = u64;
/// Subscription number, chosen by the client.
pub type Sid = u32;
/// The version of the protocol that this crate speaks.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol of the native face.
pub const SUBPROTOCOL: &str = "vertebra.1";

//! The engine: what happens to a request, whichever face it came in by, and how changes reach those who watch.
//!
//! `engine` answers requests; `hub` follows the store's log and keeps what each distinct query owes its watchers,
//! encoded once; a `session` is one client's cursor into that; a `Follower` is the same for plain Socket.IO clients.
//!
//! Invariant: transport-agnostic. A session is given a [`Wire`]; it never sees a socket.

mod engine;
mod follower;
mod hub;
mod input;
mod key;
mod limits;
mod ops;
mod rows;
mod seats;
mod session;

pub use engine::{Caller, Engine};
pub use follower::{Event, Follower};
pub use limits::Limits;
pub use session::{Closed, Wire, serve};

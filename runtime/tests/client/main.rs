//! The Rust client over real sockets: against a server that does what a test says, and against the real one.

#![allow(clippy::unwrap_used)]

mod changes;
mod connection;
mod live;
mod peer;
mod server;
mod writes;

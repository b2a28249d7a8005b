//! The typed Rust client: reads, writes, subscriptions and live collections over one WebSocket that comes back by
//! itself.

mod backoff;
mod connection;
mod endpoint;
mod feed;
mod outbox;
mod replica;
mod session;
mod signal;
#[cfg(test)]
mod tests;

pub use replica::Why;
pub use signal::Signal;

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has not been connected yet.
    Connecting,
    /// It is connected: what it shows is what the server has.
    Live,
    /// The connection was lost, and it is trying to come back: what it shows is what the server had.
    Stale,
    /// It will not connect again: it was closed, or the server refused it.
    Offline,
}

//! What one client may make the server do and hold.
//!
//! Invariant: everything that a client can make grow has a bound here.

use std::time::Duration;

/// What a client may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message, in bytes.
    pub message_bytes: usize,
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Mutations of one connection that are not answered yet; more are not read until some are.
    pub outstanding: usize,
    /// Reads of one connection that are not answered yet; more are not read until some are.
    pub reads: usize,
    /// The largest page of a snapshot, in bytes of JSON.
    pub chunk_bytes: usize,
    /// What is put together for a connection before the last of it has left, in bytes: a message is not much longer
    /// unless a single row or commit is.
    pub buffer_bytes: usize,
    /// How long a connection may be without a frame before the server sends a watermark.
    pub heartbeat: Duration,
    /// How long a client may take nothing of what it is sent before it is cut off.
    pub stalled: Duration,
    /// How long a new connection may take to say hello.
    pub hello: Duration,
    /// The time over which connections are closed when the server stops; with few of them it is shorter.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 1 << 20,
            subscriptions: 256,
            outstanding: 1024,
            reads: 8,
            chunk_bytes: 32 << 10,
            buffer_bytes: 32 << 10,
            heartbeat: Duration::from_secs(15),
            stalled: Duration::from_secs(30),
            hello: Duration::from_secs(10),
            drain: Duration::from_secs(2),
        }
    }
}

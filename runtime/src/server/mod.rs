//! The faces of the engine on the network.
//!
//! Invariant: a face decodes, encodes and queues; what a request means is decided in `sync`.

pub mod socket_io;

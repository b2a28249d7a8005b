//! The server: four faces over one engine, as an `axum::Router` or as a program of its own.
//!
//! | path | face |
//! | --- | --- |
//! | `/realtime` | native WebSocket |
//! | `/socket.io/` | Socket.IO: frames on namespace `/`, plain events on `/<collection>` |
//! | `/api/<collection>` | HTTP, described at `/api/openapi.json` |
//! | `/vertebra/` | the generated JavaScript |
//!
//! Invariant: a face decodes a request, calls the engine and encodes the answer; it decides nothing.

mod assets;
mod builder;
mod http;
mod listen;
mod origin;
pub mod socket_io;
mod websocket;

pub use builder::{Builder, StartError, Vertebra};
pub use listen::Listening;

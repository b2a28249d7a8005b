//! The pure parts, against oracles and against the vectors that the JavaScript implementation runs too.

#![allow(clippy::unwrap_used)]

mod feed;
mod outbox;
mod replica;
mod vectors;

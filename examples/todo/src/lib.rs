//! What the programs of the example share.

pub mod models;

//! What the programs of the example share: the models, and the JavaScript that was generated from them.

pub mod models;

include!(concat!(env!("OUT_DIR"), "/vertebra.rs"));

//! The schema of a Vertebra application: the bottom of the house.
//!
//! Everything that is said about a model is said here once: its fields, their types, the shape they have on the
//! wire and the rules their values keep. The derive builds these values as constants, the generator reads them from
//! source or from a document; server, client and generated JavaScript follow from them.
//!
//! Invariant: this crate knows no socket, no database and no clock. With the feature `read` it also holds the only code
//! that interprets `#[serde(…)]` and `#[model(…)]`.

mod check;
#[doc(hidden)]
pub mod derive;
mod fingerprint;
mod fit;
mod forms;
mod model;
mod pattern;
mod rule;
mod shared;
mod types;
mod wire;

#[cfg(feature = "read")]
pub mod read;

pub use check::{Problems, accept};
pub use fingerprint::Fingerprint;
pub use fit::{Misfit, fits, literal, literal_text, misfits};
pub use model::{Field, Flag, Model, Schema};
pub use rule::{Number, Rule};
pub use shared::Shared;
pub use types::{Described, Type};
pub use wire::{from_wire, to_wire, value_from_wire, value_to_wire};

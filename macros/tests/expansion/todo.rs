//! A model of eight fields, to see what the derive makes of it. Only the derive's own code counts, so there is no serde
//! here, and nothing of the library but the names that the derive imports.

extern crate self as vertebra;

pub mod derive {}

use vertebra_macros::Model;

/// Something to do.
#[derive(Model)]
#[model(collection = "todos", realtime)]
pub struct Todo {
    #[model(id)]
    pub id: Uuid,
    /// What to do.
    #[model(len = 1..=200)]
    pub title: String,
    #[model(default = false)]
    pub done: bool,
    #[model(default = 1, min = 0, max = 3, index)]
    pub priority: u8,
    /// Where it belongs.
    pub list: Uuid,
    pub due: Option<jiff::civil::Date>,
    #[model(created_at)]
    pub created_at: Timestamp,
    #[model(updated_at)]
    pub updated_at: Timestamp,
}

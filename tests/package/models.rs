//! The todo server's model, as its own crate has it, and beside it one of everything that a package has to carry.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;
use vertebra::{Described, Model};

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Model)]
#[model(collection = "todos", realtime)]
pub struct Todo {
    /// Names the row; made by the client that creates it.
    #[model(id)]
    pub id: Uuid,
    /// What to do.
    #[model(len = 1..=200)]
    pub title: String,
    /// Whether it is done.
    #[serde(default)]
    pub done: bool,
    /// When it was written down.
    #[model(created_at)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[model(updated_at)]
    pub updated_at: Timestamp,
}

/// A thing that was bought.
#[derive(Clone, Serialize, Deserialize, Model)]
#[model(realtime)]
pub struct Purchase {
    #[model(id)]
    pub id: i64,
    #[model(default = 0)]
    pub cents: i64,
    #[model(default = "low")]
    pub priority: Priority,
    pub due: Option<Date>,
    pub paid_at: Option<Timestamp>,
    #[serde(default)]
    pub shares: BTreeMap<String, i64>,
    #[serde(default)]
    pub unlikely_to_be_anywhere_else: bool,
}

/// How much something matters.
#[derive(Clone, Serialize, Deserialize, Described)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    High,
    VeryHigh,
}

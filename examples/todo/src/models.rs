//! The models of the todo list: the page, the server and the clients all follow from here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

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

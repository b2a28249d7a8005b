//! What is measured: one model, as both the server and the load know it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

/// Something small that changes often.
#[derive(Clone, Debug, Serialize, Deserialize, Model)]
#[model(collection = "items", realtime)]
pub struct Item {
    /// Names it.
    #[model(id)]
    pub id: Uuid,
    /// A few words.
    pub text: String,
    /// A number.
    pub count: u32,
}

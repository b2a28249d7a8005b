use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(read_only, create_only, default = "x")]
    owner: String,
    #[model(created_at, updated_at)]
    at: jiff::Timestamp,
    #[model(created_at, default = "2026-01-31T12:00:00Z")]
    again: jiff::Timestamp,
}

fn main() {}

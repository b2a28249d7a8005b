use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(id)]
    key: String,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(pattern = "[a-z")]
    broken: String,
    #[model(pattern = "(?i)abc")]
    only_here: String,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(realtime, realtime)]
struct Todo {
    #[model(id)]
    #[model(id)]
    id: Uuid,
    #[model(min = 1, min = 2)]
    priority: u8,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

/// What an alias stands for is known to the compiler only; its answer stands under the attributes.
type Done = bool;
type Title = String;
type Small = u8;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(len = 1..)]
    done: Done,
    #[model(index, min = 1)]
    title: Title,
    #[model(default = 300)]
    priority: Small,
    #[serde(default)]
    key: Uuid,
    #[model(created_at)]
    created: Title,
}

fn main() {}

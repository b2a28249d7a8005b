use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(id)]
struct Todo {
    #[model(id, realtime)]
    id: Uuid,
    #[model(collection = "todos")]
    title: String,
    place: Place,
}

#[derive(Clone, Serialize, Deserialize, vertebra::Described)]
#[model(strict)]
struct Place {
    #[model(unique)]
    city: String,
}

#[derive(Clone, Serialize, Deserialize, vertebra::Described)]
enum Status {
    #[model(default = "open")]
    Open,
    Closed,
}

fn main() {}

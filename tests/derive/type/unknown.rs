use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    city: String,
}

type Count = usize;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    place: Place,
    places: Vec<Place>,
    count: Count,
}

fn main() {}

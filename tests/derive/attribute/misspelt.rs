use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(realtme)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(indx, colour = "red")]
    title: String,
}

fn main() {}

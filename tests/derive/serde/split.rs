use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[serde(rename_all(serialize = "camelCase"))]
struct Todo {
    #[model(id)]
    id: Uuid,
    long_title: String,
}

fn main() {}

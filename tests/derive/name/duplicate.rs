use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    title: String,
    #[serde(rename = "title")]
    name: String,
    #[serde(rename = "Title")]
    heading: String,
}

#[derive(Clone, Serialize, Deserialize, vertebra::Described)]
enum Status {
    Open,
    #[serde(rename = "Open")]
    Closed,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    title: String,
}

#[derive(Clone, Serialize, Deserialize, Model)]
struct Note {
    id: Uuid,
}

fn main() {}

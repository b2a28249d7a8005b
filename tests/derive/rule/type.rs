use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(len = 1..)]
    done: bool,
    #[model(min = 1)]
    title: String,
    #[model(max = 300)]
    priority: u8,
    #[model(min = 0.5)]
    half: i32,
    #[model(one_of = ["1"])]
    count: u32,
    #[model(pattern = "x")]
    tags: Vec<String>,
    #[model(number)]
    small: u8,
    #[model(created_at)]
    created: String,
    #[model(index)]
    list: Option<Vec<u8>>,
    #[model(read_only)]
    owner: String,
    #[model(secret)]
    key: uuid::Uuid,
}

fn main() {}

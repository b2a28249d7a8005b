use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

type Title = String;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(min = 3, max = 1)]
    priority: u8,
    #[model(len = 5..=1)]
    title: Title,
    #[model(one_of = [])]
    none: String,
    #[model(one_of = ["a", "a"])]
    same: String,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

type Title = String;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[model(default = 4, max = 3)]
    priority: u8,
    #[model(default = "", len = 1..)]
    title: Title,
    #[model(default = 1)]
    done: bool,
    #[model(default = "red", one_of = ["a", "b"])]
    choice: String,
    #[model(default = 0.5)]
    whole: i64,
    #[model(default = -1)]
    unsigned: u16,
    #[model(default = "x")]
    list: Vec<u8>,
    #[serde(default)]
    id_of_other: uuid::Uuid,
}

fn main() {}

use serde::{Deserialize, Serialize};
use vertebra::Model;

/// Mistakes of all kinds in one struct are all said in one build.
#[derive(Clone, Serialize, Deserialize, Model)]
#[model(colection = "todos")]
struct Todo {
    #[model(id)]
    id: bool,
    #[model(len = 5..=1)]
    title: String,
    #[serde(flatten)]
    rest: Vec<u8>,
    #[model(default = 300)]
    priority: u8,
    count: usize,
}

fn main() {}

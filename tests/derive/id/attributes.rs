use serde::{Deserialize, Serialize};
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id, secret, index, unique, default = 1)]
    id: u64,
}

fn main() {}

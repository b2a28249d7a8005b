use serde::{Deserialize, Serialize};
use vertebra::Model;

type Flagged = bool;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Missing {
    #[model(id)]
    id: Option<u64>,
}

#[derive(Clone, Serialize, Deserialize, Model)]
struct Seen {
    #[model(id)]
    id: f64,
}

#[derive(Clone, Serialize, Deserialize, Model)]
struct Alias {
    #[model(id)]
    id: Flagged,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "to/dos")]
struct Slash {
    #[model(id)]
    id: Uuid,
}

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "_vertebra_log")]
struct Own {
    #[model(id)]
    id: Uuid,
}

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "sqlite_master")]
struct Database {
    #[model(id)]
    id: Uuid,
}

fn main() {}

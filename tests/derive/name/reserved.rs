use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    _v: u32,
    _vertebra_seq: u32,
    #[serde(rename = "$or")]
    operator: String,
    #[serde(rename = "-title")]
    minus: String,
    draft: bool,
}

fn main() {}

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    count: usize,
    counts: Vec<Option<isize>>,
    big: u128,
    text: &'static str,
    bytes: [u8; 4],
    twice: Option<Option<u8>>,
    four: (u8, u8, u8, u8),
}

fn main() {}

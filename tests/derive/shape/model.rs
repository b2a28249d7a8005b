use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Tuple(Uuid, String);

#[derive(Clone, Serialize, Deserialize, Model)]
struct Unit;

#[derive(Clone, Serialize, Deserialize, Model)]
enum Choice {
    One,
}

#[derive(Clone, Serialize, Deserialize, Model)]
struct Generic<T> {
    #[model(id)]
    id: Uuid,
    value: T,
}

#[derive(Clone, Serialize, Model)]
struct Borrowed<'a> {
    #[model(id)]
    id: Uuid,
    title: &'a str,
}

fn main() {}

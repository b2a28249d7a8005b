use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
    title: String,
    #[model(create_only)]
    owner: String,
    #[model(created_at)]
    created_at: jiff::Timestamp,
}

fn mistakes() {
    let at = jiff::Timestamp::now();
    let _ = Todo::draft("a", "b").set(Todo::created_at(), at);
    let _ = vertebra::Patch::new().set(Todo::owner(), "c");
    let _ = vertebra::Patch::new().set(Todo::title(), 3);
    let _ = vertebra::Patch::new().clear(Todo::title());
}

fn main() {}

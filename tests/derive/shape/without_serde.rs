use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Model)]
struct Todo {
    #[model(id)]
    id: Uuid,
}

fn main() {}

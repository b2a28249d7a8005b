#[derive(Model)]
#[model(realtiem)]
struct Todo {
    id: uuid::Uuid,
    #[model(len = 3..=1)]
    title: String,
    #[serde(flatten)]
    more: Gone,
    #[model(max = 300)]
    priority: u8,
}

use std::collections::BTreeMap;

#[derive(Model)]
struct Task {
    #[model(id)]
    id: uuid::Uuid,
    when: Instant,
    count: usize,
    place: Place,
    owner: User,
    names: BTreeMap<u32, String>,
    label: &'static str,
    size: Size,
    again: Size,
}

struct Place {
    name: String,
}

#[derive(Model)]
struct User {
    #[model(id)]
    id: uuid::Uuid,
}

#[derive(Described)]
struct Size {
    width: f128,
    tall: Height,
}

#[derive(Described)]
struct Height(u8);

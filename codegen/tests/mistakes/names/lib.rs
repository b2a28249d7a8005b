#[derive(Model)]
struct Todo {
    #[model(id)]
    id: u32,
    #[model(pattern = "^[a-z]$")]
    code: String,
}

mod other {
    #[derive(Model)]
    #[model(collection = "others")]
    struct Todo {
        #[model(id)]
        id: u32,
    }
}

#[derive(Model)]
#[model(collection = "todos")]
struct Task {
    #[model(id)]
    id: u32,
}

#[derive(Model)]
#[model(collection = "all")]
struct Todos {
    #[model(id)]
    id: u32,
}

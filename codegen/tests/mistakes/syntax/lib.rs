struct Todo {
    title: String,

fn main() {}

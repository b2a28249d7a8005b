//! A model as most are, in a crate that is strict about lints.
#![deny(warnings, missing_docs)]

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Model)]
#[model(collection = "todos", realtime)]
pub struct Todo {
    /// Its name in the world.
    #[model(id)]
    pub id: Uuid,
    /// What to do.
    #[model(len = 1..=200)]
    pub title: String,
    /// Whether it is done.
    #[serde(default)]
    pub done: bool,
    /// 3 is most urgent.
    #[model(default = 1, min = 0, max = 3, index)]
    pub priority: u8,
    /// When it should be done.
    pub due: Option<jiff::civil::Date>,
    /// When it was written down.
    #[model(created_at)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[model(updated_at)]
    pub updated_at: Timestamp,
}

fn main() {
    let fields: Vec<&str> = Todo::MODEL.fields.iter().map(|field| &*field.name).collect();
    assert_eq!(
        fields,
        ["id", "title", "done", "priority", "due", "created_at", "updated_at"]
    );
    assert_eq!(Todo::MODEL.fields[1].docs, "What to do.".into());
    assert_eq!(Todo::MODEL.fields[2].default.as_deref(), Some("false"));
    let row = Todo {
        id: Uuid::nil(),
        title: "Buy milk".to_string(),
        done: false,
        priority: 1,
        due: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(*row.id(), Uuid::nil());
    assert_eq!(Todo::from_wire(row.to_wire().unwrap()).unwrap(), row);
    let new = Todo::draft("Buy milk").set(Todo::priority(), 2);
    let patch = vertebra::Patch::new().set(Todo::title(), "x").clear(Todo::due());
    println!("{:?} {patch:?} {:?}", new.into_wire(), Todo::done().eq(false).to_json());
}

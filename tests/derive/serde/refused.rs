use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[serde(default, tag = "type")]
struct Todo {
    #[model(id)]
    id: Uuid,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, String>,
    #[serde(skip)]
    skipped: u8,
    #[serde(with = "elsewhere")]
    with: u8,
    #[serde(alias = "other")]
    alias: u8,
    #[serde(skip_serializing_if = "String::is_empty")]
    empty: String,
    #[serde(rename(serialize = "a", deserialize = "b"))]
    split: u8,
    #[serde(default = "number")]
    function: u8,
}

impl Default for Todo {
    fn default() -> Self {
        loop {}
    }
}

fn number() -> u8 {
    3
}

mod elsewhere {
    pub fn serialize<S: serde::Serializer>(_: &u8, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(1)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        Ok(1)
    }
}

fn main() {}

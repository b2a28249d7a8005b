//! Models that are compiled with the derive and read from this text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;
use vertebra::{Described, Model};

pub type Date = jiff::civil::Date;
pub type Key = u64;

/// How things stand.
#[derive(Clone, Serialize, Deserialize, Described)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Status {
    InWork,
    #[serde(rename = "finished")]
    Done,
}

/// Where something is.
#[derive(Clone, Serialize, Deserialize, Described)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// With its number.
    #[model(len = 1..=80)]
    pub street_name: String,
    #[model(default = 0, min = -0.5)]
    pub height: f32,
    pub since: Option<Date>,
    #[serde(default)]
    pub visits: u64,
    #[model(number)]
    pub exact: i64,
}

/// Something to do.
///
/// Or several things:
///  - one
///  - two
#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = "todos", realtime)]
pub struct Todo {
    #[model(id)]
    pub id: Uuid,
    /** In a block,
    indented. */
    #[model(len = 1..=200, pattern = r"^\S")]
    pub title: String,
    #[serde(default)]
    pub done: bool,
    #[model(default = 1, min = 0, max = 3, index)]
    pub priority: u8,
    pub due: Option<Date>,
    #[model(created_at)]
    pub created_at: Timestamp,
    #[model(updated_at)]
    pub updated_at: Timestamp,
}

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(strict)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    #[model(id)]
    pub key: Key,
    #[model(default = 5)]
    pub big: Key,
    #[model(default = 6, number)]
    pub exact: Key,
    #[model(default = -7, max = -1)]
    pub r#type: i16,
    #[model(default = 8)]
    pub ratio: f64,
    #[model(default = 0.25)]
    pub fraction: f64,
    #[model(default = 'x')]
    pub letter: char,
    #[model(default = "finished", index)]
    pub status: Status,
    pub place: Place,
    #[model(default = [], len = ..=3)]
    pub places: Vec<Place>,
    #[model(default = {})]
    pub by_name: BTreeMap<String, Vec<Option<Place>>>,
    pub pair: (Status, Option<Key>),
    pub triple: Box<(u8, bool, String)>,
    #[model(one_of = ["a", "\"quoted\"", "ü"], create_only, unique)]
    pub choice: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[model(secret)]
    pub password: Option<String>,
    #[model(read_only, default = "nobody")]
    pub owner: String,
    #[serde(default)]
    pub extra: serde_json::Value,
}

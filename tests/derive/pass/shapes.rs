//! Everything that a model can be made of.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use vertebra::schema::{Fingerprint, Flag, Number, Rule, Type};
use vertebra::{Column, Described, Model, New, Patch};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Described)]
#[serde(rename_all = "kebab-case")]
enum Status {
    InWork,
    #[serde(rename = "finished")]
    Done,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Described)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[model(len = ..=80)]
    street_name: String,
    #[model(default = "Bern")]
    city: String,
    zip: Option<u32>,
    visits: u64,
}

type Key = u64;
type Ratio = f64;

/// A bill.
///
/// With a second paragraph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Model)]
#[model(strict)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldCategory {
    #[model(id)]
    key: Key,
    #[model(default = 5)]
    total: u64,
    #[model(number, default = 6)]
    exact: Key,
    #[model(default = 7, min = -1.5)]
    ratio: Ratio,
    #[model(default = -8)]
    below: i32,
    r#type: char,
    address: Address,
    #[model(default = "in-work", index)]
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nested: Option<Vec<(u8, String)>>,
    #[model(default = {})]
    map: BTreeMap<String, Box<i64>>,
    #[serde(default)]
    hash: HashMap<String, bool>,
    #[model(default = [])]
    list: Vec<Address>,
    #[model(one_of = ["a", "b\"c"], default = "a", create_only)]
    choice: String,
    #[model(pattern = "^[a-z]+$", len = 4)]
    word: String,
    #[model(secret, unique)]
    password: Option<String>,
    #[model(secret)]
    salt: String,
    #[model(read_only)]
    owner: Option<String>,
    payload: serde_json::Value,
}

const FINGERPRINT: u64 = Fingerprint::constant(OldCategory::MODEL);

fn main() {
    let model = OldCategory::MODEL;
    assert_eq!(&*model.collection, "old_categories");
    assert_eq!(&*model.docs, "A bill.\n\nWith a second paragraph.");
    assert!(model.strict && !model.realtime);
    assert_eq!(FINGERPRINT, Fingerprint::of(model));
    let default = |name: &str| model.field(name).unwrap().default.as_deref();
    assert_eq!(default("total"), Some("\"5\""));
    assert_eq!(default("exact"), Some("6"));
    assert_eq!(default("ratio"), Some("7.0"));
    assert_eq!(default("below"), Some("-8"));
    assert_eq!(default("status"), Some("\"in-work\""));
    assert_eq!(default("nested"), None);
    assert_eq!(default("map"), Some("{}"));
    assert_eq!(default("hash"), Some("{}"));
    assert_eq!(default("list"), Some("[]"));
    assert_eq!(model.field("ratio").unwrap().rules[0], Rule::Min(Number::Float(-1.5)));
    assert_eq!(model.field("type").unwrap().ident, "type".into());
    assert_eq!(model.field("word").unwrap().rules[1], Rule::Len(Some(4), Some(4)));
    assert!(model.field("password").unwrap().is(Flag::Secret));
    let Type::Struct { fields, .. } = &*model.field("address").unwrap().ty else {
        panic!("a struct");
    };
    assert_eq!(&*fields[0].name, "streetName");

    let row = OldCategory {
        key: u64::MAX,
        total: 1,
        exact: 2,
        ratio: 3.5,
        below: -4,
        r#type: 'x',
        address: Address {
            street_name: "Way".to_string(),
            city: "Basel".to_string(),
            zip: None,
            visits: 1 << 60,
        },
        status: Status::Done,
        nested: None,
        map: BTreeMap::from([("a".to_string(), Box::new(i64::MIN))]),
        hash: HashMap::new(),
        list: vec![],
        choice: "a".to_string(),
        word: "word".to_string(),
        password: None,
        salt: "pepper".to_string(),
        owner: None,
        payload: serde_json::json!({"a": [1]}),
    };
    let wire = row.to_wire().unwrap();
    assert_eq!(wire["key"], u64::MAX.to_string());
    assert_eq!(wire["exact"], 2);
    assert_eq!(wire["nested"], serde_json::Value::Null);
    assert_eq!(wire["map"]["a"], i64::MIN.to_string());
    assert_eq!(wire["address"]["visits"], (1u64 << 60).to_string());
    assert_eq!(wire.as_object().unwrap().len(), model.fields.len());
    assert_eq!(OldCategory::from_wire(wire.clone()).unwrap(), row);

    // A client never sees secrets, and reads the row all the same.
    let mut seen = wire.clone();
    seen.as_object_mut().unwrap().remove("salt");
    seen.as_object_mut().unwrap().remove("password");
    assert_eq!(OldCategory::from_wire(seen).unwrap().salt, "");

    // The database makes the id, the server sets `owner`.
    let new = New::from(row.clone()).into_wire().unwrap();
    assert!(new.get("key").is_none() && new.get("owner").is_none());
    assert_eq!(new["salt"], "pepper");

    let column: Column<OldCategory, Status> = OldCategory::status();
    let patch = Patch::new().set(column, Status::InWork).set(OldCategory::total(), 9);
    let patch = patch.clear(OldCategory::nested()).into_wire().unwrap();
    assert_eq!(patch, serde_json::json!({"status": "in-work", "total": "9", "nested": null}));

    let filter = OldCategory::key().eq(3).and(OldCategory::nested().is_null());
    assert_eq!(filter.to_json().unwrap(), serde_json::json!({"key": "3", "nested": null}));
    let both = OldCategory::key().eq(3).and(OldCategory::key().eq(4));
    assert!(both.to_json().is_err());

    let endless = Patch::new().set(OldCategory::ratio(), f64::NAN).into_wire().unwrap_err();
    assert_eq!(endless.fields["ratio"], "must be a number");
}

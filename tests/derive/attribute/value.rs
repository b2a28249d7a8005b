use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vertebra::Model;

#[derive(Clone, Serialize, Deserialize, Model)]
#[model(collection = 3)]
struct Todo {
    #[model(id = true)]
    id: Uuid,
    #[model(len)]
    without: String,
    #[model(len = 1..5)]
    half_open: String,
    #[model(len = "5")]
    text_len: String,
    #[model(len = ..)]
    endless: String,
    #[model(min = "1", max = 99999999999999999999)]
    number: u8,
    #[model(pattern = 3)]
    pattern: String,
    #[model(one_of = "a")]
    one_of: String,
    #[model(default = String::new())]
    call: String,
    #[model("text", min 3)]
    nonsense: u8,
    #[model]
    bare: u8,
}

fn main() {}

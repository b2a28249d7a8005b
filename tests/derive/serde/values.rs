use serde::{Deserialize, Serialize};
use vertebra::Described;

#[derive(Clone, Serialize, Deserialize, Described)]
#[serde(tag = "kind")]
enum Tagged {
    One,
}

#[derive(Clone, Serialize, Deserialize, Described)]
enum Other {
    One,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Serialize, Deserialize, Described)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
}

fn main() {}

use serde::{Deserialize, Serialize};
use vertebra::Described;

#[derive(Clone, Serialize, Deserialize, Described)]
struct Meters(f64);

#[derive(Clone, Serialize, Deserialize, Described)]
enum Shape {
    Point,
    Circle(f64),
    Square { side: f64 },
}

#[derive(Clone, Serialize, Deserialize, Described)]
struct Pair<T> {
    left: T,
}

fn main() {}

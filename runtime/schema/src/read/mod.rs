//! The one reader of `#[model(…)]`, `#[serde(…)]`, `#[deprecated]` and doc comments.

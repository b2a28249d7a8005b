//! What `#[derive(Model)]` and `#[derive(Described)]` accept, and what they say about each mistake.
//!
//! One folder of `tests/derive/` for each kind of mistake; `TRYBUILD=overwrite` writes down what the compiler says now.

#[test]
fn models_and_mistakes() {
    let cases = trybuild::TestCases::new();
    cases.pass("derive/pass/*.rs");
    for mistake in ["attribute", "id", "name", "rule", "serde", "shape", "type"] {
        cases.compile_fail(format!("derive/{mistake}/*.rs"));
    }
}

//! Generates the page's models from the Rust ones.

fn main() {
    vertebra_codegen::Builder::new()
        .source("src/models.rs")
        .name("todo")
        .run();
}

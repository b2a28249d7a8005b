//! What the source front-end reads is what the derive says, for every fixture: each is compiled here too.

use crate::project::fixture;
use vertebra::Model;
use vertebra_schema::Fingerprint;

macro_rules! fixtures {
    ($($module:ident: $path:literal,)*) => {
        $(
            #[path = $path]
            #[allow(dead_code, reason = "only its model is looked at")]
            mod $module;
        )*
    };
}

fixtures! {
    todo: "../fixtures/todo.rs",
    types: "../fixtures/types.rs",
    hostile: "../fixtures/hostile.rs",
    names: "../fixtures/names.rs",
}

#[track_caller]
fn agree<M: Model>(name: &str) {
    let source = fixture(name).source.schema;
    let read = source
        .models
        .iter()
        .find(|model| model.name == M::MODEL.name);
    let read = read.unwrap_or_else(|| panic!("{} wasn't read", M::MODEL.name));
    let text = |model| serde_json::to_string_pretty(model).expect("JSON");
    assert_eq!(text(read), text(M::MODEL));
    assert_eq!(Fingerprint::of(read), Fingerprint::constant(M::MODEL));
}

#[test]
fn fixtures_mean_what_the_compiler_says() {
    agree::<todo::Todo>("todo");
    agree::<todo::Note>("todo");
    agree::<types::AllTypes>("types");
    agree::<hostile::Names>("hostile");
    agree::<names::Holder>("names");
    agree::<names::r#type>("names");
    agree::<names::Date>("names");
}

//! How much code the derive writes: what it writes, every build of every program with models pays for.

use std::path::PathBuf;
use std::process::Command;

/// Lines for a model of eight fields, beyond what serde's derives write (400 for such a struct).
const MOST: usize = 60;

#[test]
fn a_model_of_eight_fields_is_few_lines() {
    let code = expanded();
    let (_, ours) = code
        .split_once("const _: () =")
        .expect("what the derive wrote");
    let count = ours.lines().count();
    assert!(
        count <= MOST,
        "{count} lines instead of at most {MOST}:\n{code}"
    );
}

/// The model's code as the compiler prints it when all macros are expanded. Nothing is built, so that nothing but this
/// crate has to be there.
fn expanded() -> String {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expansion/todo.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "-Zunpretty=expanded",
            fixture,
        ])
        .arg(format!("--extern=vertebra_macros={}", library().display()))
        // `-Z` is for nightly compilers, and the question is not about the compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .expect("rustc runs");
    // The compiler goes on to look for names that aren't there, and prints what it has all the same.
    String::from_utf8(output.stdout).expect("code is text")
}

/// The derive itself, which cargo has put beside this test; the last one built is the one that was built for it.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    let built = test
        .parent()
        .expect("in a directory")
        .read_dir()
        .expect("that can be read");
    let name = |path: &PathBuf| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    built
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            name(path).is_some_and(|name| {
                let prefix = format!("{}vertebra_macros-", std::env::consts::DLL_PREFIX);
                name.starts_with(&prefix) && name.ends_with(std::env::consts::DLL_SUFFIX)
            })
        })
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
        .expect("cargo builds the derive before its tests")
}

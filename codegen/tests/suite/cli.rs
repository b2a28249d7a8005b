//! The command line, as a person or a script meets it.

use crate::project::run;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const TODO: &str = "
#[derive(vertebra::Model)]
pub struct Todo {
    #[model(id)]
    pub id: uuid::Uuid,
    pub title: String,
}
";

/// A crate named `my-app` whose `src/lib.rs` is the text.
fn project(lib: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    put(
        directory.path(),
        "Cargo.toml",
        "[package]\nname = 'my-app'\n",
    );
    put(directory.path(), "src/lib.rs", lib);
    directory
}

fn put(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}

fn vertebra(directory: &TempDir, arguments: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_vertebra"))
        .args(arguments)
        .current_dir(directory))
}

/// Runs, expects the exit code, and returns what went to the standard output and to the error output.
#[track_caller]
fn expect(directory: &TempDir, arguments: &[&str], code: i32) -> (String, String) {
    let output = vertebra(directory, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}{err}"
    );
    (out, err)
}

/// Every file below a directory.
fn listed(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => open.push(path),
                false => files.push(
                    path.strip_prefix(directory)
                        .expect("inside")
                        .display()
                        .to_string(),
                ),
            }
        }
    }
    files.sort();
    files
}

#[test]
fn without_arguments_a_crate_gets_its_files() {
    let directory = project(TODO);
    let (out, _) = expect(&directory, &["generate"], 0);
    assert!(out.contains("added web/generated/my-app.js\n"), "{out}");
    let expected = [
        "Cargo.toml",
        "src/lib.rs",
        "web/generated/.vertebra.json",
        "web/generated/my-app.cjs",
        "web/generated/my-app.d.ts",
        "web/generated/my-app.global.js",
        "web/generated/my-app.js",
    ];
    assert_eq!(listed(directory.path()), expected);
    let script = fs::read_to_string(directory.path().join("web/generated/my-app.global.js"))
        .expect("a file");
    assert!(script.contains("root.myApp = factory(root.Backbone)"));
}

#[test]
fn a_second_run_touches_nothing() {
    let directory = project(TODO);
    expect(&directory, &["generate"], 0);
    let times = || -> Vec<_> {
        let out = directory.path().join("web/generated");
        let time = |name: &String| {
            fs::metadata(out.join(name))
                .and_then(|file| file.modified())
                .expect("a time")
        };
        listed(&out).iter().map(time).collect()
    };
    let first = times();
    assert_eq!(expect(&directory, &["generate"], 0).0, "");
    assert_eq!(times(), first);
}

#[test]
fn check_shows_the_difference_and_writes_nothing() {
    let directory = project(TODO);
    let before = listed(directory.path());
    let (out, err) = expect(&directory, &["generate", "--check"], 1);
    assert!(out.contains("--- /dev/null\n+++ b/my-app.js\n"), "{out}");
    assert!(err.contains("run `vertebra generate`"), "{err}");
    assert_eq!(listed(directory.path()), before);

    expect(&directory, &["generate"], 0);
    assert_eq!(
        expect(&directory, &["generate", "--check"], 0),
        (String::new(), String::new())
    );

    put(
        directory.path(),
        "src/lib.rs",
        &TODO.replace("title", "heading"),
    );
    let (out, _) = expect(&directory, &["generate", "--check"], 1);
    for line in [
        "--- a/my-app.js",
        "-      title: {type: 'string', required: true},",
        "+      heading: {",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    let (out, _) = expect(&directory, &["generate", "--check", "--format", "json"], 1);
    assert!(
        out.contains(r#"{"change":"changed","file":"web/generated/my-app.js","level":"info"}"#),
        "{out}"
    );
}

#[test]
fn stale_files_go_when_they_are_ours() {
    let directory = project(TODO);
    expect(&directory, &["generate", "--name", "old"], 0);
    let out = directory.path().join("web/generated");
    // A person made this one their own, and this one was never ours.
    put(&out, "old.js", "// mine\n");
    put(&out, "notes.txt", "mine");
    expect(&directory, &["generate", "--name", "new"], 0);
    let expected = [
        ".vertebra.json",
        "new.cjs",
        "new.d.ts",
        "new.global.js",
        "new.js",
        "notes.txt",
        "old.js",
    ];
    assert_eq!(listed(&out), expected);
}

#[test]
fn a_list_that_lies_removes_nothing_outside() {
    let directory = project(TODO);
    expect(&directory, &["generate"], 0);
    let out = directory.path().join("web/generated");
    let ours = fs::read_to_string(out.join("my-app.js")).expect("a file");
    put(directory.path(), "web/precious.js", &ours);
    put(
        &out,
        ".vertebra.json",
        r#"{"files": ["../precious.js", "/precious.js"]}"#,
    );
    expect(&directory, &["generate"], 0);
    assert!(directory.path().join("web/precious.js").is_file());
}

#[test]
fn a_link_in_the_output_is_not_followed() {
    let directory = project(TODO);
    put(directory.path(), "elsewhere.js", "mine");
    fs::create_dir_all(directory.path().join("web/generated")).expect("a directory");
    let link = directory.path().join("web/generated/my-app.js");
    std::os::unix::fs::symlink(directory.path().join("elsewhere.js"), link).expect("a link");
    expect(&directory, &["generate"], 0);
    assert_eq!(
        fs::read_to_string(directory.path().join("elsewhere.js")).expect("a file"),
        "mine"
    );
}

#[test]
fn stdout_shows_every_file_and_writes_none() {
    let directory = project(TODO);
    let before = listed(directory.path());
    let (out, _) = expect(&directory, &["generate", "--stdout", "--name", "todo"], 0);
    for part in [
        "==> todo.js <==\n// Generated by Vertebra.",
        "==> todo.d.ts <==",
        "export const Todo = ",
    ] {
        assert!(out.contains(part), "{part}");
    }
    assert_eq!(listed(directory.path()), before);
}

#[test]
fn mistakes_are_shown_all_at_once_and_nothing_is_written() {
    let lib = "mod gone;\n#[derive(Model)]\nstruct Todo { #[model(id)] id: uuid::Uuid, when: Instant, size: usize }\n";
    let directory = project(lib);
    let before = listed(directory.path());
    let (out, err) = expect(&directory, &["generate"], 1);
    assert_eq!(out, "");
    for part in [
        "the module `gone` has no file",
        "`Instant`",
        "--> src/lib.rs:3:50",
        "3 mistakes: nothing was generated",
    ] {
        assert!(err.contains(part), "{part}\n{err}");
    }
    assert!(!err.contains('\u{1b}'), "colours in a pipe");
    let (out, err) = expect(&directory, &["generate", "--format", "json"], 1);
    assert_eq!((out.lines().count(), err.as_str()), (3, ""));
    for line in out.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["level"], "error");
        assert_eq!(line["at"]["file"], "src/lib.rs");
    }
    assert_eq!(listed(directory.path()), before);
}

#[test]
fn settings_come_from_either_file_and_give_way_to_arguments() {
    let directory = project("mod models;");
    put(directory.path(), "src/models.rs", TODO);
    let metadata = "[package]\nname = 'my-app'\n[package.metadata.vertebra]\nsource = 'src/models.rs'\nout = 'js'\nname = 'one'\n\
                    url_prefix = '/v1'\nglobal = 'App'\n";
    put(directory.path(), "Cargo.toml", metadata);
    let (out, _) = expect(&directory, &["generate"], 0);
    assert!(out.contains("added js/one.js"), "{out}");
    let script = fs::read_to_string(directory.path().join("js/one.global.js")).expect("a file");
    assert!(script.contains("urlRoot: '/v1/todos'") && script.contains("root.App = "));

    put(
        directory.path(),
        "vertebra.toml",
        "out = 'js2'\nsource = ['src/models.rs']\n",
    );
    let (out, _) = expect(&directory, &["generate", "--name", "two"], 0);
    assert!(out.contains("added js2/two.js"), "{out}");
}

#[test]
fn a_package_comes_and_goes_whole() {
    let directory = project(TODO);
    let manifest = "[package]\nname = 'my-app'\nversion = '1.2.3'\n";
    put(directory.path(), "Cargo.toml", manifest);
    expect(&directory, &["generate", "--js"], 0);
    let out = directory.path().join("web/generated");
    let package = [
        ".vertebra.json",
        "my-app.cjs",
        "my-app.cjs.map",
        "my-app.d.cts",
        "my-app.d.ts",
        "my-app.global.js",
        "my-app.global.js.map",
        "my-app.js",
        "my-app.js.map",
        "package.json",
    ];
    assert_eq!(listed(&out), package);
    let description = || -> serde_json::Value {
        let text = fs::read_to_string(out.join("package.json")).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(description()["name"], "my-app");
    assert_eq!(description()["version"], "1.2.3");

    // A name is enough, and the settings' version goes before the crate's.
    let settings = "package = '@app/models'\nversion = '2.0.0-rc.1'\n";
    put(directory.path(), "vertebra.toml", settings);
    expect(&directory, &["generate"], 0);
    assert_eq!(description()["name"], "@app/models");
    assert_eq!(description()["version"], "2.0.0-rc.1");
    expect(&directory, &["generate", "--check"], 0);

    // Without it the package is gone, and the files beside it are what they were without.
    put(directory.path(), "vertebra.toml", "");
    expect(&directory, &["generate"], 0);
    let files = [
        ".vertebra.json",
        "my-app.cjs",
        "my-app.d.ts",
        "my-app.global.js",
        "my-app.js",
    ];
    assert_eq!(listed(&out), files);
}

#[test]
fn a_description_of_somebody_else_is_left_alone() {
    let directory = project(TODO);
    let own = "{\"name\": \"mine\"}\n";
    put(directory.path(), "package.json", own);
    let (_, err) = expect(&directory, &["generate", "--js", "--out", "."], 1);
    assert!(err.contains("it was not generated"), "{err}");
    let known = fs::read_to_string(directory.path().join("package.json")).expect("a file");
    assert_eq!(known, own);
    assert_eq!(
        listed(directory.path()),
        ["Cargo.toml", "package.json", "src/lib.rs"]
    );
}

#[test]
fn values_have_types_where_that_is_said() {
    let lib = TODO.replace(
        "pub title: String",
        "pub total: i64, pub at: jiff::Timestamp",
    );
    let directory = project(&lib);
    let has = |arguments: &[&str]| {
        let arguments = [&["generate", "--stdout"], arguments].concat();
        let text = expect(&directory, &arguments, 0).0;
        ["total: bigint;", "at: Date;", "bytes: bytesValue"].map(|part| text.contains(part))
    };
    assert_eq!(has(&[]), [false; 3]);
    assert_eq!(has(&["--bigint"]), [true, false, false]);
    assert_eq!(has(&["--dates", "--bytes"]), [false, true, true]);
    put(
        directory.path(),
        "vertebra.toml",
        "bigint = true\ndates = true\n",
    );
    assert_eq!(has(&[]), [true, true, false]);
}

#[test]
fn features_decide_what_is_there() {
    let lib = format!("{TODO}\n#[cfg(feature = 'notes')]\n#[derive(Model)]\nstruct Note {{ #[model(id)] id: u32 }}\n").replace('\'', "\"");
    let directory = project(&lib);
    put(
        directory.path(),
        "Cargo.toml",
        "[package]\nname = 'my-app'\n[features]\ndefault = ['more']\nmore = ['notes']\nnotes = []\n",
    );
    let has_notes = |arguments: &[&str]| {
        let arguments = [&["generate", "--stdout"], arguments].concat();
        expect(&directory, &arguments, 0).0.contains("const Note =")
    };
    assert!(has_notes(&[]));
    assert!(!has_notes(&["--no-default-features"]));
    assert!(has_notes(&["--no-default-features", "-F", "notes"]));
}

#[test]
fn wrong_usage_is_told_from_wrong_models() {
    let directory = project(TODO);
    for (arguments, part) in [
        (&["generate", "--name", "../x"][..], "can't be a file name"),
        (&["generate", "--global", "class"], "can't be a variable"),
        (&["generate", "--url-prefix", "javascript:x"], "URL prefix"),
        (&["generate", "--package", "A b"], "name of a package"),
        (&["generate", "--nonsense"], "--nonsense"),
        (&["generate", "--check", "--stdout"], "cannot be used"),
        (&["nonsense"], "nonsense"),
    ] {
        let (_, err) = expect(&directory, arguments, 2);
        assert!(err.contains(part), "{arguments:?}: {err}");
    }
    put(directory.path(), "vertebra.toml", "output = 'js'\n");
    let (_, err) = expect(&directory, &["generate"], 2);
    assert!(
        err.contains("vertebra.toml") && err.contains("unknown field `output`"),
        "{err}"
    );
    let empty = project("struct Nothing;");
    let (_, err) = expect(&empty, &["generate"], 1);
    assert!(
        err.contains("there is no `#[derive(Model)]` in src/lib.rs"),
        "{err}"
    );
}

#[test]
fn help_has_examples_and_the_version_is_known() {
    let directory = project(TODO);
    let (help, _) = expect(&directory, &["generate", "--help"], 0);
    for part in [
        "Examples:",
        "vertebra generate --check",
        "Exit codes:",
        "--no-default-features",
    ] {
        assert!(help.contains(part), "{part}\n{help}");
    }
    let (version, _) = expect(&directory, &["--version"], 0);
    assert_eq!(
        version,
        concat!("vertebra ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

//! A commit that the disk does not take: nobody is told that it is stored, reads go on, and later writes work again.
//!
//! The disk is a limit on the size of files, under which this test program starts itself.

// A test that cannot go on ends.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use serde_json::json;
use std::process::Command;
use std::sync::Arc;
use vertebra::protocol::{Code, Operation, Query};
use vertebra::schema::{Described, Field, Flag, Model, Schema};
use vertebra::store::{Ask, ChangeSet, Found, Sqlite, Store, Want, Write};

const DATABASE: &str = "VERTEBRA_FULL_DATABASE";

const FIELDS: &[Field] = &[
    Field::new("id", "id", String::TYPE, "", None, &[Flag::Id], &[]),
    Field::new("text", "text", String::TYPE, "", None, &[], &[]),
];
const MODEL: Model = Model::new("Page", "pages", "", true, false, FIELDS);

fn page(n: usize) -> ChangeSet {
    ChangeSet {
        origin: None,
        request: None,
        writes: Ok(vec![Write {
            operation: Operation::Create,
            collection: "pages".into(),
            id: json!(n.to_string()),
            values: vec![(0, json!(n.to_string())), (1, json!("x".repeat(50_000)))],
            expected: None,
        }]),
    }
}

async fn stored(store: &Sqlite) -> (usize, u64) {
    let wants = vec![Want::Rows(Query::all(&MODEL))];
    let view = store.read(Ask { wants, cid: None }).await.unwrap();
    let [Found::Rows(rows)] = &*view.found else {
        panic!("no rows");
    };
    (rows.len(), view.seq)
}

/// Not a test by itself: what runs under the limit.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(database) = std::env::var(DATABASE) else {
        return;
    };
    let store = Sqlite::open(&database).unwrap();
    let models = vec![MODEL];
    store.migrate(Arc::new(Schema { models })).await.unwrap();
    let mut kept = 0;
    let mut lost = 0;
    // Some at once, so that groups fail, not single sets.
    for round in 0..40 {
        let answers: Vec<_> = (0..4).map(|n| store.write(page(round * 4 + n))).collect();
        for answer in answers {
            match answer.await {
                Ok(_) => kept += 1,
                Err(error) => {
                    assert_eq!(error.code, Code::Unavailable, "{error}");
                    assert!(error.retry_ms.is_some());
                    lost += 1;
                }
            }
        }
        assert_eq!(stored(&store).await, (kept, kept as u64));
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
    let raised = Command::new("prlimit")
        .args([
            "--fsize=unlimited:",
            "--pid",
            &std::process::id().to_string(),
        ])
        .status()
        .unwrap();
    assert!(raised.success());
    let written = store.write(page(1000)).await.unwrap();
    assert_eq!(written.seq, kept as u64 + 1);
    assert_eq!(stored(&store).await.0, kept + 1);
    let mut after = 0;
    while after < written.seq {
        after = store.tail(after).await.unwrap().last().unwrap().seq;
    }
    store.close().await.unwrap();
    println!("the disk was full {lost} times");
}

#[test]
fn a_commit_that_fails_is_told_and_passes() {
    let directory = tempfile::tempdir().unwrap();
    // Not more than 2 or 4 MiB a file, by the shell's unit; going over it must be an error, not a signal.
    let limited = r#"trap '' XFSZ; ulimit -S -f 4096; exec "$0" "$@""#;
    let child = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DATABASE, directory.path().join("full.db"))
        .output()
        .unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr),
    );
    assert!(child.status.success(), "{said}\n{failed}");
    assert!(said.contains("the disk was full"), "{said}\n{failed}");
}

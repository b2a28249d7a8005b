//! An exchanged database file is noticed, and an untouched one is not taken for one.

use super::{Place, TempFile};
use crate::store::conformance::Db;
use crate::store::{Ask, Options, Sqlite, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens the place, writes some rows, and says which epoch it is in.
async fn run(place: &TempFile, ids: &[&str]) -> Arc<str> {
    let db = Db::start(place).await;
    for id in ids {
        db.one(db.todo(id)).await.unwrap();
    }
    let epoch = db.store.read(Ask::default()).await.unwrap().epoch;
    db.store.close().await.unwrap();
    epoch
}

fn beside(place: &TempFile, name: &str) -> PathBuf {
    place.directory.path().join(name)
}

/// Overwrites a file, so that it stays the same file.
fn overwrite(from: &Path, to: &Path) {
    std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
}

#[tokio::test]
async fn a_restart_is_no_exchange() {
    let place = TempFile::fresh();
    let first = run(&place, &["a", "b"]).await;
    assert_eq!(run(&place, &["c"]).await, first);
    assert_eq!(run(&place, &[]).await, first);
}

#[tokio::test]
async fn an_older_copy_in_the_same_file_is_noticed() {
    let place = TempFile::fresh();
    let first = run(&place, &["a"]).await;
    overwrite(&place.path(), &beside(&place, "copy"));
    assert_eq!(run(&place, &["b"]).await, first);
    overwrite(&beside(&place, "copy"), &place.path());
    let second = run(&place, &[]).await;
    assert_ne!(second, first);
    // Noticed once: the copy is the database now.
    assert_eq!(run(&place, &["c"]).await, second);
}

#[cfg(unix)]
#[tokio::test]
async fn another_file_of_the_same_name_is_noticed() {
    let place = TempFile::fresh();
    let first = run(&place, &["a"]).await;
    overwrite(&place.path(), &beside(&place, "copy"));
    std::fs::rename(beside(&place, "copy"), place.path()).unwrap();
    assert_ne!(run(&place, &[]).await, first);
}

#[tokio::test]
async fn a_database_without_its_note_is_another_one() {
    for note in ["", "not what was written"] {
        let place = TempFile::fresh();
        let first = run(&place, &["a"]).await;
        std::fs::write(beside(&place, "test.db-lock"), note).unwrap();
        assert_ne!(run(&place, &[]).await, first, "{note:?}");
    }
}

#[tokio::test]
async fn an_epoch_begins_when_it_is_asked_for() {
    let place = TempFile::fresh();
    let first = run(&place, &["a"]).await;
    let options = Options {
        new_epoch: true,
        ..Options::default()
    };
    let store = Sqlite::open_with(place.path(), options).unwrap();
    let second = store.read(Ask::default()).await.unwrap().epoch;
    assert_ne!(second, first);
    store.close().await.unwrap();
    assert_eq!(run(&place, &[]).await, second);
}

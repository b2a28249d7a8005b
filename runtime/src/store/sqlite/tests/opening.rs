//! Files that cannot be a database say so.

use super::{Place, TempFile};
use crate::protocol::Code;
use crate::store::{Sqlite, Store};
use std::path::Path;

#[track_caller]
fn refused(path: &Path, why: &str) {
    let error = Sqlite::open(path).err().expect("it cannot be opened");
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.message.contains(why), "{}", error.message);
    assert!(
        error.message.contains(&path.display().to_string()),
        "{}",
        error.message
    );
}

#[test]
fn a_directory_is_no_database() {
    let place = TempFile::fresh();
    refused(place.directory.path(), "it is a directory");
}

#[test]
fn another_file_is_no_database_and_stays_as_it_was() {
    let place = TempFile::fresh();
    let text = "not a database, but long enough to look like one at first sight ".repeat(20);
    std::fs::write(place.path(), &text).unwrap();
    refused(&place.path(), "it is no SQLite database");
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let place = TempFile::fresh();
    refused(
        &place.directory.path().join("missing").join("x.db"),
        "its directory",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_named() {
    // Nobody can make a file there, whatever rights the tests run with.
    refused(Path::new("/proc/vertebra-test.db"), "lock file");
}

#[test]
fn a_second_store_is_told_who_has_the_file() {
    let place = TempFile::fresh();
    let first = place.sqlite();
    refused(&place.path(), "it is in use by another server");
    // By another name it is the same database.
    #[cfg(unix)]
    {
        let link = place.directory.path().join("link.db");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        refused(&link, "it is in use by another server");
    }
    drop(first);
    place.sqlite();
}

#[tokio::test]
async fn a_format_of_tomorrow_is_refused() {
    let place = TempFile::fresh();
    place.sqlite().close().await.unwrap();
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.execute(
        "UPDATE _vertebra_meta SET value = 2 WHERE key = 'format'",
        [],
    )
    .unwrap();
    drop(conn);
    refused(&place.path(), "format 2");
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let place = TempFile::fresh();
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.execute_batch("CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT)")
        .unwrap();
    drop(conn);
    let store = place.sqlite();
    let schema = crate::store::conformance::schema::standard();
    let error = store.migrate(schema.into()).await.unwrap_err();
    assert!(
        error.message.contains("was not made by Vertebra"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_closed_database_is_one_file_again() {
    let place = TempFile::fresh();
    let store = place.sqlite();
    let schema = crate::store::conformance::schema::standard();
    store.migrate(schema.into()).await.unwrap();
    store.close().await.unwrap();
    let mut names: Vec<_> = std::fs::read_dir(place.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["test.db", "test.db-lock"]);
}

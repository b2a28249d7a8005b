//! SQLite as a store, on real files.

// A test that cannot go on ends.
#![allow(clippy::unwrap_used)]

mod epoch;
mod failures;
mod layout;
mod opening;
mod retention;

use super::{Options, Sqlite};
use crate::store::Answer;
use crate::store::conformance::{Opened, Place};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A database file in a directory of its own.
pub(crate) struct TempFile {
    directory: TempDir,
}

impl TempFile {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    /// Opens it; small groups, so that the tests have several.
    pub(crate) fn sqlite(&self) -> Arc<Sqlite> {
        let options = Options {
            group: 64,
            ..Options::default()
        };
        Arc::new(Sqlite::open_with(self.path(), options).unwrap())
    }
}

impl Place for TempFile {
    fn fresh() -> TempFile {
        let directory = TempDir::new().unwrap();
        TempFile { directory }
    }

    fn open(&self) -> Opened {
        let store = self.sqlite();
        let forgetful = Arc::downgrade(&store);
        Opened {
            store,
            forget: Box::new(move |seq| -> Answer<()> { forgetful.upgrade().unwrap().forget(seq) }),
        }
    }
}

conformance!(crate::store::sqlite::tests::TempFile);

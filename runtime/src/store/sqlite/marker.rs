//! What is noted beside the database file, in its lock file, so that an exchanged database is noticed.
//!
//! The note says which incarnation of the log the file had, how far it went, and which file it was. Invariant: a note is
//! written only after the commits that it counts are durable, so it is never ahead of the database that it is about.

use crate::protocol::Seq;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// A note is always as long, so that writing one never needs more of the disk.
const LENGTH: usize = 256;

/// The lock file, which is locked as long as this lives.
pub(super) struct Marker {
    lock: File,
    note: Note,
}

/// What the database was when it was written last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    epoch: Arc<str>,
    head: Seq,
    /// The file's number in its file system, where it has one.
    file: u64,
}

/// The note of a database as it was found, before it is compared and replaced.
pub(super) struct Found(Option<Note>);

impl Found {
    /// Whether the database is the one that the note is about, or a later state of it.
    pub(super) fn agrees(&self, epoch: &str, head: Seq, path: &Path) -> bool {
        self.0.as_ref().is_some_and(|note| {
            *note.epoch == *epoch && note.head <= head && note.file == number(path)
        })
    }
}

/// The note in a lock file.
pub(super) fn find(lock: &File) -> Found {
    let mut text = String::new();
    let read = lock.take(LENGTH as u64).read_to_string(&mut text);
    // One that cannot be read is none.
    Found(read.ok().and_then(|_| serde_json::from_str(&text).ok()))
}

impl Marker {
    /// Notes what is the case from now on.
    pub(super) fn new(lock: File, epoch: Arc<str>, head: Seq, path: &Path) -> Marker {
        let file = number(path);
        let note = Note { epoch, head, file };
        let marker = Marker { lock, note };
        marker.write();
        marker
    }

    /// Notes how far the log goes.
    pub(super) fn reach(&mut self, head: Seq) {
        if self.note.head != head {
            self.note.head = head;
            self.write();
        }
    }

    fn write(&self) {
        let text = serde_json::to_string(&self.note).unwrap_or_default();
        let text = format!("{text:<width$}\n", width = LENGTH - 1);
        let mut lock = &self.lock;
        let written = lock
            .seek(SeekFrom::Start(0))
            .and_then(|_| lock.write_all(text.as_bytes()));
        if let Err(cause) = written {
            // The note of before is true as well; it notices less.
            tracing::debug!(%cause, "the lock file cannot be written");
        }
    }
}

#[cfg(unix)]
fn number(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    path.metadata().map_or(0, |metadata| metadata.ino())
}

#[cfg(not(unix))]
fn number(_: &Path) -> u64 {
    0
}

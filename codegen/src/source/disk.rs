//! Where source files come from.
//!
//! Invariant: nothing but what was asked for is read; what was read is what a build has to watch.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The file system, or texts that stand for one.
pub(super) struct Disk {
    texts: Option<BTreeMap<PathBuf, String>>,
}

impl Disk {
    /// The real one.
    pub(super) fn real() -> Disk {
        Disk { texts: None }
    }

    /// Only these files.
    pub(super) fn of_texts(texts: &[(&str, &str)]) -> Disk {
        let texts = texts
            .iter()
            .map(|(name, text)| (PathBuf::from(name), text.to_string()));
        Disk {
            texts: Some(texts.collect()),
        }
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        match &self.texts {
            Some(texts) => texts.contains_key(path),
            None => path.is_file(),
        }
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<String> {
        match &self.texts {
            Some(texts) => texts
                .get(path)
                .cloned()
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
            None => std::fs::read_to_string(path),
        }
    }
}

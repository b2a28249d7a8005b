//! Puts rendered files where they belong, and compares them with what is there.
//!
//! Invariant: nothing outside of the output directory is written or removed; a file whose bytes don't change isn't
//! touched; a file that doesn't say in its first line that it is ours is never removed, and a `package.json` that
//! doesn't is never replaced.

use crate::emit::{DESCRIPTION, HEADER};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The list of what was generated, in the output directory.
pub const MANIFEST: &str = ".vertebra.json";

/// A file that can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", .path.display())]
pub struct WriteError {
    action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: io::Error,
}

/// What happened to a file, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It isn't there yet.
    Added(PathBuf),
    /// It has other content.
    Changed(PathBuf),
    /// It isn't generated any more.
    Removed(PathBuf),
}

impl Change {
    /// The file, relative to the output directory.
    pub fn path(&self) -> &Path {
        match self {
            Change::Added(path) | Change::Changed(path) | Change::Removed(path) => path,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    files: BTreeSet<PathBuf>,
}

/// What writing would change.
pub fn changes(
    directory: &Path,
    files: &BTreeMap<PathBuf, String>,
) -> Result<Vec<Change>, WriteError> {
    let mut changes = Vec::new();
    for (name, text) in files {
        match read(&directory.join(name))? {
            None => changes.push(Change::Added(name.clone())),
            Some(known) if known != text.as_bytes() => changes.push(Change::Changed(name.clone())),
            Some(_) => {}
        }
    }
    for name in listed(directory)?.difference(&files.keys().cloned().collect()) {
        let is_ours = is_plain(name)
            && read(&directory.join(name))?.is_some_and(|known| is_generated(&known));
        if is_ours {
            changes.push(Change::Removed(name.clone()));
        }
    }
    Ok(changes)
}

/// Writes what changed and removes what is stale. Returns what was done.
pub fn write(
    directory: &Path,
    files: &BTreeMap<PathBuf, String>,
) -> Result<Vec<Change>, WriteError> {
    let changes = changes(directory, files)?;
    let description = directory.join(DESCRIPTION);
    let is_changed = changes.contains(&Change::Changed(PathBuf::from(DESCRIPTION)));
    if is_changed && !read(&description)?.is_some_and(|known| is_generated(&known)) {
        let cause = "it was not generated: choose another directory for the package";
        return Err(failed("replace", &description)(io::Error::new(
            io::ErrorKind::AlreadyExists,
            cause,
        )));
    }
    fs::create_dir_all(directory).map_err(failed("create", directory))?;
    for change in &changes {
        let path = directory.join(change.path());
        match change {
            Change::Added(name) | Change::Changed(name) => {
                replace(directory, name, files[name].as_bytes())?
            }
            Change::Removed(_) => fs::remove_file(&path).map_err(failed("remove", &path))?,
        }
    }
    let manifest = manifest(files);
    if read(&directory.join(MANIFEST))?.as_deref() != Some(manifest.as_bytes()) {
        replace(directory, Path::new(MANIFEST), manifest.as_bytes())?;
    }
    Ok(changes)
}

/// What writing would change, as a unified diff; `None` when nothing would.
#[cfg(feature = "cli")]
pub fn check(
    directory: &Path,
    files: &BTreeMap<PathBuf, String>,
) -> Result<Option<String>, WriteError> {
    let mut all = String::new();
    for change in changes(directory, files)? {
        let name = change.path();
        let old = read(&directory.join(name))?.unwrap_or_default();
        let old = String::from_utf8_lossy(&old);
        let new = files.get(name).map_or("", String::as_str);
        let label = |side: &str, there: bool| match there {
            true => format!("{side}/{}", name.display()),
            false => "/dev/null".to_string(),
        };
        let before = label("a", !matches!(change, Change::Added(_)));
        let after = label("b", !matches!(change, Change::Removed(_)));
        let diff = similar::TextDiff::from_lines(old.as_ref(), new);
        all.push_str(&diff.unified_diff().header(&before, &after).to_string());
    }
    Ok((!all.is_empty()).then_some(all))
}

/// The bytes of a file, or `None` if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, WriteError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Puts the bytes beside the file and moves them there: a reader sees the old file or the new one, and a link that
/// points elsewhere is replaced, not followed.
fn replace(directory: &Path, name: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let temporary = directory.join(format!(".{}.{}.new", name.display(), std::process::id()));
    let path = directory.join(name);
    fs::write(&temporary, bytes).map_err(failed("write", &temporary))?;
    fs::rename(&temporary, &path).map_err(failed("write", &path))
}

/// What the last run wrote; nothing when there is no list, or none that can be read.
fn listed(directory: &Path) -> Result<BTreeSet<PathBuf>, WriteError> {
    let bytes = read(&directory.join(MANIFEST))?.unwrap_or_default();
    let manifest: Option<Manifest> = serde_json::from_slice(&bytes).ok();
    Ok(manifest.map(|manifest| manifest.files).unwrap_or_default())
}

fn manifest(files: &BTreeMap<PathBuf, String>) -> String {
    let names: Vec<String> = files
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    format!("{:#}\n", serde_json::json!({ "files": names }))
}

/// Whether a name of the list is a file of the directory itself: a list can be written by anyone.
fn is_plain(name: &Path) -> bool {
    let mut parts = name.components();
    matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    )
}

/// Whether a file says in its first line that it is ours.
fn is_generated(bytes: &[u8]) -> bool {
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(first).contains(HEADER)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError + use<> {
    let path = path.to_path_buf();
    move |cause| WriteError {
        action,
        path,
        cause,
    }
}

//! Settings of a project: `vertebra.toml`, or `[package.metadata.vertebra]` in `Cargo.toml`.
//!
//! Invariant: a setting that isn't known is an error, not a silence.

use anyhow::Context;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a project says about itself. Everything can be left out.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// One file or several.
    #[serde(default)]
    pub source: Sources,
    pub out: Option<PathBuf>,
    pub name: Option<String>,
    pub url_prefix: Option<String>,
    pub global: Option<String>,
    #[serde(default)]
    pub bigint: bool,
    #[serde(default)]
    pub dates: bool,
    #[serde(default)]
    pub bytes: bool,
    #[serde(default)]
    pub js: bool,
    pub package: Option<String>,
    pub version: Option<String>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Sources {
    #[default]
    None,
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl Sources {
    pub(super) fn into_vec(self) -> Vec<PathBuf> {
        match self {
            Sources::None => Vec::new(),
            Sources::One(path) => vec![path],
            Sources::Several(paths) => paths,
        }
    }
}

/// The part of `Cargo.toml` that matters here.
#[derive(Default, Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<Version>,
    metadata: Option<Metadata>,
}

/// A version, or `{workspace = true}`: where the workspace says it is not looked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Own(String),
    #[allow(dead_code, reason = "only that it is there matters")]
    Elsewhere(toml::Table),
}

#[derive(Deserialize)]
struct Metadata {
    vertebra: Option<Settings>,
}

/// A project: its settings, its crate's name, and its features.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Project {
    pub settings: Settings,
    pub name: Option<String>,
    pub version: Option<String>,
    features: BTreeMap<String, Vec<String>>,
}

impl Project {
    /// Reads what a directory has of both files. `vertebra.toml` speaks for itself alone.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Project> {
        let manifest: Manifest = read(&directory.join("Cargo.toml"))?.unwrap_or_default();
        let own: Option<Settings> = read(&directory.join("vertebra.toml"))?;
        let (name, version, metadata) = match manifest.package {
            Some(package) => (Some(package.name), package.version, package.metadata),
            None => (None, None, None),
        };
        let in_manifest = metadata.and_then(|metadata| metadata.vertebra);
        Ok(Project {
            settings: own.or(in_manifest).unwrap_or_default(),
            name,
            version: match version {
                Some(Version::Own(version)) => Some(version),
                _ => None,
            },
            features: manifest.features,
        })
    }

    /// The features that these turn on, with all that they turn on themselves.
    pub(super) fn features(&self, given: &[String], with_default: bool) -> BTreeSet<String> {
        let mut open: Vec<&str> = given.iter().map(String::as_str).collect();
        open.extend(with_default.then_some("default"));
        let mut on = BTreeSet::new();
        while let Some(feature) = open.pop() {
            if on.insert(feature.to_string()) {
                let more = self.features.get(feature).into_iter().flatten();
                // `dep:x` and `x/y` are features of other crates.
                open.extend(
                    more.map(String::as_str)
                        .filter(|one| !one.contains([':', '/'])),
                );
            }
        }
        on
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let value = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
            Ok(Some(value))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_bring_features() {
        let manifest: Manifest = toml::from_str(
            "[features]\ndefault = ['a']\na = ['b', 'dep:x', 'y/z']\nb = ['a']\nc = []\n",
        )
        .expect("toml");
        let project = Project {
            features: manifest.features,
            ..Project::default()
        };
        let names = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(names(project.features(&[], true)), "a b default");
        assert_eq!(names(project.features(&["c".to_string()], false)), "c");
    }
}

//! What a generated package is called and where its server is.
//!
//! Invariant: a `Config` that exists has names that are safe as a file name and as a JavaScript identifier.

use super::javascript::escape;
use heck::ToLowerCamelCase;

/// How a schema is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    name: String,
    url_prefix: String,
    global: String,
    values: Values,
    package: Option<Package>,
}

/// What an application gets for values that JSON has no type for. Without an option it is the text of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// 64-bit integers are `bigint`. Ids stay text.
    pub bigint: bool,
    /// Moments and days are `Date`, of which a day is its beginning in UTC, and a moment is cut to milliseconds.
    pub dates: bool,
    /// Bytes are `Uint8Array`.
    pub bytes: bool,
}

/// The files as a package of npm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What it is called there.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A setting that can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The name is part of file names.
    #[error(
        "the name {0:?} can't be a file name: use letters, digits, `-`, `_` and `.`, and begin with a letter"
    )]
    Name(String),
    /// The global is a variable of the page.
    #[error(
        "{0:?} can't be a variable of a page: use a JavaScript identifier that the browser doesn't use itself"
    )]
    Global(String),
    /// The prefix is the beginning of a path on the server, or of a URL.
    #[error(
        "the URL prefix {0:?} has to begin with `/`, `http://` or `https://`, and have no `?` and no `#`"
    )]
    UrlPrefix(String),
    /// The name is npm's.
    #[error(
        "{0:?} can't be the name of a package: use lower-case letters, digits, `-`, `_` and `.`, and at most one `@scope/` before it"
    )]
    Package(String),
    /// A version is three numbers.
    #[error("{0:?} can't be the version of a package: write three numbers, such as 1.2.3")]
    Version(String),
}

/// Variables of a page that would break it, or send it elsewhere, when set.
const TAKEN: [&str; 16] = [
    "Backbone",
    "_",
    "$",
    "jQuery",
    "window",
    "self",
    "top",
    "parent",
    "frames",
    "document",
    "location",
    "history",
    "name",
    "status",
    "globalThis",
    "define",
];

impl Config {
    /// A package of the name. A name that can't be one is kept to what can: see [`Config::named`] to be told instead.
    pub fn new(name: &str) -> Config {
        Config::named(name).unwrap_or_else(|_| {
            let kept: String = name
                .chars()
                .skip_while(|one| !one.is_ascii_alphabetic())
                .filter(|one| is_name_char(*one))
                .collect();
            let name = if kept.is_empty() {
                "models".to_string()
            } else {
                kept
            };
            Config {
                global: global_of(&name),
                url_prefix: "/api/".to_string(),
                values: Values::default(),
                package: None,
                name,
            }
        })
    }

    /// A package of the name, when it is good for a file name.
    pub fn named(name: &str) -> Result<Config, ConfigError> {
        let good = name.starts_with(|one: char| one.is_ascii_alphabetic())
            && name.chars().all(is_name_char);
        if !good {
            return Err(ConfigError::Name(name.to_string()));
        }
        Ok(Config {
            name: name.to_string(),
            url_prefix: "/api/".to_string(),
            global: global_of(name),
            values: Values::default(),
            package: None,
        })
    }

    /// Where the collections are on the server; `/api/` when not said.
    pub fn url_prefix(mut self, prefix: &str) -> Result<Config, ConfigError> {
        let rooted = ["/", "http://", "https://"]
            .iter()
            .any(|start| prefix.starts_with(start));
        if !rooted
            || prefix.contains(['?', '#'])
            || prefix
                .chars()
                .any(|one| one.is_control() || one.is_whitespace())
        {
            return Err(ConfigError::UrlPrefix(prefix.to_string()));
        }
        self.url_prefix = format!("{}/", prefix.trim_end_matches('/'));
        Ok(self)
    }

    /// The one variable of a page that `NAME.global.js` sets; the name itself when it can be one.
    pub fn global(mut self, global: &str) -> Result<Config, ConfigError> {
        if !escape::is_identifier(global) || escape::is_reserved(global) || TAKEN.contains(&global)
        {
            return Err(ConfigError::Global(global.to_string()));
        }
        self.global = global.to_string();
        Ok(self)
    }

    /// What attributes hold that JSON has no type for.
    #[must_use]
    pub fn with_values(mut self, values: Values) -> Config {
        self.values = values;
        self
    }

    /// Makes the files a package of npm, called like them when no name is given.
    pub fn with_package(
        mut self,
        name: Option<&str>,
        version: &str,
    ) -> Result<Config, ConfigError> {
        let name = name.map_or_else(|| self.name.to_lowercase(), str::to_string);
        let bare = match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
            Some(Some((scope, bare))) if is_package_name(scope) => bare,
            Some(_) => return Err(ConfigError::Package(name)),
            None => &name,
        };
        if !is_package_name(bare) || name.len() > 214 {
            return Err(ConfigError::Package(name));
        }
        let (core, extra) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
        let numbers: Vec<&str> = core.split('.').collect();
        let is_number =
            |part: &str| !part.is_empty() && part.chars().all(|one| one.is_ascii_digit());
        let is_extra = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '+' | '.');
        if numbers.len() != 3 || !numbers.into_iter().all(is_number) || !extra.chars().all(is_extra)
        {
            return Err(ConfigError::Version(version.to_string()));
        }
        let version = version.to_string();
        self.package = Some(Package { name, version });
        Ok(self)
    }

    /// What attributes hold that JSON has no type for.
    pub fn values(&self) -> Values {
        self.values
    }

    /// The package that the files are, if they are one.
    pub fn package(&self) -> Option<&Package> {
        self.package.as_ref()
    }

    /// What the files are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a collection is on the server, as the text of a URL.
    pub(super) fn url(&self, collection: &str) -> String {
        let mut url = self.url_prefix.clone();
        for byte in collection.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    url.push(byte.into())
                }
                other => url.push_str(&format!("%{other:02X}")),
            }
        }
        url
    }

    pub(super) fn global_name(&self) -> &str {
        &self.global
    }
}

fn is_name_char(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.')
}

fn is_package_name(name: &str) -> bool {
    let is_char = |one: char| {
        one.is_ascii_lowercase() || one.is_ascii_digit() || matches!(one, '-' | '_' | '.')
    };
    name.starts_with(|one: char| one.is_ascii_lowercase() || one.is_ascii_digit())
        && name.chars().all(is_char)
}

/// The name as an identifier: `todo` stays, `my-app` is `myApp`.
fn global_of(name: &str) -> String {
    let free = |name: &str| {
        escape::is_identifier(name) && !escape::is_reserved(name) && !TAKEN.contains(&name)
    };
    if free(name) {
        return name.to_string();
    }
    let camel = name.replace('.', "-").to_lower_camel_case();
    if free(&camel) {
        camel
    } else {
        format!("{camel}Models")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_of_the_directory() {
        for bad in ["", "../x", "a/b", "a\\b", ".hidden", "x y", "tod\u{f6}"] {
            assert_eq!(Config::named(bad), Err(ConfigError::Name(bad.to_string())));
        }
        assert_eq!(Config::new("../x").name(), "x");
        assert_eq!(Config::new("..").name(), "models");
    }

    #[test]
    fn globals_are_identifiers_that_the_page_does_not_need() {
        for (name, global) in [
            ("todo", "todo"),
            ("my-app", "myApp"),
            ("location", "locationModels"),
            ("class", "classModels"),
        ] {
            assert_eq!(Config::new(name).global_name(), global);
        }
        let todo = || Config::new("todo");
        for bad in ["", "a-b", "class", "location", "__proto__", "x;alert(1)"] {
            assert_eq!(
                todo().global(bad),
                Err(ConfigError::Global(bad.to_string())),
                "{bad}"
            );
        }
    }

    #[test]
    fn packages_have_names_of_npm() {
        let package = |name: Option<&str>, version: &str| {
            let config = Config::new("Todo").with_package(name, version)?;
            Ok(config
                .package()
                .map(|package| package.name.clone())
                .unwrap_or_default())
        };
        assert_eq!(package(None, "1.2.3"), Ok("todo".to_string()));
        assert_eq!(
            package(Some("@a/b.c"), "0.0.1-rc.1"),
            Ok("@a/b.c".to_string())
        );
        for bad in [
            "",
            "A",
            ".a",
            "@a",
            "a/b",
            "@/a",
            "@a/b/c",
            "a b",
            "node_modules/../x",
        ] {
            assert_eq!(
                package(Some(bad), "1.2.3"),
                Err(ConfigError::Package(bad.to_string()))
            );
        }
        for bad in ["", "1", "1.2", "1.2.x", "1.2.3 \"", "1..3"] {
            assert_eq!(
                package(None, bad),
                Err(ConfigError::Version(bad.to_string()))
            );
        }
    }

    #[test]
    fn prefixes_are_paths_or_urls() {
        let todo = || Config::new("todo");
        assert_eq!(
            todo().url_prefix("/v1").map(|one| one.url("a b")),
            Ok("/v1/a%20b".to_string())
        );
        assert_eq!(
            todo().url_prefix("/").map(|one| one.url("x")),
            Ok("/x".to_string())
        );
        assert!(todo().url_prefix("javascript:alert(1)//").is_err());
        assert!(todo().url_prefix("/a?b").is_err());
    }
}

//! What makes the files of a schema a package of npm: its description, and a map beside each script.
//!
//! Invariant: nothing in the files beside it changes but one comment that names the map.

use super::{Config, HEADER, javascript};
use askama::Template;
use serde_json::to_string;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The description of a package; a file of this name that isn't ours is never replaced.
pub const DESCRIPTION: &str = "package.json";

#[derive(Template)]
#[template(path = "package.json", escape = "none")]
struct Description<'a> {
    header: String,
    name: String,
    version: String,
    file: &'a str,
}

/// Adds what is missing, when a package is asked for.
pub(super) fn complete(files: &mut BTreeMap<PathBuf, String>, config: &Config) {
    let Some(package) = config.package() else {
        return;
    };
    let mut maps = Vec::new();
    for (path, text) in files.iter_mut() {
        let name = path.display().to_string();
        if name.ends_with(".js") || name.ends_with(".cjs") {
            let map = format!("{name}.map");
            maps.push((PathBuf::from(&map), javascript::source_map::of(&name, text)));
            text.push_str(&format!("//# sourceMappingURL={map}\n"));
        }
    }
    files.extend(maps);
    // Texts have a form in JSON, whatever they are.
    let json = |text: &str| to_string(text).unwrap_or_default();
    let description = Description {
        header: json(HEADER),
        name: json(&package.name),
        version: json(&package.version),
        file: config.name(),
    };
    let text = description
        .render()
        .unwrap_or_else(|error| error.to_string());
    files.insert(PathBuf::from(DESCRIPTION), format!("{}\n", text.trim_end()));
}

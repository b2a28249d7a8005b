//! Names that follow from other names.

use heck::ToSnakeCase;

/// The name of the collection of a model that does not say it: `snake_case`, with the last word in the plural.
///
/// The plural is English and simple: `-y` after a consonant becomes `-ies`; `-s`, `-x`, `-z`, `-ch` and `-sh` get
/// `-es`; all else gets `-s`. For `Person` write `#[model(collection = "people")]`.
pub(super) fn collection(model: &str) -> String {
    let name = model.to_snake_case();
    let vowel_before_y = ["ay", "ey", "iy", "oy", "uy"];
    if let Some(stem) = name.strip_suffix('y')
        && !vowel_before_y.iter().any(|end| name.ends_with(end))
    {
        return format!("{stem}ies");
    }
    let hissing = ["s", "x", "z", "ch", "sh"];
    if hissing.iter().any(|end| name.ends_with(end)) {
        return format!("{name}es");
    }
    format!("{name}s")
}

#[cfg(test)]
mod tests {
    use super::collection;

    #[test]
    fn the_plural_is_simple() {
        let names = [
            ("Todo", "todos"),
            ("TodoItem", "todo_items"),
            ("Category", "categories"),
            ("Day", "days"),
            ("Box", "boxes"),
            ("Branch", "branches"),
            ("Address", "addresses"),
        ];
        for (model, expected) in names {
            assert_eq!(collection(model), expected);
        }
    }
}

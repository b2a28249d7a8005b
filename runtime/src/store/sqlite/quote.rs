//! Names and constants in SQL text: the one place where they are quoted.
//!
//! Invariant: whatever a name contains, it stays a name. Values of rows never come here: they are bound.

use rusqlite::types::ValueRef;

/// A name as SQL text: of a table, a column or an index.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a column's index. Both parts are quoted inside it, so that no two columns share one.
pub(super) fn index_name(unique: bool, table: &str, column: &str) -> String {
    let kind = if unique { "unique" } else { "index" };
    format!("{kind} {} {}", name(table), name(column))
}

/// How the names of a table's indexes begin.
pub(super) fn index_prefixes(table: &str) -> [String; 2] {
    ["index", "unique"].map(|kind| format!("{kind} {} ", name(table)))
}

/// A column's default, which is the one value that SQL does not let be bound.
pub(super) fn constant(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_string(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:e}"),
        ValueRef::Text(text) => {
            format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''"))
        }
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}

/// Why a name cannot be used in SQLite at all.
pub(super) fn problem(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if name.contains('\0') {
        Some("contains a NUL character")
    } else if lower.starts_with("sqlite_") {
        Some("begins with `sqlite_`, which SQLite keeps for itself")
    } else if lower.starts_with("_vertebra_") {
        Some("begins with `_vertebra_`, which is kept for the log and its relatives")
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_name_stays_a_name_and_a_constant_a_constant() {
        let db = Connection::open_in_memory().unwrap();
        for hostile in [
            "a\"b",
            "\"; DROP TABLE x; --",
            "select",
            "'",
            "é 🦴",
            "",
            "]`[",
        ] {
            let (quoted, index) = (name(hostile), name(&index_name(true, hostile, hostile)));
            let text = constant(ValueRef::Text(hostile.as_bytes()));
            db.execute_batch(&format!(
                "CREATE TABLE {quoted} ({quoted} TEXT DEFAULT {text});
                 CREATE UNIQUE INDEX {index} ON {quoted} ({quoted});
                 INSERT INTO {quoted} DEFAULT VALUES;"
            ))
            .unwrap();
            let stored: String = db
                .query_row(&format!("SELECT {quoted} FROM {quoted}"), [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(stored, hostile);
            db.execute_batch(&format!("DROP TABLE {quoted}")).unwrap();
        }
    }

    #[test]
    fn no_two_columns_share_an_index_name() {
        assert_ne!(index_name(true, "a b", "c"), index_name(true, "a", "b c"));
        assert_ne!(
            index_name(true, "a\" \"b", "c"),
            index_name(true, "a", "b\" \"c")
        );
    }
}

//! The lists of columns that log entries were written with.
//!
//! Invariant: a list is never changed or removed: a changed table gets a new one.

use super::columns::Kind;
use super::table::{Shape, Tables};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

/// The table of lists.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _vertebra_shapes (
  id INTEGER PRIMARY KEY NOT NULL,
  collection TEXT NOT NULL,
  columns TEXT NOT NULL
) STRICT;
";

/// How the fields of a collection were kept when it was last migrated.
pub(super) fn kinds(
    conn: &Connection,
    collection: &str,
) -> rusqlite::Result<HashMap<String, Kind>> {
    let mut latest = conn.prepare_cached(
        "SELECT columns FROM _vertebra_shapes WHERE collection = ?1 ORDER BY id DESC LIMIT 1",
    )?;
    let text: Option<String> = latest
        .query_row([collection], |row| row.get(0))
        .optional()?;
    let columns = text.map(|text| parse(&text)).unwrap_or_default();
    Ok(columns.into_iter().collect())
}

/// Gives every table the number of its list of columns, and reads all lists that the log can refer to.
pub(super) fn shapes(conn: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    for table in &mut tables.all {
        let columns: Vec<(&str, &str)> = table
            .columns
            .iter()
            .map(|column| (&*column.name, column.kind.name()))
            .collect();
        let columns = serde_json::json!(columns).to_string();
        let latest: Option<(i64, String)> = conn
            .prepare_cached(
                "SELECT id, columns FROM _vertebra_shapes WHERE collection = ?1 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([&*table.name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let shape = match latest {
            Some((shape, text)) if text == columns => shape,
            _ => {
                conn.execute(
                    "INSERT INTO _vertebra_shapes (collection, columns) VALUES (?1, ?2)",
                    params![&*table.name, columns],
                )?;
                conn.last_insert_rowid()
            }
        };
        // Nobody else has it yet.
        if let Some(table) = Arc::get_mut(table) {
            table.shape = shape;
        }
    }
    let mut all = conn.prepare("SELECT id, columns FROM _vertebra_shapes")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let columns = parse(&row.get::<_, String>(1)?);
        tables.shapes.insert(row.get(0)?, Shape { columns });
    }
    Ok(())
}

fn parse(text: &str) -> Vec<(String, Kind)> {
    let columns: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
    let columns = columns.into_iter();
    // Every name keeps its place, also one of a kind that this program does not know.
    let kind = |kind: &str| Kind::named(kind).unwrap_or(Kind::Json);
    columns.map(|(name, text)| (name, kind(&text))).collect()
}

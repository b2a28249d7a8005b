//! The SQL of a table.
//!
//! Invariant: text is made of quoted names and numbered parameters only; no value is ever part of it.

use super::columns::Kind;
use super::quote;
use super::table::{Column, Table, VERSION};
use crate::protocol::{After, Query};
use rusqlite::types::{ToSqlOutput, Value as Stored};
use serde_json::Value;
use std::fmt::Write;

/// The columns of a row, and its version last.
fn columns(table: &Table) -> String {
    let mut text = String::new();
    for column in &table.columns {
        text += &column.quoted;
        text += ", ";
    }
    text + &quote::name(VERSION)
}

/// One row by its id.
pub(super) fn select(table: &Table) -> String {
    let (columns, name) = (columns(table), quote::name(&table.name));
    let id = &table.id_column().quoted;
    format!("SELECT {columns} FROM {name} WHERE {id} = ?1")
}

/// A new row: its columns, then its version.
pub(super) fn insert(table: &Table) -> String {
    let (columns, name) = (columns(table), quote::name(&table.name));
    let places: Vec<String> = (1..=table.columns.len() + 1)
        .map(|n| format!("?{n}"))
        .collect();
    format!(
        "INSERT INTO {name} ({columns}) VALUES ({})",
        places.join(", ")
    )
}

/// Some columns of a row: their values, then its version, then its id.
pub(super) fn update(table: &Table, changed: &[usize]) -> String {
    let mut text = format!("UPDATE {} SET ", quote::name(&table.name));
    let columns = changed.iter().map(|column| &*table.columns[*column].quoted);
    let version = quote::name(VERSION);
    for (i, column) in columns.chain([version.as_str()]).enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{column} = ?{}", i + 1);
    }
    let id = &table.id_column().quoted;
    format!("{text} WHERE {id} = ?{}", changed.len() + 2)
}

/// A row goes.
pub(super) fn delete(table: &Table) -> String {
    let (name, id) = (quote::name(&table.name), &table.id_column().quoted);
    format!("DELETE FROM {name} WHERE {id} = ?1")
}

/// Another row than ?2 that has the value ?1.
pub(super) fn taken(table: &Table, column: &Column) -> String {
    let (name, id) = (quote::name(&table.name), &table.id_column().quoted);
    let column = &column.quoted;
    format!("SELECT 1 FROM {name} WHERE {column} = ?1 AND {id} IS NOT ?2")
}

/// A table as it is made.
pub(super) fn create(table: &Table) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (i, column) in table.columns.iter().enumerate() {
        let (name, sql) = (&column.quoted, column.kind.sql());
        parts.push(match (i == table.id, table.makes_ids) {
            (true, true) => format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"),
            (true, false) => format!("{name} {sql} PRIMARY KEY NOT NULL"),
            _ if column.nullable => format!("{name} {sql}"),
            _ => format!("{name} {sql} NOT NULL"),
        });
    }
    parts.push(format!("{} INTEGER NOT NULL", quote::name(VERSION)));
    let name = quote::name(&table.name);
    format!("CREATE TABLE {name} (\n  {}\n) STRICT", parts.join(",\n  "))
}

/// An index as it is made.
pub(super) fn index(table: &Table, column: &Column, unique: bool) -> String {
    let index = quote::name(&quote::index_name(unique, &table.name, &column.name));
    let (name, column) = (quote::name(&table.name), &column.quoted);
    let unique = if unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX {index} ON {name} ({column})")
}

/// A query's text and what is bound to it.
pub(super) struct Selection<'a> {
    /// The text; the same for queries that differ in values only.
    pub(super) text: String,
    /// One for each parameter.
    pub(super) bound: Vec<ToSqlOutput<'a>>,
}

/// The rows of a query; `None` if none can match, because a value cannot be in its column.
pub(super) fn query<'a>(table: &Table, query: &'a Query) -> Option<Selection<'a>> {
    let name = quote::name(&table.name);
    let mut made = Selection {
        text: format!("SELECT {} FROM {name}", columns(table)),
        bound: Vec::new(),
    };
    let mut conditions = Vec::new();
    for condition in &query.conditions {
        let column = &table.columns[condition.column];
        conditions.push(made.equal(column, &condition.value)?);
    }
    if let Some(after) = &query.after {
        conditions.extend(made.after(table, query, after)?);
    }
    if !conditions.is_empty() {
        made.text += " WHERE ";
        made.text += &conditions.join(" AND ");
    }
    made.text += " ORDER BY ";
    for sort in &query.sort {
        made.text += &table.columns[sort.column].quoted;
        made.text += if sort.descending { " DESC, " } else { ", " };
    }
    made.text += &table.id_column().quoted;
    if let Some(limit) = query.limit {
        let place = made.bind(ToSqlOutput::Owned(Stored::Integer(limit.into())));
        made.text += &format!(" LIMIT {place}");
    }
    Some(made)
}

impl<'a> Selection<'a> {
    fn bind(&mut self, value: ToSqlOutput<'a>) -> String {
        self.bound.push(value);
        format!("?{}", self.bound.len())
    }

    fn value(&mut self, kind: Kind, value: &'a Value) -> Option<String> {
        Some(self.bind(kind.store(value).ok()?))
    }

    fn equal(&mut self, column: &Column, value: &'a Value) -> Option<String> {
        let name = &column.quoted;
        if value.is_null() {
            return Some(format!("{name} IS NULL"));
        }
        let place = self.value(column.kind, value)?;
        Some(format!("{name} = {place}"))
    }

    /// What comes after a position: further in the first column, or level there and further in the next. Null is
    /// smaller than anything, as in `ORDER BY`.
    fn after(&mut self, table: &Table, query: &Query, after: &'a After) -> Option<Vec<String>> {
        let mut conditions = Vec::new();
        let mut level: Vec<String> = Vec::new();
        let mut branches = Vec::new();
        let sorts = query.sort.iter().zip(&after.values);
        let sorts = sorts.map(|(sort, value)| (sort.column, sort.descending, value));
        for (i, (column, descending, value)) in
            sorts.chain([(table.id, false, &after.id)]).enumerate()
        {
            let column = &table.columns[column];
            let name = &column.quoted;
            let further = if value.is_null() {
                // Nothing is smaller than null.
                (!descending).then(|| format!("{name} IS NOT NULL"))
            } else {
                let place = self.value(column.kind, value)?;
                let sign = if descending { '<' } else { '>' };
                if i == 0 && !(descending && column.nullable) {
                    // Says nothing new, but lets an index start at the position.
                    conditions.push(format!("{name} {sign}= {place}"));
                }
                Some(if descending && column.nullable {
                    format!("({name} < {place} OR {name} IS NULL)")
                } else {
                    format!("{name} {sign} {place}")
                })
            };
            if let Some(further) = further {
                let parts: Vec<&str> = level
                    .iter()
                    .map(String::as_str)
                    .chain([&*further])
                    .collect();
                branches.push(format!("({})", parts.join(" AND ")));
            }
            if i < query.sort.len() {
                level.push(self.equal(column, value)?);
            }
        }
        conditions.push(format!("({})", branches.join(" OR ")));
        Some(conditions)
    }
}

//! The log's table.
//!
//! A row's images are JSON arrays in the order of fields, and name the list of columns that they were written with, so
//! that they can be read after columns were added.
//! Invariant: entries are only ever appended, and removed from the old end.

use super::columns::Kind;
use super::failure::Stop;
use super::table::{Table, Tables};
use crate::protocol::{Error, Seq};
use crate::store::{Change, Commit, Origin, Row};
use rusqlite::{Connection, Statement, params};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// The table, and the index by which the result of a client's mutation is found.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _vertebra_log (
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  collection TEXT NOT NULL,
  shape INTEGER NOT NULL,
  id TEXT NOT NULL,
  before_v INTEGER,
  before TEXT,
  after TEXT,
  cid BLOB,
  mid INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS _vertebra_log_mutations ON _vertebra_log (cid, mid) WHERE cid IS NOT NULL;
";

const APPEND: &str = "INSERT INTO _vertebra_log
  (seq, n, collection, shape, id, before_v, before, after, cid, mid, at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// The statement that appends.
pub(super) fn appender(conn: &Connection) -> rusqlite::Result<Statement<'_>> {
    conn.prepare(APPEND)
}

/// Appends a commit; returns how many bytes its images are.
pub(super) fn append(
    appender: &mut Statement<'_>,
    tables: &Tables,
    commit: &Commit,
    at: i64,
) -> Result<usize, Stop> {
    let mut weight = 0;
    let text = |row: &Option<Row>| match row {
        Some(row) => serde_json::to_string(&*row.values).map(Some),
        None => Ok(None),
    };
    for (n, change) in commit.changes.iter().enumerate() {
        let table = tables.get(&change.collection)?;
        let (before, after) = (
            text(&change.before).map_err(Error::internal)?,
            text(&change.after).map_err(Error::internal)?,
        );
        let images = [&before, &after].into_iter().flatten();
        weight += images.map(String::len).sum::<usize>();
        appender.raw_bind_parameter(1, commit.seq as i64)?;
        appender.raw_bind_parameter(2, n as i64)?;
        appender.raw_bind_parameter(3, &*change.collection)?;
        appender.raw_bind_parameter(4, table.shape)?;
        match &change.id {
            Value::String(id) => appender.raw_bind_parameter(5, id)?,
            id => appender.raw_bind_parameter(5, id.to_string())?,
        }
        let v = change.before.as_ref().map(|row| row.v as i64);
        appender.raw_bind_parameter(6, v)?;
        appender.raw_bind_parameter(7, before)?;
        appender.raw_bind_parameter(8, after)?;
        let cid = commit
            .origin
            .as_ref()
            .map(|origin| origin.cid.as_bytes().as_slice());
        appender.raw_bind_parameter(9, cid)?;
        let mid = commit.origin.map(|origin| (origin.mid + n as u64) as i64);
        appender.raw_bind_parameter(10, mid)?;
        appender.raw_bind_parameter(11, at)?;
        appender.raw_execute()?;
    }
    Ok(weight)
}

/// The last position of the log, also of one whose entries were all removed.
pub(super) fn head(conn: &Connection) -> rusqlite::Result<Seq> {
    let mut statement = conn.prepare_cached(
        "SELECT max(ifnull((SELECT max(seq) FROM _vertebra_log), 0), value)
           FROM _vertebra_meta WHERE key = 'floor'",
    )?;
    let head: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(head as Seq)
}

/// Where the log begins: everything up to here was removed.
pub(super) fn floor(conn: &Connection) -> rusqlite::Result<Seq> {
    let mut statement =
        conn.prepare_cached("SELECT value FROM _vertebra_meta WHERE key = 'floor'")?;
    let floor: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(floor as Seq)
}

/// Whether the entries after a position have more bytes of images than a limit.
pub(super) fn weighs_more(conn: &Connection, after: Seq, limit: u64) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare_cached(
        "SELECT ifnull(octet_length(before), 0) + ifnull(octet_length(after), 0)
           FROM _vertebra_log WHERE seq > ?1",
    )?;
    let mut rows = statement.query([after as i64])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, i64>(0)? as u64;
        if bytes > limit {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes the entries up to a position.
pub(super) fn forget(conn: &Connection, to: Seq) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM _vertebra_log WHERE seq <= ?1", [to as i64])?;
    conn.execute(
        "UPDATE _vertebra_meta SET value = max(value, ?1) WHERE key = 'floor'",
        [to as i64],
    )?;
    Ok(())
}

/// The commits after a position up to another, oldest first; not more than `most`.
pub(super) fn commits(
    conn: &Connection,
    tables: &Tables,
    after: Seq,
    to: Seq,
    most: usize,
) -> Result<Vec<Arc<Commit>>, Stop> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, collection, shape, before_v, before, after, cid, mid FROM _vertebra_log
          WHERE seq > ?1 AND seq <= ?2 ORDER BY seq, n",
    )?;
    let mut rows = statement.query([after as i64, to as i64])?;
    let mut commits: Vec<Commit> = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)? as Seq;
        if commits.last().is_none_or(|commit| commit.seq != seq) {
            if commits.len() == most {
                break;
            }
            let cid: Option<[u8; 16]> = row.get(6)?;
            let mid: Option<i64> = row.get(7)?;
            let origin = cid.zip(mid).map(|(cid, mid)| Origin {
                cid: Uuid::from_bytes(cid),
                mid: mid as u64,
            });
            commits.push(Commit {
                seq,
                origin,
                changes: Vec::new(),
            });
        }
        let collection: String = row.get(1)?;
        // A collection that is no longer in the schema has no fields: its changes cannot be told.
        if let (Some(table), Some(commit)) = (tables.find(&collection), commits.last_mut()) {
            commit.changes.push(change(tables, table, seq, row)?);
        }
    }
    Ok(commits.into_iter().map(Arc::new).collect())
}

/// The result of a client's mutation that was accepted: its position and row.
pub(super) fn result(
    conn: &Connection,
    tables: &Tables,
    cid: Uuid,
    mid: u64,
) -> Result<Option<(Seq, Row)>, Stop> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, collection, shape, before_v, before, after FROM _vertebra_log
          WHERE cid = ?1 AND mid = ?2",
    )?;
    let mut rows = statement.query(params![cid.as_bytes().as_slice(), mid as i64])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let seq = row.get::<_, i64>(0)? as Seq;
    let collection: String = row.get(1)?;
    let Some(table) = tables.find(&collection) else {
        return Ok(None);
    };
    let change = change(tables, table, seq, row)?;
    Ok(change.after.or(change.before).map(|row| (seq, row)))
}

/// An entry whose columns are `seq, collection, shape, before_v, before, after`.
fn change(
    tables: &Tables,
    table: &Table,
    seq: Seq,
    row: &rusqlite::Row<'_>,
) -> Result<Change, Stop> {
    let shape: i64 = row.get(2)?;
    let image = |column: usize, v: Option<Seq>| -> Result<Option<Row>, Stop> {
        let text = row.get_ref(column)?;
        let Some(text) = text.as_str_or_null().map_err(Error::internal)? else {
            return Ok(None);
        };
        let values = image(tables, table, shape, text)?;
        let v = v.unwrap_or_default();
        Ok(Some(Row { v, values }))
    };
    let before_v: Option<i64> = row.get(3)?;
    let before = image(4, before_v.map(|v| v as Seq))?;
    let after = image(5, Some(seq))?;
    let either = after.as_ref().or(before.as_ref());
    Ok(Change {
        collection: table.name.clone(),
        id: either.map_or(Value::Null, |row| row.values[table.id].clone()),
        before,
        after,
    })
}

/// The values of an image, for the columns of today.
fn image(tables: &Tables, table: &Table, shape: i64, text: &str) -> Result<Arc<[Value]>, Stop> {
    let values: Vec<Value> = serde_json::from_str(text).map_err(Error::internal)?;
    if shape == table.shape && values.len() == table.columns.len() {
        return Ok(values.into());
    }
    let written = tables
        .shapes
        .get(&shape)
        .ok_or_else(|| Error::internal(format!("the log names columns {shape}, which it lacks")))?;
    let today = table.columns.iter().map(|column| {
        let place = written
            .columns
            .iter()
            .position(|(name, _)| *name == column.name);
        let found = place.and_then(|place| {
            let (_, kind) = written.columns[place];
            convert(kind, column.kind, values.get(place)?)
        });
        found.or_else(|| column.default.clone()).unwrap_or_default()
    });
    Ok(today.collect())
}

/// A value of a column that was kept in another way when it was written.
fn convert(from: Kind, to: Kind, value: &Value) -> Option<Value> {
    if from == to {
        return Some(value.clone());
    }
    match from.store(value).ok()? {
        rusqlite::types::ToSqlOutput::Borrowed(stored) => to.load(stored),
        rusqlite::types::ToSqlOutput::Owned(stored) => to.load((&stored).into()),
        _ => None,
    }
}

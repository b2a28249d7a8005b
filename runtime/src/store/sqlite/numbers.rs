//! The clients' mutation numbers: what was run, and what was refused.
//!
//! Invariant: a number is consumed in the transaction of its write, or of its refusal; never twice, none left out.

use super::failure::Stop;
use crate::protocol::{Code, Error, Mid};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use uuid::Uuid;

/// The last number of each client, and the errors of those that were refused.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _vertebra_clients (
  cid BLOB PRIMARY KEY NOT NULL,
  last_mid INTEGER NOT NULL,
  at INTEGER NOT NULL,
  request INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _vertebra_refusals (
  cid BLOB NOT NULL,
  mid INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (cid, mid)
) STRICT, WITHOUT ROWID;
";

/// How far back the errors of refused mutations are kept, in numbers of the client: more than can be under way.
pub(super) const KEPT: Mid = 1024;

/// How many clients are known without asking the database.
const KNOWN: usize = 65_536;

/// The last number of a client, 0 if it is unknown.
pub(super) fn last(conn: &Connection, cid: Uuid) -> rusqlite::Result<Mid> {
    let mut statement =
        conn.prepare_cached("SELECT last_mid FROM _vertebra_clients WHERE cid = ?1")?;
    let last: Option<i64> = statement
        .query_row([cid.as_bytes().as_slice()], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_default() as Mid)
}

/// Keeps why a mutation was refused.
pub(super) fn refuse(conn: &Connection, cid: Uuid, mid: Mid, error: &Error) -> Result<(), Stop> {
    let cid = cid.as_bytes().as_slice();
    let error = serde_json::to_string(error).map_err(Error::internal)?;
    conn.prepare_cached("INSERT INTO _vertebra_refusals (cid, mid, error) VALUES (?1, ?2, ?3)")?
        .execute(params![cid, mid as i64, error])?;
    conn.prepare_cached("DELETE FROM _vertebra_refusals WHERE cid = ?1 AND mid <= ?2")?
        .execute(params![cid, mid.saturating_sub(KEPT) as i64])?;
    Ok(())
}

/// Why a mutation was refused, if it was.
pub(super) fn refusal(conn: &Connection, cid: Uuid, mid: Mid) -> Result<Option<Error>, Stop> {
    let mut statement =
        conn.prepare_cached("SELECT error FROM _vertebra_refusals WHERE cid = ?1 AND mid = ?2")?;
    let text: Option<String> = statement
        .query_row(params![cid.as_bytes().as_slice(), mid as i64], |row| {
            row.get(0)
        })
        .optional()?;
    let error = text.map(|text| serde_json::from_str(&text));
    Ok(error.transpose().map_err(Error::internal)?)
}

/// The last numbers in memory; what changed is written once a group.
#[derive(Default)]
pub(super) struct Numbers {
    known: HashMap<Uuid, Mid>,
    /// With what was asked for, where that matters.
    changed: HashMap<Uuid, Option<i64>>,
}

impl Numbers {
    /// The last number of a client.
    pub(super) fn last(&mut self, conn: &Connection, cid: Uuid) -> rusqlite::Result<Mid> {
        if let Some(last) = self.known.get(&cid) {
            return Ok(*last);
        }
        let last = last(conn, cid)?;
        self.known.insert(cid, last);
        Ok(last)
    }

    /// What was asked for under a client's last number, where that matters.
    pub(super) fn request(&self, conn: &Connection, cid: Uuid) -> rusqlite::Result<Option<i64>> {
        if let Some(request) = self.changed.get(&cid) {
            return Ok(*request);
        }
        let mut statement =
            conn.prepare_cached("SELECT request FROM _vertebra_clients WHERE cid = ?1")?;
        let request = statement.query_row([cid.as_bytes().as_slice()], |row| row.get(0));
        Ok(request.optional()?.flatten())
    }

    /// Consumes the numbers up to this one.
    pub(super) fn consume(&mut self, cid: Uuid, last: Mid, request: Option<i64>) {
        self.known.insert(cid, last);
        self.changed.insert(cid, request);
    }

    /// Writes down what changed.
    pub(super) fn save(&mut self, conn: &Connection, at: i64) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "INSERT INTO _vertebra_clients (cid, last_mid, at, request) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (cid) DO UPDATE
             SET last_mid = excluded.last_mid, at = excluded.at, request = excluded.request",
        )?;
        for (cid, request) in self.changed.drain() {
            let last = self.known.get(&cid).copied().unwrap_or_default();
            statement.execute(params![cid.as_bytes().as_slice(), last as i64, at, request])?;
        }
        if self.known.len() > KNOWN {
            self.known.clear();
        }
        Ok(())
    }

    /// Forgets a client.
    pub(super) fn forget(&mut self, cid: Uuid) {
        self.known.remove(&cid);
    }

    /// Forgets what was not written down.
    pub(super) fn clear(&mut self) {
        *self = Numbers::default();
    }
}

/// When the last write was of any client whose numbers were forgotten, in milliseconds; 0 if none were.
pub(super) fn forgotten_at(conn: &Connection) -> rusqlite::Result<i64> {
    let mut statement =
        conn.prepare_cached("SELECT value FROM _vertebra_meta WHERE key = 'forgotten_at'")?;
    statement.query_row([], |row| row.get(0))
}

/// Forgets those clients whose last write is older, among the first so many that come after one; answers them, and the last
/// that was looked at unless there are no more.
pub(super) fn forget(
    conn: &Connection,
    after: Uuid,
    before: i64,
    most: usize,
) -> rusqlite::Result<(Vec<Uuid>, Option<Uuid>)> {
    let mut next = conn.prepare_cached(
        "SELECT cid, at FROM _vertebra_clients WHERE cid > ?1 ORDER BY cid LIMIT ?2",
    )?;
    let found = next.query_map(params![after.as_bytes().as_slice(), most as i64], |row| {
        Ok((Uuid::from_bytes(row.get(0)?), row.get::<_, i64>(1)?))
    })?;
    let found: Vec<(Uuid, i64)> = found.collect::<Result<_, _>>()?;
    let last = (found.len() == most).then(|| found.last().map(|(cid, _)| *cid));
    let old: Vec<(Uuid, i64)> = found.into_iter().filter(|(_, at)| *at < before).collect();
    if let Some(latest) = old.iter().map(|(_, at)| *at).max() {
        let change = conn.unchecked_transaction()?;
        for table in ["_vertebra_clients", "_vertebra_refusals"] {
            let mut delete =
                change.prepare_cached(&format!("DELETE FROM {table} WHERE cid = ?1"))?;
            for (cid, _) in &old {
                delete.execute([cid.as_bytes().as_slice()])?;
            }
        }
        change.execute(
            "UPDATE _vertebra_meta SET value = max(value, ?1) WHERE key = 'forgotten_at'",
            [latest],
        )?;
        change.commit()?;
    }
    Ok((
        old.into_iter().map(|(cid, _)| cid).collect(),
        last.flatten(),
    ))
}

/// A number came that does not follow, or whose result is no longer kept.
pub(super) fn out_of_order(message: String, last: Mid) -> Error {
    Error {
        last: Some(last),
        ..Error::new(Code::OutOfOrder, message)
    }
}

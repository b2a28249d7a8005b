//! The clients' mutation numbers: what was run, and what was refused.
//!
//! Invariant: a number is consumed in the transaction of its write, or of its refusal; never twice, none left out.

use super::failure::Stop;
use crate::protocol::{Code, Error, Mid};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The last number of each client, and the errors of those that were refused.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _vertebra_clients (
  cid BLOB PRIMARY KEY NOT NULL,
  last_mid INTEGER NOT NULL,
  at INTEGER NOT NULL
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
    changed: HashSet<Uuid>,
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

    /// Consumes the numbers up to this one.
    pub(super) fn consume(&mut self, cid: Uuid, last: Mid) {
        self.known.insert(cid, last);
        self.changed.insert(cid);
    }

    /// Writes down what changed.
    pub(super) fn save(&mut self, conn: &Connection, at: i64) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "INSERT INTO _vertebra_clients (cid, last_mid, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (cid) DO UPDATE SET last_mid = excluded.last_mid, at = excluded.at",
        )?;
        for cid in self.changed.drain() {
            let last = self.known.get(&cid).copied().unwrap_or_default();
            statement.execute(params![cid.as_bytes().as_slice(), last as i64, at])?;
        }
        if self.known.len() > KNOWN {
            self.known.clear();
        }
        Ok(())
    }

    /// Forgets what was not written down.
    pub(super) fn clear(&mut self) {
        *self = Numbers::default();
    }
}

/// A number came that does not follow, or whose result is no longer kept.
pub(super) fn out_of_order(message: String, last: Mid) -> Error {
    Error {
        last: Some(last),
        ..Error::new(Code::OutOfOrder, message)
    }
}

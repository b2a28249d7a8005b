//! One transaction of the writer: many change sets, one sync.
//!
//! Invariant: a set that is refused leaves nothing but its consumed number; a group that fails leaves nothing at all.

use super::failure::{Stop, failure};
use super::history;
use super::numbers::{self, Numbers, out_of_order};
use super::recent::Weighed;
use super::rows::Rows;
use super::table::Tables;
use crate::protocol::{Error, Seq};
use crate::store::{ChangeSet, Commit, Origin, Row, Write, Written};
use rusqlite::{Connection, Statement};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// What becomes of a set when its group is durable.
pub(super) type Outcome = Result<Written, Error>;

/// A group that failed.
pub(super) struct Failed {
    /// What callers get.
    pub(super) error: Error,
    /// Whether the sets may be tried one by one, because only one of them is at fault.
    pub(super) alone: bool,
}

/// Where change sets are run: the writer's connection and what it keeps prepared.
pub(super) struct Desk<'c> {
    conn: &'c Connection,
    tables: Arc<Tables>,
    rows: Vec<Option<Rows<'c>>>,
    appender: Statement<'c>,
    numbers: Numbers,
    /// The last position given to a set.
    seq: Seq,
    /// The last position that is known to be durable.
    durable: Seq,
    /// The commits of this group.
    fresh: Vec<Weighed>,
    at: i64,
    /// Commits that are durable and bytes of their images, since somebody asked.
    appended: (u64, u64),
}

impl<'c> Desk<'c> {
    /// A desk for these tables.
    pub(super) fn new(conn: &'c Connection, tables: Arc<Tables>) -> rusqlite::Result<Desk<'c>> {
        let seq = history::head(conn)?;
        Ok(Desk {
            conn,
            rows: tables.all.iter().map(|_| None).collect(),
            tables,
            appender: history::appender(conn)?,
            numbers: Numbers::default(),
            seq,
            durable: seq,
            fresh: Vec::new(),
            at: 0,
            appended: (0, 0),
        })
    }

    /// The connection, for what is no change set.
    pub(super) fn conn(&self) -> &'c Connection {
        self.conn
    }

    /// The last position given.
    pub(super) fn seq(&self) -> Seq {
        self.seq
    }

    /// The last position that is known to be durable.
    pub(super) fn durable(&self) -> Seq {
        self.durable
    }

    /// How many commits were appended since this was last asked, and how many bytes their images are.
    pub(super) fn take_appended(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.appended)
    }

    /// A client's numbers are no longer in the database.
    pub(super) fn forget_client(&mut self, cid: Uuid) {
        self.numbers.forget(cid);
    }

    /// Changes the tables; what was prepared for the old ones goes.
    pub(super) fn set_tables(&mut self, tables: Arc<Tables>) {
        self.rows = tables.all.iter().map(|_| None).collect();
        self.tables = tables;
    }

    /// Runs the sets in one transaction, and returns when it is durable.
    pub(super) fn run(
        &mut self,
        sets: &[ChangeSet],
    ) -> Result<(Vec<Outcome>, Vec<Weighed>), Failed> {
        match self.transaction(sets) {
            Ok(outcomes) => {
                self.durable = self.seq;
                let bytes = self.fresh.iter().map(|(_, weight)| *weight as u64);
                self.appended.0 += self.fresh.len() as u64;
                self.appended.1 += bytes.sum::<u64>();
                Ok((outcomes, std::mem::take(&mut self.fresh)))
            }
            Err(failed) => {
                self.recover();
                Err(failed)
            }
        }
    }

    /// After a failure or a panic: nothing of the transaction stays, here or in the database.
    pub(super) fn recover(&mut self) {
        if !self.conn.is_autocommit()
            && let Err(cause) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%cause, "a failed transaction could not be rolled back");
        }
        self.fresh.clear();
        self.numbers.clear();
        self.rows.iter_mut().for_each(|rows| *rows = None);
        // Asked for, because a commit that was reported as failed can be there nevertheless.
        match history::head(self.conn) {
            Ok(seq) => self.durable = seq,
            Err(cause) => tracing::error!(%cause, "the log cannot be read"),
        }
        self.seq = self.durable;
    }

    fn transaction(&mut self, sets: &[ChangeSet]) -> Result<Vec<Outcome>, Failed> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        self.at = since.map_or(0, |since| since.as_millis() as i64);
        let stopped = |stop: Stop| Failed {
            alone: match &stop {
                Stop::Failed(error) => !super::failure::passes(error),
                Stop::Refused(_) => true,
            },
            error: stop.into_error(),
        };
        let stop = |error: rusqlite::Error| stopped(error.into());
        self.step("BEGIN IMMEDIATE").map_err(stop)?;
        let mut outcomes = Vec::with_capacity(sets.len());
        for set in sets {
            outcomes.push(self.set(set).map_err(stopped)?);
        }
        self.numbers.save(self.conn, self.at).map_err(stop)?;
        self.step("COMMIT").map_err(|error| Failed {
            error: failure(&error),
            alone: false,
        })?;
        Ok(outcomes)
    }

    fn step(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    /// One set: `Err` only if the group cannot go on.
    fn set(&mut self, set: &ChangeSet) -> Result<Outcome, Stop> {
        let count = match &set.writes {
            Ok(writes) => writes.len() as u64,
            Err(_) => 1,
        };
        let Some(origin) = set.origin else {
            return match &set.writes {
                Ok(writes) => self.all(writes, None),
                Err(error) => Ok(Err(error.clone())),
            };
        };
        let Origin { cid, mid } = origin;
        let last = self.numbers.last(self.conn, cid)?;
        if mid <= last {
            if set.request.is_some() && set.request != self.numbers.request(self.conn, cid)? {
                let error = Error::field("key", "was used for another request");
                return Ok(Err(error));
            }
            return self.again(origin, count, last);
        }
        if mid > last + 1 {
            let message = format!("mutation {mid} does not follow {last}, the last one");
            return Ok(Err(out_of_order(message, last)));
        }
        let outcome = match &set.writes {
            Ok(writes) => self.all(writes, Some(origin))?,
            Err(error) => Err(error.clone()),
        };
        if let Err(error) = &outcome {
            for mid in mid..mid + count {
                numbers::refuse(self.conn, cid, mid, error)?;
            }
        }
        self.numbers.consume(cid, mid + count - 1, set.request);
        Ok(outcome)
    }

    /// All writes of a set or none.
    fn all(&mut self, writes: &[Write], origin: Option<Origin>) -> Result<Outcome, Stop> {
        if writes.is_empty() {
            let (seq, rows) = (self.seq, Vec::new());
            return Ok(Ok(Written { seq, rows }));
        }
        // A single write is a single statement, which undoes itself.
        let several = writes.len() > 1;
        if several {
            self.step("SAVEPOINT change_set")?;
        }
        let outcome = match self.changes(writes, origin) {
            Ok(written) => Ok(written),
            Err(Stop::Refused(error)) => Err(*error),
            Err(failed) => return Err(failed),
        };
        if several {
            if outcome.is_err() {
                self.step("ROLLBACK TO change_set")?;
            }
            self.step("RELEASE change_set")?;
        }
        Ok(outcome)
    }

    fn changes(&mut self, writes: &[Write], origin: Option<Origin>) -> Result<Written, Stop> {
        let seq = self.seq + 1;
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            changes.push(self.rows(&write.collection)?.write(write, seq)?);
        }
        let rows = changes.iter().map(|change| {
            let row = change.after.as_ref().or(change.before.as_ref());
            // One of the two is always there; a change without both would be of no row.
            row.cloned()
                .ok_or_else(|| Error::internal("a change of no row"))
        });
        let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
        let commit = Commit {
            seq,
            origin,
            changes,
        };
        // The row is written: an entry that is refused must not leave it there.
        let weight =
            history::append(&mut self.appender, &self.tables, &commit, self.at).map_err(fatal)?;
        self.fresh.push((Arc::new(commit), weight));
        self.seq = seq;
        Ok(Written { seq, rows })
    }

    fn rows(&mut self, collection: &str) -> Result<&mut Rows<'c>, Stop> {
        let table = self.tables.get(collection)?;
        let place = &mut self.rows[table.number];
        match place {
            Some(rows) => Ok(rows),
            empty => Ok(empty.insert(Rows::new(self.conn, table.clone())?)),
        }
    }

    /// The results that the numbers of a set already have.
    fn again(&mut self, origin: Origin, count: u64, last: u64) -> Result<Outcome, Stop> {
        let Origin { cid, mid } = origin;
        let mut written = Written {
            seq: self.seq,
            rows: Vec::new(),
        };
        for mid in mid..mid + count {
            if mid > last {
                let message = format!("mutations up to {last} were run, without those after it");
                return Ok(Err(out_of_order(message, last)));
            }
            if let Some((seq, row)) = history::result(self.conn, &self.tables, cid, mid)? {
                written.seq = seq;
                written.rows.push(row);
            } else if let Some(error) = numbers::refusal(self.conn, cid, mid)? {
                return Ok(Err(error));
            } else {
                let message = format!("mutation {mid} was run; its result is no longer kept");
                return Ok(Err(out_of_order(message, last)));
            }
        }
        Ok(Ok(written))
    }
}

/// A refusal that must undo more than one write.
fn fatal(stop: Stop) -> Stop {
    match stop {
        Stop::Refused(error) => Stop::Failed(rusqlite::Error::ToSqlConversionFailure(error)),
        failed => failed,
    }
}

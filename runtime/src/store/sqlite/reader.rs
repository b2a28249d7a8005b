//! The read-only connections.
//!
//! Invariant: everything that is asked for at once is read in one transaction, so that it is of one position.

use super::Shared;
use super::failure::{Stop, closed, overloaded};
use super::recent::Place;
use super::statements::{self, Selection};
use super::table::{Table, Tables};
use super::{history, numbers};
use crate::protocol::{Error, Query, Seq};
use crate::store::{Ask, Commit, Found, Row, View, Want};
use rusqlite::Connection;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

/// Commits that are replayed whatever the rows cost, and at most.
const REPLAY_ALWAYS: u64 = 512;
const REPLAY_COMMITS: u64 = 16_384;
/// Bytes of images that are read from the table for a replay.
const REPLAY_BYTES: u64 = 8 << 20;

/// What a reader is asked to do.
pub(super) type Task = Box<dyn FnOnce(&Connection) + Send>;

/// Queues a task without waiting.
pub(super) fn send(queue: Option<&SyncSender<Task>>, task: Task) -> Result<(), Error> {
    let Some(queue) = queue else {
        return Err(closed());
    };
    match queue.try_send(task) {
        Ok(()) => Ok(()),
        Err(TrySendError::Full(_)) => Err(overloaded()),
        Err(TrySendError::Disconnected(_)) => Err(closed()),
    }
}

/// Serves the queue, which it shares with other readers, until its last sender is gone.
pub(super) fn work(conn: &Connection, queue: &Mutex<Receiver<Task>>) {
    loop {
        // Tasks run outside the lock, so no panic of theirs can poison it.
        let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        // Whoever waits for a task that panicked sees it dropped.
        if catch_unwind(AssertUnwindSafe(|| task(conn))).is_err() && !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
    }
}

/// Does something in one read transaction.
fn transaction<T>(conn: &Connection, read: impl FnOnce() -> Result<T, Stop>) -> Result<T, Error> {
    let step = |sql| conn.prepare_cached(sql)?.execute([]).map(|_| ());
    step("BEGIN").map_err(|error| Stop::from(error).into_error())?;
    let read = read();
    let ended = step("COMMIT").or_else(|_| conn.execute_batch("ROLLBACK"));
    let read = read.map_err(Stop::into_error)?;
    ended.map_err(|error| Stop::from(error).into_error())?;
    Ok(read)
}

/// Answers an ask.
pub(super) fn view(conn: &Connection, shared: &Shared, ask: &Ask) -> Result<View, Error> {
    transaction(conn, || {
        let tables = shared.tables();
        let seq = history::head(conn)?;
        let mut replays = HashMap::new();
        let found = ask.wants.iter().map(|want| {
            Ok(match want {
                Want::Row { collection, id } => {
                    let table = tables.get(collection)?;
                    let row = match table.id_column().kind.store(id) {
                        Ok(id) => rows(conn, table, &table.select, &[id])?.pop(),
                        Err(_) => None,
                    };
                    Found::Row(row)
                }
                Want::Rows(query) => Found::Rows(select(conn, &tables, query)?),
                Want::Since {
                    seq: after,
                    otherwise,
                } => {
                    let table = tables.get(&otherwise.collection)?;
                    // All subscriptions of a client are at one position: what they share is read once.
                    let commits = match replays.entry(*after) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => {
                            new.insert(since(conn, shared, &tables, *after, seq)?)
                        }
                    };
                    match commits {
                        Some(commits) if !is_dearer(conn, table, seq - after)? => {
                            Found::Commits(commits.clone())
                        }
                        _ => Found::Rows(select(conn, &tables, otherwise)?),
                    }
                }
            })
        });
        let found: Result<Vec<Found>, Stop> = found.collect();
        Ok(View {
            epoch: shared.epoch.clone(),
            seq,
            floor: history::floor(conn)?,
            forgotten_at: numbers::forgotten_at(conn)?,
            last_mid: match ask.cid {
                Some(cid) => numbers::last(conn, cid)?,
                None => 0,
            },
            found: found?,
        })
    })
}

/// Reads commits from the table for a tail.
pub(super) fn commits(
    conn: &Connection,
    shared: &Shared,
    after: Seq,
    to: Seq,
    most: usize,
) -> Result<Vec<Arc<Commit>>, Error> {
    transaction(conn, || {
        // In the transaction: the log may have been shortened since it was looked at.
        if after < history::floor(conn)? {
            return Err(super::recent::gone(after).into());
        }
        history::commits(conn, &shared.tables(), after, to, most)
    })
}

/// The commits after a position, unless they are gone, never were, or are too many to be worth it.
fn since(
    conn: &Connection,
    shared: &Shared,
    tables: &Tables,
    after: Seq,
    head: Seq,
) -> Result<Option<Vec<Arc<Commit>>>, Stop> {
    if after > head || after < history::floor(conn)? || head - after > REPLAY_COMMITS {
        return Ok(None);
    }
    match shared.recent.find(after, head, usize::MAX) {
        Place::Here(commits) => Ok(Some(commits)),
        // Where the log was shortened after this transaction began, this transaction still sees it whole.
        Place::Table | Place::Gone => {
            if history::weighs_more(conn, after, REPLAY_BYTES)? {
                return Ok(None);
            }
            history::commits(conn, tables, after, head, usize::MAX).map(Some)
        }
    }
}

/// Whether so many commits cost more than the rows of a table: a commit is two images to read, a row is one.
fn is_dearer(conn: &Connection, table: &Table, commits: u64) -> rusqlite::Result<bool> {
    if commits <= REPLAY_ALWAYS {
        return Ok(false);
    }
    let mut enough = conn.prepare_cached(&table.reaches)?;
    Ok(!enough.exists([2 * commits as i64])?)
}

fn select(conn: &Connection, tables: &Tables, query: &Query) -> Result<Vec<Row>, Stop> {
    let table = tables.get(&query.collection)?;
    match statements::query(table, query) {
        Some(Selection { text, bound }) => rows(conn, table, &text, &bound),
        None => Ok(Vec::new()),
    }
}

fn rows(
    conn: &Connection,
    table: &Table,
    text: &str,
    bound: &[rusqlite::types::ToSqlOutput<'_>],
) -> Result<Vec<Row>, Stop> {
    let mut statement = conn.prepare_cached(text)?;
    let mut stored = statement.query(rusqlite::params_from_iter(bound))?;
    let mut rows = Vec::new();
    while let Some(row) = stored.next()? {
        rows.push(table.row(row)?);
    }
    Ok(rows)
}

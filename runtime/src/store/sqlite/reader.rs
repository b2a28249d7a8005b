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
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

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
                } => match since(conn, shared, &tables, *after, seq)? {
                    Some(commits) => Found::Commits(commits),
                    None => Found::Rows(select(conn, &tables, otherwise)?),
                },
            })
        });
        let found: Result<Vec<Found>, Stop> = found.collect();
        Ok(View {
            epoch: shared.epoch.clone(),
            seq,
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

fn since(
    conn: &Connection,
    shared: &Shared,
    tables: &Tables,
    after: Seq,
    head: Seq,
) -> Result<Option<Vec<Arc<Commit>>>, Stop> {
    if after > head || after < history::floor(conn)? {
        return Ok(None);
    }
    Ok(Some(match shared.recent.find(after, head, usize::MAX) {
        Place::Here(commits) => commits,
        // Where the log was shortened after this transaction began, this transaction still sees it whole.
        Place::Table | Place::Gone => history::commits(conn, tables, after, head, usize::MAX)?,
    }))
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

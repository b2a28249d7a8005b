//! How far back the log and the clients' numbers reach.
//!
//! The writer forgets in small steps: while nothing waits, and between two groups when much was written since.
//! Invariant: a step touches a bounded number of rows (or one commit), and a failed one has removed nothing.

use super::failure::{Stop, failure};
use super::group::Desk;
use super::{Shared, history, numbers};
use crate::protocol::Seq;
use rusqlite::Connection;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// How long what is no row of a model is kept. What is beyond a limit goes soon, not at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The age up to which changes stay in the log; who comes back later gets rows instead.
    pub age: Duration,
    /// How many bytes of row images the log holds at most, as JSON text.
    pub bytes: u64,
    /// How long after its last write a client's numbers are kept. A longer time than a client can be away with unanswered
    /// writes: who comes back later is told that nobody knows what became of them.
    pub clients: Duration,
}

impl Default for Retention {
    fn default() -> Retention {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Retention {
            age: days(7),
            bytes: 256 << 20,
            clients: days(30),
        }
    }
}

/// Rows that one step looks at.
const STEP: usize = 2048;
/// Commits after which a step is made even if something waits; fewer than a step removes.
const BEHIND: u64 = 1024;
/// The longest and the shortest time between two looks at what has become too old.
const SELDOM: Duration = Duration::from_secs(60);
const OFTEN: Duration = Duration::from_millis(10);

/// Where the writer is with forgetting.
pub(super) struct Keeper {
    limits: Retention,
    /// Bytes of images in the log, as far as they were counted.
    bytes: u64,
    /// The log of before this store was opened is counted from the first of these to the second.
    uncounted: (Seq, Seq),
    /// Commits since the last step.
    commits: u64,
    /// When to look for what is too old.
    look: Instant,
    /// When to begin to look through the clients, and how far that is.
    sweep: Instant,
    swept: Option<Uuid>,
    /// The last step did not find the end of what is to be done.
    more: bool,
}

impl Keeper {
    pub(super) fn new(limits: Retention, floor: Seq, head: Seq) -> Keeper {
        let now = Instant::now();
        Keeper {
            limits,
            bytes: 0,
            uncounted: (floor, head),
            commits: 0,
            look: now,
            sweep: now,
            swept: None,
            more: true,
        }
    }

    /// Notes what was appended.
    pub(super) fn note(&mut self, commits: u64, bytes: u64) {
        self.commits += commits;
        self.bytes += bytes;
        self.more |= self.bytes > self.limits.bytes;
    }

    /// How long the writer may wait for work before the next step.
    pub(super) fn pause(&self) -> Duration {
        if self.more {
            return Duration::ZERO;
        }
        let next = self.look.min(self.sweep);
        next.saturating_duration_since(Instant::now())
    }

    /// Whether a step is due although something waits.
    pub(super) fn is_behind(&self) -> bool {
        self.commits >= BEHIND && self.pause().is_zero()
    }

    /// Does a part of what is to be done.
    pub(super) fn step(&mut self, desk: &mut Desk<'_>, shared: &Shared) {
        self.commits = 0;
        if let Err(stop) = self.part(desk, shared) {
            // The disk may be full, and forgetting may be what helps: it is tried again.
            let error = match stop {
                Stop::Refused(error) => *error,
                Stop::Failed(error) => failure(&error),
            };
            tracing::warn!(%error, "the log could not be shortened");
            self.more = false;
            self.look = Instant::now() + SELDOM;
            self.sweep = self.look;
        }
    }

    fn part(&mut self, desk: &mut Desk<'_>, shared: &Shared) -> Result<(), Stop> {
        let conn = desk.conn();
        if self.uncounted.0 < self.uncounted.1 {
            return Ok(self.count(conn)?);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_millis() as i64);
        let before = |age: Duration| now.saturating_sub(age.as_millis().min(1 << 60) as i64);
        if self.sweep <= Instant::now() {
            let done = self.clients(desk, before(self.limits.clients))?;
            if done {
                self.sweep = Instant::now() + self.limits.clients.clamp(OFTEN, 60 * SELDOM);
            }
            self.more = !done;
        }
        let (to, freed, done) = self.oldest(conn, before(self.limits.age))?;
        if let Some(to) = to {
            let change = conn.unchecked_transaction()?;
            history::forget(&change, to)?;
            change.commit()?;
            self.bytes = self.bytes.saturating_sub(freed);
            shared.recent.forget(to);
        }
        self.more |= !done;
        if done {
            self.look = Instant::now() + (self.limits.age / 64).clamp(OFTEN, SELDOM);
            self.more = self.sweep <= Instant::now();
        }
        Ok(())
    }

    /// Counts the bytes of some commits of the log that was there.
    fn count(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "SELECT seq, ifnull(octet_length(before), 0) + ifnull(octet_length(after), 0)
               FROM _vertebra_log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq, n",
        )?;
        let (from, to) = self.uncounted;
        let mut rows = statement.query([from as i64, to as i64])?;
        let (mut seen, mut bytes, mut counted) = (0, 0, to);
        let mut last = from as i64;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            if seq != last && seen >= STEP {
                counted = last as Seq;
                break;
            }
            last = seq;
            seen += 1;
            bytes += row.get::<_, i64>(1)? as u64;
        }
        self.bytes += bytes;
        self.uncounted.0 = counted;
        Ok(())
    }

    /// Up to where the log can go in this step, how many bytes that is, and whether nothing is left to go then.
    fn oldest(&self, conn: &Connection, before: i64) -> rusqlite::Result<(Option<Seq>, u64, bool)> {
        let mut statement = conn.prepare_cached(
            "SELECT seq, at, ifnull(octet_length(before), 0) + ifnull(octet_length(after), 0)
               FROM _vertebra_log ORDER BY seq, n",
        )?;
        let mut rows = statement.query([])?;
        let (mut to, mut freed, mut seen) = (None, 0, 0);
        while let Some(row) = rows.next()? {
            let seq = row.get::<_, i64>(0)? as Seq;
            if to != Some(seq) {
                let is_old = row.get::<_, i64>(1)? < before;
                let is_too_much = self.bytes.saturating_sub(freed) > self.limits.bytes;
                if !is_old && !is_too_much {
                    return Ok((to, freed, true));
                }
                if seen >= STEP {
                    return Ok((to, freed, false));
                }
            }
            to = Some(seq);
            seen += 1;
            freed += row.get::<_, i64>(2)? as u64;
        }
        Ok((to, freed, true))
    }

    /// Forgets some of the clients that have not written since; whether that were the last.
    fn clients(&mut self, desk: &mut Desk<'_>, before: i64) -> Result<bool, Stop> {
        let (forgotten, last) =
            numbers::forget(desk.conn(), self.swept.unwrap_or_default(), before, STEP)?;
        for cid in forgotten {
            desk.forget_client(cid);
        }
        self.swept = last;
        Ok(last.is_none())
    }
}

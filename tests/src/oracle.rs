//! The database held against an account of what was asked for and told.
//!
//! Invariant: reads the tables themselves, after their server has ended, so that no layer of the server can hide anything.

use crate::load::{Ledger, Mark};
use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use uuid::Uuid;

/// What is in the log, and what is wrong.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Entries of the log.
    pub entries: u64,
    /// Rows.
    pub rows: u64,
    /// Acknowledged, and not in the log.
    pub lost: u64,
    /// In the log more than once.
    pub twice: u64,
    /// In the log, and never asked for.
    pub phantoms: u64,
    /// Rows that are not what the log makes of them, gaps in numbers, damage.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Everything that is wrong, in words.
    pub fn failures(&self) -> Vec<String> {
        let counts = [
            (self.lost, "acknowledged and lost"),
            (self.twice, "applied twice"),
            (self.phantoms, "never asked for"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts = counts.map(|(count, what)| format!("{count} writes {what}"));
        counts.chain(self.faults.iter().cloned()).collect()
    }
}

/// Judges a database whose log was never shortened, when no server has it open.
pub fn judge(db: &Path, ledger: &Ledger) -> anyhow::Result<Verdict> {
    // For writing: what a killed server has left in the log file beside it is taken in.
    let conn = Connection::open_with_flags(db, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut verdict = Verdict::default();
    let integrity: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        verdict.faults.push(format!("integrity_check: {integrity}"));
    }
    let log = "SELECT seq, id, after, hex(cid), mid FROM _vertebra_log ORDER BY seq, n";
    let mut statement = conn.prepare(log)?;
    let mut entries = statement.query([])?;
    let mut marks: HashMap<Mark, u64> = HashMap::new();
    let mut state: HashMap<Uuid, String> = HashMap::new();
    let mut numbers: HashMap<String, i64> = HashMap::new();
    let mut head = 0;
    while let Some(entry) = entries.next()? {
        verdict.entries += 1;
        let seq: i64 = entry.get(0)?;
        if seq != head + 1 {
            verdict.faults.push(format!("entry {seq} follows {head}"));
        }
        head = seq;
        let id: Uuid = entry.get::<_, String>(1)?.parse()?;
        let after: Option<String> = entry.get(2)?;
        let title = after.map(|after| title(&after)).transpose()?;
        match &title {
            Some(title) => state.insert(id, title.clone()),
            None => state.remove(&id),
        };
        *marks.entry((id, title)).or_default() += 1;
        let (cid, mid): (String, i64) = (entry.get(3)?, entry.get(4)?);
        let last = numbers.entry(cid).or_default();
        // No write is refused, so every number has its entry.
        if mid != *last + 1 {
            verdict
                .faults
                .push(format!("mutation {mid} follows {last}"));
        }
        *last = mid;
    }
    verdict.twice = marks.values().map(|count| count - 1).sum();
    let acknowledged = ledger.acknowledged.iter();
    verdict.lost = acknowledged
        .filter(|mark| !marks.contains_key(mark))
        .count() as u64;
    verdict.phantoms = marks
        .keys()
        .filter(|mark| !ledger.issued.contains(mark))
        .count() as u64;

    let rows = rows(&conn)?;
    verdict.rows = rows.len() as u64;
    if rows != state {
        verdict
            .faults
            .push("the rows are not what the log makes of them".into());
    }
    verdict.faults.extend(ledger.wrong.iter().cloned());
    Ok(verdict)
}

/// The titles of all rows.
fn rows(conn: &Connection) -> anyhow::Result<HashMap<Uuid, String>> {
    let mut statement = conn.prepare("SELECT id, title FROM todos")?;
    let mut rows = statement.query([])?;
    let mut titles = HashMap::new();
    while let Some(row) = rows.next()? {
        titles.insert(row.get::<_, String>(0)?.parse()?, row.get(1)?);
    }
    Ok(titles)
}

/// The title in a row's image, whose second field it is.
fn title(image: &str) -> anyhow::Result<String> {
    let image: Vec<Value> = serde_json::from_str(image)?;
    let title = image.get(1).and_then(Value::as_str);
    Ok(title.context("an image without a title")?.to_string())
}

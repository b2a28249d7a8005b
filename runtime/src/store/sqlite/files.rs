//! Opening the database's files.
//!
//! Invariant: one process, and in it one store, has the database open for writing, as long as it holds the lock file;
//! the operating system takes the lock away from a process that dies.

use super::failure::unavailable;
use super::marker::{self, Marker};
use super::{Options, Synchronous};
use super::{history, numbers, shapes};
use crate::protocol::Error;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The layout of the tables that are not a model's.
const FORMAT: i64 = 1;

const META: &str = "
CREATE TABLE IF NOT EXISTS _vertebra_meta (
  key TEXT PRIMARY KEY NOT NULL,
  value ANY
) STRICT;
";

/// An opened database.
pub(super) struct Files {
    /// The connection that writes.
    pub(super) writer: Connection,
    /// The connections that read.
    pub(super) readers: Vec<Connection>,
    /// Holds the lock while it lives.
    pub(super) marker: Marker,
    /// The incarnation of the log.
    pub(super) epoch: Arc<str>,
}

/// Opens or makes a database.
pub(super) fn open(path: &Path, options: &Options) -> Result<Files, Error> {
    let problem = |why: &str| {
        let path = path.display();
        Error {
            retry_ms: None,
            ..unavailable(format!("cannot open the database {path}: {why}"))
        }
    };
    let real = real(path).map_err(|why| problem(&why))?;
    let lock = lock(&real).map_err(|why| problem(&why))?;
    let explain = |error: rusqlite::Error| {
        problem(&match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => "it is no SQLite database".to_string(),
            _ => error.to_string(),
        })
    };
    let writer = writer(&real, options).map_err(explain)?;
    if writer.is_readonly("main").map_err(explain)? {
        return Err(problem("it is read-only"));
    }
    let (format, mut epoch) = prepare(&writer).map_err(explain)?;
    if format != FORMAT {
        return Err(problem(&format!(
            "it has format {format}, and this program knows format {FORMAT}: use the program that made it"
        )));
    }
    let head = history::head(&writer).map_err(explain)?;
    let is_same = head == 0 || marker::find(&lock).agrees(&epoch, head, &real);
    if options.new_epoch || !is_same {
        epoch = begin_epoch(&writer).map_err(explain)?;
        tracing::info!(%epoch, "the database was restored or moved: clients begin with its rows");
    }
    let epoch: Arc<str> = epoch.into();
    let readers = (0..options.readers.max(1)).map(|_| reader(&real));
    let readers = readers.collect::<Result<_, _>>().map_err(explain)?;
    Ok(Files {
        writer,
        readers,
        marker: Marker::new(lock, epoch.clone(), head, &real),
        epoch,
    })
}

/// The path without links, so that one database has one lock.
fn real(path: &Path) -> Result<PathBuf, String> {
    if path.is_dir() {
        return Err("it is a directory".into());
    }
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let name = path.file_name().ok_or("it names no file")?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = parent
        .canonicalize()
        .map_err(|why| format!("its directory {}: {why}", parent.display()))?;
    Ok(parent.join(name))
}

fn lock(database: &Path) -> Result<File, String> {
    let mut path = OsString::from(database);
    path.push("-lock");
    let path = PathBuf::from(path);
    let failed = |why: std::io::Error| format!("its lock file {}: {why}", path.display());
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "it is in use by another server, which holds the lock on {}: stop that one first",
            path.display()
        )),
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

fn writer(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    common(&conn)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "full",
        Synchronous::Normal => "normal",
    };
    conn.pragma_update(None, "synchronous", synchronous)?;
    // 64 MiB, and a checkpoint every 16 MiB.
    conn.pragma_update(None, "cache_size", -65_536)?;
    conn.pragma_update(None, "wal_autocheckpoint", 4096)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(conn)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    common(&conn)?;
    Ok(conn)
}

fn common(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(128);
    // A name that is no column must be an error, not a string.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "memory")
}

/// Makes all positions that clients know those of another log.
fn begin_epoch(conn: &Connection) -> rusqlite::Result<String> {
    let epoch = uuid::Uuid::new_v4().to_string();
    let change = "UPDATE _vertebra_meta SET value = ?1 WHERE key = 'epoch'";
    conn.execute(change, [&epoch])?;
    Ok(epoch)
}

/// Makes the tables that are not a model's; returns their format and the epoch.
fn prepare(conn: &Connection) -> rusqlite::Result<(i64, String)> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    conn.execute_batch(META)?;
    let value = |key: &str, first: &dyn rusqlite::ToSql| {
        conn.execute(
            "INSERT INTO _vertebra_meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            rusqlite::params![key, first],
        )
    };
    value("format", &FORMAT)?;
    value("floor", &0)?;
    value("forgotten_at", &0)?;
    value("epoch", &uuid::Uuid::new_v4().to_string())?;
    let get = "SELECT value FROM _vertebra_meta WHERE key = ?1";
    let format: i64 = conn.query_row(get, ["format"], |row| row.get(0))?;
    if format == FORMAT {
        for tables in [history::TABLES, shapes::TABLES, numbers::TABLES] {
            conn.execute_batch(tables)?;
        }
        // A file from before requests had keys.
        let has = "SELECT 1 FROM pragma_table_info('_vertebra_clients') WHERE name = 'request'";
        if !conn.prepare(has)?.exists([])? {
            conn.execute_batch("ALTER TABLE _vertebra_clients ADD COLUMN request INTEGER")?;
        }
    }
    let epoch = conn.query_row(get, ["epoch"], |row| row.get(0))?;
    conn.execute_batch("COMMIT")?;
    Ok((format, epoch))
}

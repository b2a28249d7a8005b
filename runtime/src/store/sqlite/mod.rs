//! SQLite behind [`Store`]: one thread writes, a few read beside it.
//!
//! Invariant: only the writer thread changes the database, and only while this store holds the lock file.

mod columns;
mod failure;
mod files;
mod group;
mod history;
mod marker;
mod migrate;
mod numbers;
mod quote;
mod reader;
mod recent;
mod retention;
mod rows;
mod shapes;
mod statements;
mod table;
mod writer;

#[cfg(test)]
mod tests;

pub use retention::Retention;

use super::{Answer, Ask, ChangeSet, Commit, Store, View, Written};
use crate::protocol::{Error, Seq};
use failure::{closed, dropped};
use recent::{BATCH, Place, Recent};
use retention::Keeper;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use table::Tables;
use tokio::sync::{oneshot, watch};
use vertebra_schema::Schema;
use writer::Job;

/// How the database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which power a write survives the loss of.
    pub synchronous: Synchronous,
    /// How many change sets share one sync at most.
    pub group: usize,
    /// How many change sets can wait; more are answered `overloaded`.
    pub queue: usize,
    /// How many connections read beside the writer.
    pub readers: usize,
    /// How far back the log reaches.
    pub retention: Retention,
    /// Begins another incarnation of the log, so that every client gets the rows as they are. An exchanged file
    /// is mostly noticed without being told; see `docs/adr/0021-epoch.md` for what is not.
    pub new_epoch: bool,
}

/// When SQLite waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: an acknowledged write survives the loss of power.
    Full,
    /// At checkpoints: an acknowledged write survives the end of the process, not always the loss of power.
    Normal,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            synchronous: Synchronous::Full,
            group: 512,
            queue: 8192,
            readers: 2,
            retention: Retention::default(),
            new_epoch: false,
        }
    }
}

/// A database file.
///
/// ```
/// # async fn example() -> Result<(), vertebra::protocol::Error> {
/// use std::sync::Arc;
/// use vertebra::schema::Schema;
/// use vertebra::store::{Sqlite, Store};
///
/// let store = Sqlite::open("todo.db")?;
/// store.migrate(Arc::new(Schema::default())).await?;
/// store.close().await
/// # }
/// ```
pub struct Sqlite {
    shared: Arc<Shared>,
    queues: Arc<Mutex<Queues>>,
    /// The writer, which ends last of all threads.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// True when all files are closed.
    ended: watch::Receiver<bool>,
}

/// What the threads and the callers share.
struct Shared {
    epoch: Arc<str>,
    tables: RwLock<Arc<Tables>>,
    recent: Recent,
}

/// Where jobs go; empty once the store is closed.
#[derive(Default)]
struct Queues {
    writer: Option<SyncSender<Job>>,
    readers: Option<SyncSender<reader::Task>>,
}

impl Shared {
    fn tables(&self) -> Arc<Tables> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.clone()
    }
}

impl Sqlite {
    /// Opens a database, or makes it where there is none. Its directory must exist.
    ///
    /// Fails where the path is a directory, the file is no database or cannot be written, or another store has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, Error> {
        Sqlite::open_with(path, Options::default())
    }

    /// The same with options.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Sqlite, Error> {
        let files = files::open(path.as_ref(), &options)?;
        let failed = |error| failure::failure(&error);
        let floor = history::floor(&files.writer).map_err(failed)?;
        let head = history::head(&files.writer).map_err(failed)?;
        let shared = Arc::new(Shared {
            epoch: files.epoch,
            tables: RwLock::default(),
            recent: Recent::new(floor, head),
        });
        let (reads, asked) = sync_channel(options.queue.max(1));
        let asked: Arc<Mutex<Receiver<reader::Task>>> = Arc::new(Mutex::new(asked));
        let mut readers = Vec::new();
        for conn in files.readers {
            let asked = asked.clone();
            readers.push(spawn("vertebra-read", move || reader::work(&conn, &asked))?);
        }
        let (writes, queue) = sync_channel(options.queue.max(1));
        let (end, ended) = watch::channel(false);
        let (conn, mut marker, at) = (files.writer, files.marker, shared.clone());
        let keeper = Keeper::new(options.retention, floor, head);
        let thread = spawn("vertebra-write", move || {
            let most = options.group.max(1);
            let work = || writer::work(&conn, &queue, &at, most, keeper, &mut marker);
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                tracing::error!("the writer has stopped: the store must be opened again");
            }
            // After a panic jobs may be left: their callers must not wait.
            drop(queue);
            at.recent.close();
            // The last connection to close cleans up: that must be this one, the others cannot write.
            for reader in readers {
                let _ = reader.join();
            }
            drop(conn);
            drop(marker);
            end.send_replace(true);
        })?;
        Ok(Sqlite {
            shared,
            queues: Arc::new(Mutex::new(Queues {
                writer: Some(writes),
                readers: Some(reads),
            })),
            thread: Mutex::new(Some(thread)),
            ended,
        })
    }

    /// Removes the log's entries up to a position. Whoever comes back from before it gets rows instead of changes, and
    /// a mutation that is sent again from before it gets `out_of_order`, with the last number.
    pub fn forget(&self, up_to: Seq) -> Answer<()> {
        let shared = self.shared.clone();
        self.task(move |desk| {
            let conn = desk.conn();
            let to = up_to.min(desk.seq());
            let failed = |error| failure::failure(&error);
            let change = conn.unchecked_transaction().map_err(failed)?;
            history::forget(&change, to).map_err(failed)?;
            change.commit().map_err(failed)?;
            shared.recent.forget(to);
            Ok(())
        })
    }

    /// Has the writer do something between two groups.
    fn task<T: Send + 'static>(
        &self,
        task: impl for<'c> FnOnce(&mut group::Desk<'c>) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        let (answer, answered) = oneshot::channel();
        let task: writer::Task = Box::new(move |desk| {
            let _ = answer.send(task(desk));
        });
        let sent = writer::send(lock(&self.queues).writer.as_ref(), Job::Run(task));
        reply(sent, answered)
    }
}

fn lock(queues: &Mutex<Queues>) -> MutexGuard<'_, Queues> {
    // Nothing that holds the lock can panic.
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a reader do something. The queue is looked up when the future runs: one that waits keeps no reader alive.
async fn ask_reader<T: Send + 'static>(
    queues: &Mutex<Queues>,
    read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = oneshot::channel();
    let task: reader::Task = Box::new(move |conn| {
        // Who no longer waits needs no answer.
        let _ = answer.send(read(conn));
    });
    reader::send(lock(queues).readers.as_ref(), task)?;
    answered.await.unwrap_or_else(|_| Err(dropped()))
}

/// The answer to a job that was sent, or not.
fn reply<T: Send + 'static>(
    sent: Result<(), Error>,
    answered: oneshot::Receiver<Result<T, Error>>,
) -> Answer<T> {
    Box::pin(async move {
        sent?;
        answered.await.unwrap_or_else(|_| Err(dropped()))
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = std::thread::Builder::new().name(name.to_string());
    thread.spawn(work).map_err(Error::internal)
}

impl Store for Sqlite {
    fn migrate(&self, schema: Arc<Schema>) -> Answer<()> {
        let shared = self.shared.clone();
        self.task(move |desk| {
            let tables = Arc::new(migrate::migrate(desk.conn(), &schema)?);
            desk.set_tables(tables.clone());
            let mut known = shared
                .tables
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *known = tables;
            Ok(())
        })
    }

    fn write(&self, set: ChangeSet) -> Answer<Written> {
        let (answer, answered) = oneshot::channel();
        let sent = writer::send(lock(&self.queues).writer.as_ref(), Job::Write(set, answer));
        reply(sent, answered)
    }

    fn read(&self, ask: Ask) -> Answer<View> {
        let shared = self.shared.clone();
        let queues = self.queues.clone();
        Box::pin(
            async move { ask_reader(&queues, move |conn| reader::view(conn, &shared, &ask)).await },
        )
    }

    fn tail(&self, after: Seq) -> Answer<Vec<Arc<Commit>>> {
        let shared = self.shared.clone();
        let queues = self.queues.clone();
        Box::pin(async move {
            let mut known = after;
            loop {
                let head = shared.recent.beyond(known).await?;
                let commits = match shared.recent.find(after, head, BATCH) {
                    Place::Here(commits) => commits,
                    Place::Gone => return Err(recent::gone(after)),
                    Place::Table => {
                        let shared = shared.clone();
                        let read =
                            move |conn: &_| reader::commits(conn, &shared, after, head, BATCH);
                        ask_reader(&queues, read).await?
                    }
                };
                if !commits.is_empty() {
                    return Ok(commits);
                }
                known = head;
            }
        })
    }

    fn close(&self) -> Answer<()> {
        *lock(&self.queues) = Queues::default();
        let mut ended = self.ended.clone();
        Box::pin(async move {
            let ended = ended.wait_for(|ended| *ended).await;
            ended.map(|_| ()).map_err(|_| closed())
        })
    }
}

impl Drop for Sqlite {
    /// Finishes what was queued, so that the file can be opened again at once.
    fn drop(&mut self) {
        *lock(&self.queues) = Queues::default();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It catches panics itself.
            let _ = thread.join();
        }
    }
}

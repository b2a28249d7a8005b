//! The one thread that writes.
//!
//! Invariant: commit, then answer, then show in the log; every call is answered, whatever happens here.

use super::Shared;
use super::failure::{closed, dropped, overloaded};
use super::group::{Desk, Outcome};
use super::marker::Marker;
use super::recent::Weighed;
use super::retention::Keeper;
use crate::protocol::Error;
use crate::store::{ChangeSet, Written};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use tokio::sync::oneshot;

/// What the thread is asked to do.
pub(super) enum Job {
    /// Run a change set.
    Write(ChangeSet, oneshot::Sender<Outcome>),
    /// Something else, between two groups.
    Run(Task),
}

/// Something to do at the desk.
pub(super) type Task = Box<dyn for<'c> FnOnce(&mut Desk<'c>) + Send>;

/// Queues a job without waiting.
pub(super) fn send(queue: Option<&SyncSender<Job>>, job: Job) -> Result<(), Error> {
    let Some(queue) = queue else {
        return Err(closed());
    };
    match queue.try_send(job) {
        Ok(()) => Ok(()),
        Err(TrySendError::Full(_)) => Err(overloaded()),
        Err(TrySendError::Disconnected(_)) => Err(closed()),
    }
}

/// Serves the queue until its last sender is gone.
pub(super) fn work(
    conn: &Connection,
    queue: &Receiver<Job>,
    shared: &Arc<Shared>,
    most: usize,
    mut keeper: Keeper,
    marker: &mut Marker,
) {
    let mut desk = match Desk::new(conn, shared.tables()) {
        Ok(desk) => desk,
        // Callers see their queue closed.
        Err(cause) => return tracing::error!(%cause, "the writer cannot start"),
    };
    let mut next = None;
    loop {
        let job = match next.take() {
            Some(job) => job,
            // What waits comes first, also before a step that is due now.
            None => match queue.recv_timeout(keeper.pause()) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    forget(&mut keeper, &mut desk, shared);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        match job {
            Job::Run(task) => {
                if catch_unwind(AssertUnwindSafe(|| task(&mut desk))).is_err() {
                    desk.recover();
                }
            }
            Job::Write(set, answer) => {
                let (mut sets, mut answers) = (vec![set], vec![answer]);
                while sets.len() < most
                    && let Ok(job) = queue.try_recv()
                {
                    match job {
                        Job::Write(set, answer) => {
                            sets.push(set);
                            answers.push(answer);
                        }
                        other => {
                            next = Some(other);
                            break;
                        }
                    }
                }
                serve(&mut desk, shared, &sets, answers);
                marker.reach(desk.durable());
                let (commits, bytes) = desk.take_appended();
                keeper.note(commits, bytes);
                if keeper.is_behind() {
                    forget(&mut keeper, &mut desk, shared);
                }
            }
        }
    }
}

/// A step of the retention.
fn forget(keeper: &mut Keeper, desk: &mut Desk<'_>, shared: &Shared) {
    let step = || keeper.step(desk, shared);
    if catch_unwind(AssertUnwindSafe(step)).is_err() {
        desk.recover();
    }
}

/// Runs a group. If one of its sets makes it fail, each is run alone, so that only that one suffers.
fn serve(
    desk: &mut Desk<'_>,
    shared: &Shared,
    sets: &[ChangeSet],
    answers: Vec<oneshot::Sender<Result<Written, Error>>>,
) {
    let head = desk.seq();
    let (error, alone) = match catch_unwind(AssertUnwindSafe(|| desk.run(sets))) {
        Ok(Ok((outcomes, commits))) => return finish(shared, answers, outcomes, commits),
        Ok(Err(failed)) => (failed.error, failed.alone),
        Err(_) => {
            desk.recover();
            (dropped(), true)
        }
    };
    if desk.seq() != head {
        // A commit that was reported as failed is there nevertheless.
        shared.recent.restart(desk.seq());
    }
    if alone && sets.len() > 1 {
        for (set, answer) in sets.chunks(1).zip(answers) {
            serve(desk, shared, set, vec![answer]);
        }
    } else {
        let outcomes = vec![Err(error); sets.len()];
        finish(shared, answers, outcomes, Vec::new());
    }
}

fn finish(
    shared: &Shared,
    answers: Vec<oneshot::Sender<Outcome>>,
    outcomes: Vec<Outcome>,
    commits: Vec<Weighed>,
) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Who no longer waits finds the result by its number.
        let _ = answer.send(outcome);
    }
    shared.recent.publish(commits);
}

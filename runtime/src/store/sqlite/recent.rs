//! The newest commits in memory, and who waits for the next.
//!
//! Invariant: holds every commit after `base` up to the head, and nothing that is not durable and answered.

use super::failure::{closed, unavailable};
use crate::protocol::{Error, Seq};
use crate::store::Commit;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Commits kept at most.
const MOST: usize = 16_384;
/// Bytes of images kept at most.
const HEAVIEST: usize = 32 << 20;
/// Commits in one answer at most.
pub(super) const BATCH: usize = 1024;

/// A commit, and how many bytes its images are as text.
pub(super) type Weighed = (Arc<Commit>, usize);

/// The newest commits.
pub(super) struct Recent {
    kept: Mutex<Kept>,
    head: watch::Sender<Head>,
}

#[derive(Clone, Copy)]
struct Head {
    seq: Seq,
    closed: bool,
}

struct Kept {
    /// Nothing up to here is kept.
    base: Seq,
    /// Up to here the log itself is gone.
    floor: Seq,
    commits: VecDeque<Weighed>,
    weight: usize,
}

/// Where the commits after a position are.
pub(super) enum Place {
    /// Here they are.
    Here(Vec<Arc<Commit>>),
    /// In the log's table.
    Table,
    /// Nowhere any more.
    Gone,
}

impl Recent {
    /// Nothing yet, of a log that reaches from `floor` to `head`.
    pub(super) fn new(floor: Seq, head: Seq) -> Recent {
        Recent {
            kept: Mutex::new(Kept {
                base: head,
                floor,
                commits: VecDeque::new(),
                weight: 0,
            }),
            head: watch::Sender::new(Head {
                seq: head,
                closed: false,
            }),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No code that holds the lock can panic half-way through a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows commits, which follow the head, to everyone who waits.
    pub(super) fn publish(&self, commits: Vec<Weighed>) {
        let Some((last, _)) = commits.last() else {
            return;
        };
        let seq = last.seq;
        let mut kept = self.kept();
        kept.weight += commits.iter().map(|(_, weight)| weight).sum::<usize>();
        kept.commits.extend(commits);
        while (kept.commits.len() > MOST || kept.weight > HEAVIEST)
            && let Some((oldest, weight)) = kept.commits.pop_front()
        {
            kept.base = oldest.seq;
            kept.weight -= weight;
        }
        drop(kept);
        self.head.send_modify(|head| head.seq = seq);
    }

    /// The head is elsewhere than thought: what is up to there is read from the table.
    pub(super) fn restart(&self, seq: Seq) {
        let mut kept = self.kept();
        kept.commits.clear();
        kept.weight = 0;
        kept.base = seq;
        drop(kept);
        self.head.send_modify(|head| head.seq = seq);
    }

    /// The log's table no longer has what is up to here.
    pub(super) fn forget(&self, floor: Seq) {
        let mut kept = self.kept();
        kept.floor = kept.floor.max(floor);
        while kept
            .commits
            .front()
            .is_some_and(|(one, _)| one.seq <= floor)
            && let Some((oldest, weight)) = kept.commits.pop_front()
        {
            kept.base = oldest.seq;
            kept.weight -= weight;
        }
    }

    /// Ends all waiting.
    pub(super) fn close(&self) {
        self.head.send_modify(|head| head.closed = true);
    }

    /// The position up to which everything has been shown, once it is after `after`.
    pub(super) async fn beyond(&self, after: Seq) -> Result<Seq, Error> {
        // A change after this line wakes the waiting below, whenever it comes.
        let mut head = self.head.subscribe();
        let reached = head.wait_for(|head| head.closed || head.seq > after).await;
        match reached {
            Ok(head) if !head.closed => Ok(head.seq),
            _ => Err(closed()),
        }
    }

    /// Where the commits after a position, up to another, are.
    pub(super) fn find(&self, after: Seq, to: Seq, most: usize) -> Place {
        let kept = self.kept();
        if after < kept.floor {
            return Place::Gone;
        }
        let last = kept.commits.back().map_or(kept.base, |(one, _)| one.seq);
        if after < kept.base || to > last {
            return Place::Table;
        }
        let start = kept.commits.partition_point(|(one, _)| one.seq <= after);
        let commits = kept.commits.range(start..).map(|(one, _)| one);
        let commits = commits.take_while(|one| one.seq <= to).take(most);
        Place::Here(commits.cloned().collect())
    }
}

/// The log no longer reaches back.
pub(super) fn gone(after: Seq) -> Error {
    Error {
        retry_ms: None,
        ..unavailable(format!("the log no longer reaches back to {after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commits(range: std::ops::RangeInclusive<Seq>, weight: usize) -> Vec<Weighed> {
        let commit = |seq| Commit {
            seq,
            origin: None,
            changes: Vec::new(),
        };
        range.map(|seq| (Arc::new(commit(seq)), weight)).collect()
    }

    #[track_caller]
    fn here(recent: &Recent, after: Seq, to: Seq) -> Vec<Seq> {
        match recent.find(after, to, usize::MAX) {
            Place::Here(commits) => commits.iter().map(|commit| commit.seq).collect(),
            Place::Table => panic!("in the table"),
            Place::Gone => panic!("gone"),
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let recent = Recent::new(0, 10);
        let most = MOST as Seq;
        recent.publish(commits(11..=10 + most, 1));
        assert_eq!(here(&recent, 10, 10 + most).len(), MOST);
        recent.publish(commits(11 + most..=15 + most, 1));
        assert!(matches!(recent.find(10, 11, 1), Place::Table));
        assert_eq!(here(&recent, 15, 15 + most).len(), MOST);
        recent.publish(commits(16 + most..=16 + most, HEAVIEST));
        assert_eq!(here(&recent, 15 + most, 16 + most), [16 + most]);
        assert!(matches!(recent.find(14 + most, 16 + most, 1), Place::Table));
    }

    #[test]
    fn what_is_not_shown_yet_is_in_the_table() {
        let recent = Recent::new(0, 0);
        recent.publish(commits(1..=3, 1));
        assert_eq!(here(&recent, 1, 2), [2]);
        assert!(matches!(recent.find(1, 4, 1), Place::Table));
        recent.forget(2);
        assert!(matches!(recent.find(1, 3, 1), Place::Gone));
        assert_eq!(here(&recent, 2, 3), [3]);
        recent.restart(5);
        assert!(matches!(recent.find(2, 5, 1), Place::Table));
        recent.publish(commits(6..=6, 1));
        assert_eq!(here(&recent, 5, 6), [6]);
    }
}

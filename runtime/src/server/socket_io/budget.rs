//! What one connection may have outstanding.
//!
//! Invariant: what was taken is given back when its [`Slot`] is dropped, wherever the work ended.

use futures_util::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// A number of bytes, or of whatever is counted.
pub(super) struct Budget {
    limit: usize,
    used: AtomicUsize,
    reader: AtomicWaker,
}

/// A part of a budget that is in use.
pub(super) struct Slot {
    budget: Arc<Budget>,
    amount: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Arc<Budget> {
        Arc::new(Budget {
            limit,
            used: AtomicUsize::new(0),
            reader: AtomicWaker::new(),
        })
    }

    /// Takes a part, unless that would be more than there is. The first to come always gets what it wants.
    pub(super) fn take(self: &Arc<Self>, amount: usize) -> Option<Slot> {
        let more = |used: usize| (used == 0 || used + amount <= self.limit).then(|| used + amount);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .ok()?;
        Some(Slot {
            budget: self.clone(),
            amount,
        })
    }

    /// Ready while no more than half is in use. One task can wait.
    pub(super) fn poll_half_free(&self, context: &mut Context<'_>) -> Poll<()> {
        let free = || self.used.load(Ordering::Acquire) <= self.limit / 2;
        if free() {
            return Poll::Ready(());
        }
        self.reader.register(context.waker());
        // It may have become free before the waker was there to be told.
        if free() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.amount, Ordering::AcqRel);
        self.budget.reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn what_is_taken_is_given_back() {
        let budget = Budget::new(10);
        let waker = Waker::noop();
        let mut context = Context::from_waker(waker);
        let first = budget.take(6);
        assert!(first.is_some());
        assert!(budget.take(5).is_none());
        assert!(budget.poll_half_free(&mut context).is_pending());
        let second = budget.take(4);
        assert!(second.is_some());
        drop(first);
        assert!(budget.poll_half_free(&mut context).is_ready());
        drop(second);
        assert!(budget.take(100).is_some(), "the first always fits");
    }
}

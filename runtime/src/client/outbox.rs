//! Writes that are not answered yet: their order, their numbers, and what must be sent again.
//!
//! A write gets its number when it is first sent, so that numbers are contiguous in the order of sending and a write
//! that was never sent holds none. Invariant: what was sent keeps its place and, as long as the server remembers this
//! client, its number; so a write that is sent twice is applied once.

use crate::protocol::{Code, Error, Mid, Mutation, Operation, Seq};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a write asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    pub(super) operation: Operation,
    pub(super) collection: Arc<str>,
    pub(super) id: Value,
    pub(super) data: Value,
    pub(super) expected: Option<Seq>,
}

/// `T` is whoever waits for the answer.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    /// Sent at least once, in the order of their numbers.
    sent: VecDeque<(Mutation, T)>,
    /// How many of `sent` went out on the current connection.
    fresh: usize,
    /// Never sent.
    waiting: VecDeque<(Draft, T)>,
    next: Mid,
    room: usize,
}

impl<T> Outbox<T> {
    /// An outbox that holds so many writes.
    pub(super) fn new(room: usize) -> Outbox<T> {
        Outbox {
            sent: VecDeque::new(),
            fresh: 0,
            waiting: VecDeque::new(),
            next: 1,
            room,
        }
    }

    /// Queues a write. `wanted` says whether somebody still waits for an answer: writes that were never sent and
    /// are no longer wanted make room.
    pub(super) fn push(
        &mut self,
        draft: Draft,
        waiter: T,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<(), Error> {
        if self.sent.len() + self.waiting.len() >= self.room {
            self.waiting.retain(|(_, waiter)| wanted(waiter));
        }
        if self.sent.len() + self.waiting.len() >= self.room {
            let message = format!("{} writes are waiting to be answered", self.room);
            return Err(Error::new(Code::Overloaded, message));
        }
        self.waiting.push_back((draft, waiter));
        Ok(())
    }

    /// The last mutation whose result is known, and before which none is unknown.
    pub(super) fn answered(&self) -> Mid {
        self.sent.front().map_or(self.next, |(first, _)| first.0) - 1
    }

    /// Whether something was sent that is not answered.
    pub(super) fn has_sent(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Gives up what was sent, and counts from the start; answers whoever waited for it.
    pub(super) fn begin_anew(&mut self) -> Vec<T> {
        self.fresh = 0;
        self.next = 1;
        self.sent.drain(..).map(|(_, waiter)| waiter).collect()
    }

    /// A connection was welcomed by a server that ran this client's mutations up to `last`: nothing was sent on it yet.
    ///
    /// A server that remembers less than it has answered was restored from a backup. Its numbers count, so what is
    /// unanswered is numbered anew from there.
    pub(super) fn connected(&mut self, last: Mid) {
        self.fresh = 0;
        if last < self.answered() {
            self.renumber(last);
        }
        // Never sent by this client; a number that the server used must not name something else.
        self.next = self.next.max(last + 1);
    }

    /// The server expects the mutation after `last`. Only between two connections: an answer to an old number
    /// must not be taken for one to a new number.
    pub(super) fn renumber(&mut self, last: Mid) {
        self.fresh = 0;
        self.next = last + 1;
        for (mutation, _) in &mut self.sent {
            mutation.0 = self.next;
            self.next += 1;
        }
    }

    /// The next mutations to send on this connection, together at most about `bytes` long; first those that were
    /// sent before. Those that alone are longer can never be sent and are given to `refuse`, as are those
    /// that are no longer wanted and were never sent.
    pub(super) fn take(
        &mut self,
        bytes: usize,
        wanted: impl Fn(&T) -> bool,
        mut refuse: impl FnMut(T, Error),
    ) -> Vec<Mutation> {
        let mut taken = Vec::new();
        let mut total = 0;
        loop {
            if self.fresh == self.sent.len() {
                let Some((draft, waiter)) = self.waiting.pop_front() else {
                    break;
                };
                if !wanted(&waiter) {
                    continue;
                }
                let mutation = Mutation(
                    self.next,
                    draft.operation,
                    draft.collection.to_string(),
                    draft.id,
                    draft.data,
                    draft.expected,
                );
                if length(&mutation) > bytes {
                    let message = format!("a write may have at most {bytes} bytes");
                    refuse(waiter, Error::new(Code::TooLarge, message));
                    continue;
                }
                self.next += 1;
                self.sent.push_back((mutation, waiter));
            }
            let (mutation, _) = &self.sent[self.fresh];
            total += length(mutation);
            if total > bytes && !taken.is_empty() {
                break;
            }
            taken.push(mutation.clone());
            self.fresh += 1;
        }
        taken
    }

    /// Whoever waits for the answer to a mutation. `None` if it was answered before.
    pub(super) fn answer(&mut self, mid: Mid) -> Option<T> {
        let place = self.sent.iter().position(|(sent, _)| sent.0 == mid)?;
        if place < self.fresh {
            self.fresh -= 1;
        }
        self.sent.remove(place).map(|(_, waiter)| waiter)
    }

    /// Whoever waits, when there will be no answers any more.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.fresh = 0;
        let sent = self.sent.drain(..).map(|(_, waiter)| waiter);
        sent.chain(self.waiting.drain(..).map(|(_, waiter)| waiter))
            .collect()
    }
}

/// How many bytes a mutation takes in a message, with the comma after it.
fn length(mutation: &Mutation) -> usize {
    // Maps with string keys and finite numbers always encode; the size of what doesn't is of no use.
    serde_json::to_string(mutation).map_or(0, |text| text.len() + 1)
}

//! Reads that are not answered yet.
//!
//! Invariant: a read changes nothing, so what is unanswered is simply asked again on the next connection.

use super::session::Found;
use crate::protocol::{ClientFrame, Code, Error};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

#[derive(Debug)]
pub(super) struct Reads {
    waiting: BTreeMap<u64, Read>,
    last: u64,
    room: usize,
}

#[derive(Debug)]
struct Read {
    query: Value,
    answer: oneshot::Sender<Found>,
    /// Whether it was asked on the current connection.
    sent: bool,
}

impl Reads {
    pub(super) fn new(room: usize) -> Reads {
        Reads {
            waiting: BTreeMap::new(),
            last: 0,
            room,
        }
    }

    pub(super) fn push(&mut self, query: Value) -> Result<oneshot::Receiver<Found>, Error> {
        self.waiting.retain(|_, read| !read.answer.is_closed());
        if self.waiting.len() >= self.room {
            let message = format!("{} reads are waiting to be answered", self.room);
            return Err(Error::new(Code::Overloaded, message));
        }
        let (answer, receiver) = oneshot::channel();
        let read = Read {
            query,
            answer,
            sent: false,
        };
        self.last += 1;
        self.waiting.insert(self.last, read);
        Ok(receiver)
    }

    /// What is to be asked now, by those who still want to know.
    pub(super) fn take(&mut self) -> impl Iterator<Item = ClientFrame> {
        let unsent = self.waiting.iter_mut();
        let unsent = unsent.filter(|(_, read)| !read.sent && !read.answer.is_closed());
        unsent.map(|(rid, read)| {
            read.sent = true;
            ClientFrame::Query {
                rid: (*rid).into(),
                query: read.query.clone(),
            }
        })
    }

    pub(super) fn answer(&mut self, rid: &Value, found: Found) {
        if let Some(read) = rid.as_u64().and_then(|rid| self.waiting.remove(&rid)) {
            // Whoever asked may have gone.
            let _ = read.answer.send(found);
        }
    }

    /// The connection is over: everything must be asked again.
    pub(super) fn lost(&mut self) {
        for read in self.waiting.values_mut() {
            read.sent = false;
        }
    }

    /// There will be no answers any more.
    pub(super) fn end(&mut self, error: &Error) {
        for (_, read) in std::mem::take(&mut self.waiting) {
            let _ = read.answer.send(Err(error.clone()));
        }
    }
}

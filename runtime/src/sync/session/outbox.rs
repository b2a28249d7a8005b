//! What is due to a client, as JSON text, until the next message leaves.
//!
//! Invariant: transitions are put together from operations that were encoded once; nothing is encoded for one client alone
//! but numbers.

use super::super::rows;
use crate::protocol::{Mid, Seq, ServerFrame, Sid};
use crate::store::Row;
use std::collections::VecDeque;
use std::fmt::Write;
use vertebra_schema::Model;

/// Frames that wait for the next message.
#[derive(Default)]
pub(super) struct Outbox {
    frames: VecDeque<String>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn frame(&mut self, frame: &ServerFrame) {
        self.push(frame.to_json().to_string());
    }

    fn push(&mut self, frame: String) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Everything that commits mean for a client; each subscription's operations as comma-separated JSON text.
    pub(super) fn transition<'a, Ops: IntoIterator<Item = &'a str>>(
        &mut self,
        from: Seq,
        to: Seq,
        last_mid: Mid,
        subscriptions: impl Iterator<Item = (Sid, Ops)>,
    ) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "[\"T\",{from},{to},{last_mid},[");
        for (n, (sid, ops)) in subscriptions.enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let _ = write!(text, "{comma}[{sid},[");
            for (n, ops) in ops.into_iter().filter(|ops| !ops.is_empty()).enumerate() {
                if n > 0 {
                    text.push(',');
                }
                text.push_str(ops);
            }
            text.push_str("]]");
        }
        text.push_str("]]");
        self.push(text);
    }

    /// Rows in pages of about `limit` bytes.
    pub(super) fn snapshot(&mut self, sid: Sid, model: &Model, list: &[Row], limit: usize) {
        let mut pages = vec![String::new()];
        let mut tuple = String::new();
        for row in list {
            tuple.clear();
            let _ = write!(tuple, "[{},", row.v);
            rows::push_tuple(&mut tuple, model, row);
            tuple.push(']');
            match pages.last_mut() {
                Some(page) if page.is_empty() => page.push_str(&tuple),
                Some(page) if page.len() + tuple.len() < limit => {
                    page.push(',');
                    page.push_str(&tuple);
                }
                _ => pages.push(tuple.clone()),
            }
        }
        let last = pages.len() - 1;
        for (n, page) in pages.into_iter().enumerate() {
            self.push(format!("[\"C\",{sid},{n},[{page}],{}]", n == last));
        }
    }

    /// What is due, as one message: a frame, or a batch. It is not longer than a limit unless its first frame is.
    pub(super) fn take(&mut self, limit: usize) -> String {
        let Some(first) = self.frames.pop_front() else {
            return "[]".to_string();
        };
        self.bytes -= first.len();
        let fits = |text: &String, next: &String| text.len() + next.len() < limit;
        if !self.frames.front().is_some_and(|next| fits(&first, next)) {
            return first;
        }
        let mut text = format!("[{first}");
        while let Some(next) = self.frames.pop_front_if(|next| fits(&text, next)) {
            self.bytes -= next.len();
            text.push(',');
            text.push_str(&next);
        }
        text.push(']');
        text
    }
}

//! What is due to a client, as JSON text, until the next message leaves.
//!
//! Invariant: transitions are put together from operations that were encoded once; nothing is encoded for one client alone
//! but numbers.

use super::super::rows;
use crate::protocol::{Mid, Seq, ServerFrame, Sid};
use crate::store::Row;
use std::fmt::Write;
use vertebra_schema::Model;

/// Frames that wait for the next message.
#[derive(Default)]
pub(super) struct Outbox {
    frames: Vec<String>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn frame(&mut self, frame: &ServerFrame) {
        self.frames.push(frame.to_json().to_string());
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
        self.frames.push(text);
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
        let frames = pages.into_iter().enumerate();
        self.frames
            .extend(frames.map(|(n, page)| format!("[\"C\",{sid},{n},[{page}],{}]", n == last)));
    }

    /// Everything that is due, as one message: a frame, or a batch.
    pub(super) fn take(&mut self) -> String {
        let mut frames = std::mem::take(&mut self.frames);
        match frames.len() {
            1 => frames.remove(0),
            _ => format!("[{}]", frames.join(",")),
        }
    }
}

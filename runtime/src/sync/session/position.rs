//! How a session gets from its position to the head of the log.
//!
//! Invariant: every transition begins where the one before it ended, and covers all subscriptions.

use super::super::hub::Entry;
use super::super::ops;
use super::Session;
use crate::protocol::{Error, Query, Seq, ServerFrame, Sid};
use crate::store::{Commit, Found, Want};
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use tokio::task::coop::unconstrained;

impl Session {
    /// Sends what lies between the position and the head, or the first part of it.
    pub(super) async fn advance(&mut self) -> Result<(), Error> {
        let head = self.engine.hub().head();
        let budget = self.engine.limits().buffer_bytes;
        self.advance_to(head, budget).await?;
        if self.owes_position && self.out.bytes() < budget {
            self.move_to(head);
        }
        Ok(())
    }

    pub(super) async fn advance_to(&mut self, to: Seq, budget: usize) -> Result<(), Error> {
        if to <= self.position {
            return Ok(());
        }
        if !self.send_ready_results(budget) {
            return Ok(());
        }
        let mut due = Vec::new();
        let mut end = to;
        for (sid, channel) in &self.subscriptions {
            match channel.between(self.position, end, budget) {
                Some((entries, all)) => {
                    end = all;
                    if !entries.is_empty() {
                        due.push((*sid, entries));
                    }
                }
                None => return self.catch_up().await,
            }
        }
        let end = fitting(&due, end, budget);
        for (_, entries) in &mut due {
            entries.truncate(entries.partition_point(|entry| entry.commit.seq <= end));
        }
        due.retain(|(_, entries)| !entries.is_empty());
        if !due.is_empty() {
            let ops = due
                .iter()
                .map(|(sid, entries)| (*sid, entries.iter().map(|entry| entry.ops.as_str())));
            self.out.transition(self.position, end, self.last_mid, ops);
            self.position = end;
            self.owes_position &= end < to;
        }
        Ok(())
    }

    /// Sends the results that are there: those of everything that the hub has, because the store answers before it
    /// shows a commit. Whether that were all, within the budget.
    pub(super) fn send_ready_results(&mut self, budget: usize) -> bool {
        while self.out.bytes() < budget {
            // Out of turn a result that is there could look as if it weren't.
            match unconstrained(self.results.next()).now_or_never() {
                Some(Some(results)) => self.send_results(results),
                _ => return true,
            }
        }
        false
    }

    /// The channels no longer reach back to the position: reads the net change from the log.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let subscriptions: Vec<(Sid, Query)> = self
            .subscriptions
            .iter()
            .map(|(sid, channel)| (*sid, channel.query.clone()))
            .collect();
        let position = self.position;
        let wants = subscriptions.iter();
        let wants = wants.map(|(_, query)| Want::Since {
            seq: position,
            otherwise: query.clone(),
        });
        let view = self.read(wants.collect()).await?;
        // A reader can see a commit before its result is there.
        self.engine.hub().reach(view.seq).await;
        self.send_ready_results(usize::MAX);
        let mut replays = Vec::new();
        let mut snapshots = Vec::new();
        for ((sid, query), found) in subscriptions.into_iter().zip(view.found) {
            match found {
                Found::Commits(commits) => replays.push((sid, self.net(&query, &commits))),
                Found::Rows(rows) => snapshots.push((sid, query, rows)),
                Found::Row(_) => {
                    return Err(Error::internal("a store answered with something else"));
                }
            }
        }
        let ops = replays.iter().map(|(sid, ops)| (*sid, [ops.as_str()]));
        self.out.transition(position, view.seq, self.last_mid, ops);
        self.position = view.seq;
        self.owes_position = false;
        for (sid, query, rows) in snapshots {
            self.send_snapshot(sid, &query, &rows);
        }
        Ok(())
    }

    pub(super) fn net(&self, query: &Query, commits: &[Arc<Commit>]) -> String {
        match self.engine.model(&query.collection) {
            Ok(model) => ops::net(model, query, commits.iter().flat_map(|one| &one.changes)),
            Err(_) => String::new(),
        }
    }

    pub(super) fn move_to(&mut self, to: Seq) {
        self.position = self.position.max(to);
        self.owes_position = false;
        self.send(ServerFrame::Watermark(self.position));
    }
}

/// Up to where entries can be sent so that they have not many more bytes than a budget; at least the first commit's.
fn fitting(due: &[(Sid, Vec<Arc<Entry>>)], end: Seq, budget: usize) -> Seq {
    let entries = due.iter().flat_map(|(_, entries)| entries);
    let mut sizes: Vec<(Seq, usize)> = entries
        .map(|entry| (entry.commit.seq, entry.ops.len()))
        .filter(|(seq, _)| *seq <= end)
        .collect();
    if sizes.iter().map(|(_, size)| size).sum::<usize>() <= budget {
        return end;
    }
    sizes.sort_unstable();
    let (mut bytes, mut fits) = (0, None);
    for commit in sizes.chunk_by(|one, other| one.0 == other.0) {
        bytes += commit.iter().map(|(_, size)| size).sum::<usize>();
        if bytes > budget && fits.is_some() {
            break;
        }
        fits = commit.first().map(|(seq, _)| *seq);
    }
    fits.unwrap_or(end)
}

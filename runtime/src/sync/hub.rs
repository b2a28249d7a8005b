//! What is live: one channel for each distinct query, fed from the store's log.
//!
//! A commit is evaluated once for each distinct query and its operations are encoded once; whoever watches the query
//! holds a cursor into the channel. A slow watcher costs nothing: what the channel has dropped is read from the log.
//! Invariant: `head` moves to a position only after every channel holds all it owes up to there.

use super::ops;
use crate::protocol::{Query, Seq};
use crate::store::Commit;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use tokio::sync::Notify;
use vertebra_schema::Schema;

/// How much a channel keeps for those who are behind, before they have to read the log.
const CHANNEL_BYTES: usize = 1 << 20;

/// All channels, and the position up to which they are filled.
pub struct Hub {
    schema: Arc<Schema>,
    state: Mutex<State>,
}

struct State {
    head: Seq,
    /// By collection, then by the query's text.
    channels: HashMap<Arc<str>, HashMap<String, Weak<Channel>>>,
    /// Whom to wake when the head reaches a position that they wait for.
    waiting: Vec<(Seq, Arc<Notify>)>,
}

/// One distinct query.
pub struct Channel {
    /// What is watched.
    pub query: Query,
    ring: Mutex<Ring>,
}

struct Ring {
    /// Everything after this position is here.
    floor: Seq,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    watchers: Vec<Weak<Notify>>,
}

/// What one commit means to one query.
pub struct Entry {
    /// The commit.
    pub commit: Arc<Commit>,
    /// The operations as JSON text, comma-separated.
    pub ops: String,
    /// The same for plain clients, made when the first of them asks.
    pub events: OnceLock<Vec<super::Event>>,
}

impl Hub {
    /// A hub that continues from a position of the log.
    pub fn new(schema: Arc<Schema>, head: Seq) -> Hub {
        Hub {
            schema,
            state: Mutex::new(State {
                head,
                channels: HashMap::new(),
                waiting: Vec::new(),
            }),
        }
    }

    /// The position up to which every channel is filled.
    pub fn head(&self) -> Seq {
        self.state().head
    }

    /// The channel of a query; `watcher` is woken when there is something new in it.
    pub fn join(&self, query: &Query, watcher: &Arc<Notify>) -> Arc<Channel> {
        let mut state = self.state();
        let head = state.head;
        let key = format!("{:?}", query.conditions);
        let channels = state.channels.entry(query.collection.clone()).or_default();
        let channel = channels
            .get(&key)
            .and_then(Weak::upgrade)
            .unwrap_or_else(|| {
                let ring = Ring {
                    floor: head,
                    entries: VecDeque::new(),
                    bytes: 0,
                    watchers: Vec::new(),
                };
                let channel = Arc::new(Channel {
                    query: query.clone(),
                    ring: Mutex::new(ring),
                });
                channels.insert(key, Arc::downgrade(&channel));
                channel
            });
        channel.ring().watch(watcher);
        channel
    }

    /// Hands a commit to every channel that it concerns.
    pub fn append(&self, commit: &Arc<Commit>) {
        let mut state = self.state();
        let mut collections: Vec<&Arc<str>> =
            commit.changes.iter().map(|one| &one.collection).collect();
        collections.sort();
        collections.dedup();
        for collection in collections {
            let Some(model) = self.schema.model(collection) else {
                continue;
            };
            let Some(channels) = state.channels.get_mut(collection) else {
                continue;
            };
            channels.retain(|_, channel| {
                let Some(channel) = channel.upgrade() else {
                    return false;
                };
                let ops = ops::net(model, &channel.query, commit.changes.iter());
                if !ops.is_empty() {
                    channel.push(Entry {
                        commit: commit.clone(),
                        ops,
                        events: OnceLock::new(),
                    });
                }
                true
            });
        }
        state.head = commit.seq;
        state.waiting.retain(|(seq, notify)| {
            let reached = *seq <= commit.seq;
            if reached {
                notify.notify_one();
            }
            !reached
        });
    }

    /// Waits until every channel is filled up to a position.
    pub async fn reach(&self, seq: Seq) {
        let notify = {
            let mut state = self.state();
            if state.head >= seq {
                return;
            }
            let notify = Arc::new(Notify::new());
            state.waiting.push((seq, notify.clone()));
            notify
        };
        notify.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves at worst a commit in some channels twice short of the head.
        self.state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Ring {
    fn watch(&mut self, watcher: &Arc<Notify>) {
        // Those who left are swept out each time the list doubles, so that a quiet channel doesn't grow.
        if self.watchers.len().is_power_of_two() {
            self.watchers.retain(|one| one.strong_count() > 0);
        }
        self.watchers.push(Arc::downgrade(watcher));
    }
}

impl Channel {
    /// What the channel holds in `from < seq <= to`, oldest first; `None` when it no longer reaches back to `from`.
    pub fn between(&self, from: Seq, to: Seq) -> Option<Vec<Arc<Entry>>> {
        let ring = self.ring();
        if from < ring.floor {
            return None;
        }
        let start = ring
            .entries
            .partition_point(|entry| entry.commit.seq <= from);
        let wanted = ring.entries.range(start..);
        Some(
            wanted
                .take_while(|entry| entry.commit.seq <= to)
                .cloned()
                .collect(),
        )
    }

    fn push(&self, entry: Entry) {
        let mut ring = self.ring();
        ring.bytes += entry.ops.len();
        ring.entries.push_back(Arc::new(entry));
        while ring.bytes > CHANNEL_BYTES && ring.entries.len() > 1 {
            if let Some(oldest) = ring.entries.pop_front() {
                ring.bytes -= oldest.ops.len();
                ring.floor = oldest.commit.seq;
            }
        }
        ring.watchers.retain(|watcher| match watcher.upgrade() {
            Some(watcher) => {
                watcher.notify_one();
                true
            }
            None => false,
        });
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

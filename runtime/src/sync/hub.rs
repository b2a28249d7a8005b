//! What is live: one channel for each distinct query, fed from the store's log.
//!
//! A commit is evaluated once for each distinct query and its operations are encoded once; whoever watches the query
//! holds a cursor into the channel. A slow watcher costs nothing: what the channel has dropped is read from the log.
//! Invariant: `head` moves to a position only after every channel holds all it owes up to there.

use super::ops;
use crate::protocol::{Query, Seq};
use crate::store::Commit;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use tokio::sync::Notify;
use vertebra_schema::Schema;

/// How much a channel keeps for those who are behind, before they have to read the log.
const CHANNEL_BYTES: usize = 1 << 20;
/// The same in commits, which the channel keeps alive.
const CHANNEL_COMMITS: usize = 8192;

/// All channels, and the position up to which they are filled.
pub struct Hub {
    schema: Arc<Schema>,
    /// Apart from the rest, because every session reads it at every turn.
    head: AtomicU64,
    state: Mutex<State>,
}

struct State {
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
    /// Something was added for which nobody was woken yet.
    is_fresh: bool,
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
            head: AtomicU64::new(head),
            state: Mutex::new(State {
                channels: HashMap::new(),
                waiting: Vec::new(),
            }),
        }
    }

    /// The position up to which every channel is filled.
    pub fn head(&self) -> Seq {
        self.head.load(Ordering::Acquire)
    }

    /// The channel of a query; `watcher` is woken when there is something new in it.
    pub fn join(&self, query: &Query, watcher: &Arc<Notify>) -> Arc<Channel> {
        let mut state = self.state();
        // It moves only while the lock is held.
        let head = self.head();
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
                    is_fresh: false,
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

    /// Hands commits to every channel that they concern; whoever watches one is woken once for all of them.
    pub fn append(&self, commits: &[Arc<Commit>]) {
        let Some(last) = commits.last() else { return };
        let mut state = self.state();
        let mut fed: Vec<Arc<Channel>> = Vec::new();
        for commit in commits {
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
                    if !ops.is_empty() && channel.push(commit, ops) {
                        fed.push(channel);
                    }
                    true
                });
            }
        }
        self.move_to(&mut state, last.seq);
        drop(state);
        fed.iter().for_each(|channel| channel.wake());
    }

    /// Goes on from a later position, where the commits before it can no longer be had: whoever is behind reads rows.
    pub fn skip_to(&self, seq: Seq) {
        let mut state = self.state();
        let channels = state.channels.values().flat_map(HashMap::values);
        let channels: Vec<Arc<Channel>> = channels.filter_map(Weak::upgrade).collect();
        channels.iter().for_each(|channel| channel.clear(seq));
        self.move_to(&mut state, seq);
        drop(state);
        channels.iter().for_each(|channel| channel.wake());
    }

    fn move_to(&self, state: &mut State, seq: Seq) {
        self.head.store(seq, Ordering::Release);
        state.waiting.retain(|(wanted, notify)| {
            let reached = *wanted <= seq;
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
            if self.head() >= seq {
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
    /// What the channel holds in `from < seq <= to`, oldest first, and up to where that is all: entries of more than
    /// `budget` bytes end with the one that exceeds it. `None` when the channel no longer reaches back to `from`.
    pub fn between(&self, from: Seq, to: Seq, budget: usize) -> Option<(Vec<Arc<Entry>>, Seq)> {
        let ring = self.ring();
        if from < ring.floor {
            return None;
        }
        let start = ring
            .entries
            .partition_point(|entry| entry.commit.seq <= from);
        let (mut wanted, mut bytes) = (Vec::new(), 0);
        for entry in ring.entries.range(start..) {
            if entry.commit.seq > to {
                break;
            }
            bytes += entry.ops.len();
            wanted.push(entry.clone());
            if bytes > budget {
                return Some((wanted, entry.commit.seq));
            }
        }
        Some((wanted, to))
    }

    /// Adds what a commit means; whether the watchers do not know yet that there is something.
    fn push(&self, commit: &Arc<Commit>, ops: String) -> bool {
        let mut ring = self.ring();
        ring.bytes += ops.len();
        ring.entries.push_back(Arc::new(Entry {
            commit: commit.clone(),
            ops,
            events: OnceLock::new(),
        }));
        while (ring.bytes > CHANNEL_BYTES || ring.entries.len() > CHANNEL_COMMITS)
            && ring.entries.len() > 1
        {
            if let Some(oldest) = ring.entries.pop_front() {
                ring.bytes -= oldest.ops.len();
                ring.floor = oldest.commit.seq;
            }
        }
        !std::mem::replace(&mut ring.is_fresh, true)
    }

    /// Keeps nothing of what is up to a position.
    fn clear(&self, floor: Seq) {
        let mut ring = self.ring();
        ring.entries.clear();
        ring.bytes = 0;
        ring.floor = floor;
    }

    /// Wakes those who watch.
    fn wake(&self) {
        let mut ring = self.ring();
        ring.is_fresh = false;
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

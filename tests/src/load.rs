//! Writers that keep account of each write: what it was, and what they were told of it.
//!
//! A lane is a row of writes one after the other to rows of its own; every write gives its row a title that occurs once.
//! Invariant: what was told is written down after it was told, and what was asked for before it is sent.

use crate::random::Random;
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use todo::models::Todo;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;
use vertebra::Patch;
use vertebra::client::Client;
use vertebra::protocol::Code;

/// A write by what it makes of its row: a title, or nothing.
pub type Mark = (Uuid, Option<String>);

/// The counter at the end of a title.
pub fn counter(title: &str) -> u64 {
    let digits = title.rsplit(':').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

/// What writers asked for, and were told.
#[derive(Debug, Default, Deserialize)]
pub struct Ledger {
    /// Asked for.
    pub issued: HashSet<Mark>,
    /// Told that it is stored.
    pub acknowledged: HashSet<Mark>,
    /// Told what cannot be true: every write is a right one, so any refusal is wrong.
    pub wrong: Vec<String>,
}

/// Writers at work.
pub struct Load {
    ledger: Arc<Mutex<Ledger>>,
    acknowledged: watch::Sender<u64>,
    stop: Arc<AtomicBool>,
    lanes: JoinSet<()>,
}

impl Load {
    /// Starts so many lanes over each client. `limit` is how many writes a lane makes at most.
    pub fn start(clients: &[Client], lanes: u64, seed: u64, limit: u64) -> Load {
        let mut load = Load {
            ledger: Arc::default(),
            acknowledged: watch::Sender::new(0),
            stop: Arc::default(),
            lanes: JoinSet::new(),
        };
        for (n, client) in clients.iter().enumerate() {
            for lane in 0..lanes {
                let number = n as u64 * lanes + lane;
                let lane = Lane {
                    client: client.clone(),
                    name: format!("lane {number}"),
                    random: Random::part(seed, number),
                    counter: 0,
                    rows: Vec::new(),
                    ledger: load.ledger.clone(),
                    acknowledged: load.acknowledged.clone(),
                    stop: load.stop.clone(),
                };
                load.lanes.spawn(lane.run(limit));
            }
        }
        load
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        *self.acknowledged.borrow()
    }

    /// Waits until so many writes were acknowledged.
    pub async fn has_acknowledged(&self, count: u64) {
        // The sender lives as long as this load.
        let mut acknowledged = self.acknowledged.subscribe();
        let _ = acknowledged.wait_for(|number| *number >= count).await;
    }

    /// Waits until all lanes have come to their limit, each write answered.
    pub async fn finish(mut self) -> Ledger {
        while self.lanes.join_next().await.is_some() {}
        std::mem::take(&mut *lock(&self.ledger))
    }

    /// Lets the lanes finish the writes that they are at, and returns the account.
    pub async fn stop(self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        self.finish().await
    }
}

struct Lane {
    client: Client,
    name: String,
    random: Random,
    counter: u64,
    rows: Vec<Uuid>,
    ledger: Arc<Mutex<Ledger>>,
    acknowledged: watch::Sender<u64>,
    stop: Arc<AtomicBool>,
}

impl Lane {
    async fn run(mut self, limit: u64) {
        while self.counter < limit && !self.stop.load(Ordering::Relaxed) {
            self.write().await;
        }
    }

    async fn write(&mut self) {
        let todos = self.client.collection::<Todo>();
        self.counter += 1;
        let title = format!("{}:{}", self.name, self.counter);
        let chance = self.random.below(100);
        let (mark, told) = if self.rows.is_empty() || (chance < 30 && self.rows.len() < 50) {
            let id = self.random.uuid();
            let mark = self.issue((id, Some(title.clone())));
            self.rows.push(id);
            let told = todos.create(Todo::draft(title).with_id(id)).await;
            (mark, told.map(|_| ()))
        } else {
            let place = self.random.below(self.rows.len() as u64) as usize;
            if chance < 90 {
                let id = self.rows[place];
                let mark = self.issue((id, Some(title.clone())));
                let patch = Patch::new().set(Todo::title(), title);
                (mark, todos.patch(&id, patch).await.map(|_| ()))
            } else {
                let id = self.rows.swap_remove(place);
                let mark = self.issue((id, None));
                (mark, todos.delete(&id).await)
            }
        };
        match told {
            Ok(()) => {
                lock(&self.ledger).acknowledged.insert(mark);
                self.acknowledged.send_modify(|count| *count += 1);
            }
            // The client has ended: nobody knows.
            Err(error) if error.code == Code::Unavailable => {}
            Err(error) => {
                let wrong = format!("{}: {mark:?} was answered {error}", self.name);
                lock(&self.ledger).wrong.push(wrong);
            }
        }
    }

    fn issue(&self, mark: Mark) -> Mark {
        lock(&self.ledger).issued.insert(mark.clone());
        mark
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    // Inserts are whole, whatever happens elsewhere.
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

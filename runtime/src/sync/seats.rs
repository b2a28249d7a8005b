//! Which connection speaks for a client.
//!
//! Invariant: at most one session of a `cid` holds its seat; a newer one takes it, and the older is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;
use uuid::Uuid;

/// The seats of all connected clients.
#[derive(Clone, Default)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<Uuid, Arc<Notify>>>>,
}

/// A client's seat, held as long as this lives unless it is taken over.
pub struct Seat {
    seats: Seats,
    cid: Uuid,
    replaced: Arc<Notify>,
}

impl Seats {
    /// Takes the seat of a client, from whoever has it.
    pub fn take(&self, cid: Uuid) -> Seat {
        let replaced = Arc::new(Notify::new());
        if let Some(before) = self.taken().insert(cid, replaced.clone()) {
            before.notify_one();
        }
        let seats = self.clone();
        Seat {
            seats,
            cid,
            replaced,
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Notify>>> {
        // Nothing that holds the lock can panic half-way.
        self.taken
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Seat {
    /// Resolves when a newer connection has the seat; not for a second time.
    pub fn replaced(&self) -> impl Future<Output = ()> + Send + use<> {
        let replaced = self.replaced.clone();
        async move { replaced.notified().await }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        let is_ours = |other: &Arc<Notify>| Arc::ptr_eq(other, &self.replaced);
        if taken.get(&self.cid).is_some_and(is_ours) {
            taken.remove(&self.cid);
        }
    }
}

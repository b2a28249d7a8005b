//! A collection that keeps itself current.
//!
//! Invariant: `rows` is always a whole state: those changes that arrived together are seen together.

use super::changes::read;
use super::following::Following;
use super::order::Sorting;
use super::replica::{Event, Row};
use super::select::{Live, Select};
use crate::Model;
use crate::protocol::{Code, Error, Seq};
use futures_util::FutureExt;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Rows that keep themselves current, also across interruptions. A clone is another view of the same rows; the subscription
/// ends with the last of them.
///
/// While there is no connection, the rows are those that were there last. Rows that are no `M` (the server's model may
/// be newer) are left out.
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize, vertebra::Model)]
/// # #[model(collection = "todos")]
/// # struct Todo { #[model(id)] id: uuid::Uuid, title: String, done: bool }
/// # async fn example(client: vertebra::client::Client) -> Result<(), vertebra::protocol::Error> {
/// let mut open = client.collection::<Todo>().live().filter(Todo::done().eq(false)).await?;
/// loop {
///     println!("{} to do", open.len());
///     open.changed().await?;
/// }
/// # }
/// ```
pub struct LiveCollection<M: Model> {
    view: Arc<Mutex<View<M>>>,
    status: watch::Receiver<Status>,
}

/// The rows of a live collection at one moment, in the order of its query.
pub type Rows<M> = Arc<[Arc<M>]>;

#[derive(Clone, Debug, Default)]
struct Status {
    ready: bool,
    ended: Option<Error>,
}

struct View<M: Model> {
    rows: HashMap<M::Id, (Arc<Row>, Arc<M>)>,
    sorting: Sorting,
    /// `rows` in order, until something changes.
    sorted: Option<Rows<M>>,
}

impl<M: Model> LiveCollection<M> {
    pub(super) fn open(select: &Select<M, Live>) -> Result<LiveCollection<M>, Error> {
        let names: Vec<String> = select.order().iter().map(ToString::to_string).collect();
        let following = Following::open(select.client(), select.query()?)?;
        let view = Arc::new(Mutex::new(View {
            rows: HashMap::new(),
            sorting: Sorting::new(M::MODEL, &names),
            sorted: None,
        }));
        let (sender, status) = watch::channel(Status::default());
        tokio::spawn(keep(following, view.clone(), sender));
        Ok(LiveCollection { view, status })
    }

    /// Waits until the first state is there. An error if the server refused, or the client has ended.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut status = self.status.clone();
        let status = status
            .wait_for(|status| status.ready || status.ended.is_some())
            .await;
        match status {
            Ok(status) if status.ready => Ok(()),
            Ok(status) => Err(status.ended.clone().unwrap_or_else(gone)),
            Err(_) => Err(gone()),
        }
    }

    /// A row.
    pub fn get(&self, id: &M::Id) -> Option<Arc<M>> {
        self.view().rows.get(id).map(|(_, row)| row.clone())
    }

    /// The version of a row, for a write that [expects](super::Write::expecting) it.
    pub fn version(&self, id: &M::Id) -> Option<Seq> {
        self.view().rows.get(id).map(|(wire, _)| wire.v)
    }

    /// All rows as they are now, in the order of the query. They are put in order at the first call after a change.
    pub fn rows(&self) -> Rows<M> {
        self.view().sorted()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.view().rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until something is different from what this view has waited for before. An error when the subscription
    /// has ended: nothing will change any more.
    pub async fn changed(&mut self) -> Result<(), Error> {
        // The first state is the first change; so is the end.
        let outcome = self.status.changed().await;
        let ended = self.status.borrow_and_update().ended.clone();
        match (outcome, ended) {
            (Ok(()), None) => Ok(()),
            (_, ended) => Err(ended.unwrap_or_else(gone)),
        }
    }

    /// Waits until a condition holds for the rows, and returns them.
    pub async fn wait_until(
        &self,
        mut condition: impl FnMut(&[Arc<M>]) -> bool,
    ) -> Result<Rows<M>, Error> {
        let mut status = self.status.clone();
        loop {
            // Marked as seen before the rows are looked at: what changes after that ends the wait below.
            let Status { ready, ended } = status.borrow_and_update().clone();
            let rows = self.rows();
            if ready && condition(&rows) {
                return Ok(rows);
            }
            if let Some(error) = ended {
                return Err(error);
            }
            status.changed().await.map_err(|_| gone())?;
        }
    }

    fn view(&self) -> MutexGuard<'_, View<M>> {
        lock(&self.view)
    }
}

fn lock<M: Model>(view: &Mutex<View<M>>) -> MutexGuard<'_, View<M>> {
    // A view is changed by inserts and removals only, each whole.
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone() -> Error {
    Error::new(Code::Unavailable, "the client has ended")
}

/// Applies what happens, as long as somebody looks.
async fn keep<M: Model>(
    mut following: Following,
    view: Arc<Mutex<View<M>>>,
    status: watch::Sender<Status>,
) {
    loop {
        let first = tokio::select! {
            event = following.next() => event,
            () = status.closed() => return,
        };
        let Some(first) = first else { return };
        // All that is there already is one change.
        let mut events = vec![first];
        while let Some(Some(event)) = following.next().now_or_never() {
            events.push(event);
        }
        let mut ended = None;
        let mut view = lock(&view);
        for event in events {
            if let Event::Failed(error) = event {
                ended = Some(error);
            } else {
                view.apply(event);
            }
        }
        drop(view);
        status.send_modify(|status| {
            // The first event is a snapshot, or the end.
            status.ready |= ended.is_none();
            status.ended = ended;
        });
    }
}

impl<M: Model> View<M> {
    fn apply(&mut self, event: Event) {
        self.sorted = None;
        match event {
            Event::Snapshot(rows) => rows.into_iter().for_each(|row| self.put(row)),
            Event::Put { before, after } => {
                if let Some(before) = before {
                    self.remove(&before);
                }
                self.put(after);
            }
            Event::Gone { row, .. } => self.remove(&row),
            Event::Failed(_) => {}
        }
    }

    fn put(&mut self, row: Arc<Row>) {
        match read::<M>(&row) {
            Ok(typed) => {
                self.rows.insert(typed.id().clone(), (row, Arc::new(typed)));
            }
            Err(error) => {
                tracing::warn!(collection = %M::MODEL.collection, id = %row.id, %error, "left out");
            }
        }
    }

    fn remove(&mut self, row: &Row) {
        if let Ok(typed) = read::<M>(row) {
            self.rows.remove(typed.id());
        }
    }

    fn sorted(&mut self) -> Rows<M> {
        if let Some(sorted) = &self.sorted {
            return sorted.clone();
        }
        let mut rows: Vec<_> = self.rows.values().collect();
        rows.sort_by(|(a, _), (b, _)| self.sorting.compare(&a.values, &b.values));
        let sorted: Rows<M> = rows.into_iter().map(|(_, row)| row.clone()).collect();
        self.sorted = Some(sorted.clone());
        sorted
    }
}

impl<M: Model> Clone for LiveCollection<M> {
    fn clone(&self) -> Self {
        LiveCollection {
            view: self.view.clone(),
            status: self.status.clone(),
        }
    }
}

impl<M: Model> fmt::Debug for LiveCollection<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCollection")
            .field("collection", &&*M::MODEL.collection)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

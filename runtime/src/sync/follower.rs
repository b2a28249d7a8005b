//! Every change of a collection, one by one, for clients that hold no state: the plain Socket.IO face.
//!
//! Invariant: no change is left out and none comes twice; who falls too far behind gets an error instead.

use super::engine::Engine;
use super::hub::{Channel, Entry};
use super::rows;
use crate::protocol::{Code, Error, Query, Seq};
use crate::store::{Ask, Change, Commit, Found, Want};
use std::sync::Arc;
use tokio::sync::Notify;
use vertebra_schema::Model;

/// How many bytes of changes are handed out at once, about.
const EVENTS_BYTES: usize = 32 << 10;

/// One change, encoded once for all who follow the collection.
#[derive(Clone, Debug)]
pub struct Event {
    /// `new`, `change` or `remove`.
    pub name: &'static str,
    /// The row as the JSON text of an object; only its id when it is gone.
    pub row: Arc<str>,
    /// Its position in the log.
    pub seq: Seq,
}

/// A cursor into the changes of a collection.
pub struct Follower {
    engine: Engine,
    channel: Arc<Channel>,
    notify: Arc<Notify>,
    position: Seq,
}

impl Follower {
    pub(super) fn new(engine: Engine, query: Query) -> Follower {
        let notify = Arc::new(Notify::new());
        let channel = engine.hub().join(&query, &notify);
        let position = engine.hub().head();
        Follower {
            engine,
            channel,
            notify,
            position,
        }
    }

    /// The next changes, at least one. Cancel-safe: what a dropped call would have returned, the next one does.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        loop {
            let head = self.engine.hub().head();
            let events = match self.channel.between(self.position, head, EVENTS_BYTES) {
                Some((entries, to)) => {
                    let events = entries
                        .iter()
                        .flat_map(|entry| self.events(entry))
                        .collect();
                    self.position = self.position.max(to);
                    events
                }
                None => self.catch_up().await?,
            };
            if !events.is_empty() {
                return Ok(events);
            }
            if self.position < head {
                continue;
            }
            self.notify.notified().await;
        }
    }

    /// What the channel has dropped, from the log.
    async fn catch_up(&mut self) -> Result<Vec<Event>, Error> {
        let want = Want::Since {
            seq: self.position,
            otherwise: self.channel.query.clone(),
        };
        let ask = Ask {
            wants: vec![want],
            cid: None,
        };
        let view = self.engine.store().read(ask).await?;
        match view.found.into_iter().next() {
            Some(Found::Commits(commits)) => {
                let model = self.model()?;
                let events = commits
                    .iter()
                    .flat_map(|commit| events(model, commit))
                    .collect();
                self.position = view.seq;
                Ok(events)
            }
            _ => Err(Error::new(
                Code::Overloaded,
                "too far behind: connect again and read what is there",
            )),
        }
    }

    fn events(&self, entry: &Entry) -> Vec<Event> {
        let all = entry.events.get_or_init(|| match self.model() {
            Ok(model) => events(model, &entry.commit),
            Err(_) => Vec::new(),
        });
        all.clone()
    }

    fn model(&self) -> Result<&Model, Error> {
        self.engine.model(&self.channel.query.collection)
    }
}

fn events(model: &Model, commit: &Commit) -> Vec<Event> {
    let ours = commit
        .changes
        .iter()
        .filter(|change| *change.collection == *model.collection);
    ours.map(|change| event(model, commit.seq, change))
        .collect()
}

fn event(model: &Model, seq: Seq, change: &Change) -> Event {
    let (name, row) = match (&change.before, &change.after) {
        (None, Some(row)) => ("new", rows::object_text(model, row)),
        (_, Some(row)) => ("change", rows::object_text(model, row)),
        (_, None) => (
            "remove",
            rows::id_object(model, &change.id).to_string().into(),
        ),
    };
    Event { name, row, seq }
}

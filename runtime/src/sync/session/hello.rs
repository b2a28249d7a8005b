//! The answer to a hello: every subscription is brought to one position.
//!
//! Invariant: everything is read in one transaction, and the welcome says how each subscription gets there.

use super::Session;
use crate::protocol::{
    self, Code, Cursor, Digest, Error, Have, Hello, Opening, Query, ServerFrame, Sid, Welcome,
};
use crate::store::{Found, Row, Want};
use serde_json::json;
use std::collections::BTreeMap;
use vertebra_schema::{Fingerprint, Model};

impl Session {
    /// Answers the hello: every subscription is brought to one position, read in one transaction.
    pub(super) async fn welcome(&mut self, hello: Hello) -> Result<(), ()> {
        if hello.v != protocol::VERSION {
            let error = Error::new(
                Code::Schema,
                format!(
                    "this server speaks version {} of the protocol",
                    protocol::VERSION
                ),
            );
            self.send(ServerFrame::Failure(json!({}), error));
            self.send(ServerFrame::Bye(
                4500,
                "unknown protocol version".to_string(),
                None,
            ));
            return Err(());
        }
        let mut refused = Vec::new();
        let mut openings: Vec<(Sid, Query, Option<Cursor>, Option<Have>)> = Vec::new();
        for Opening(sid, query, cursor, have) in hello.subs {
            match self.admit(sid, &query, openings.len()) {
                Ok(query) => openings.push((sid, query, cursor, have)),
                Err(error) => refused.push(ServerFrame::Failure(json!({"sid": sid}), error)),
            }
        }
        // Joined before the read, so that the channels hold everything after its position.
        for (sid, query, ..) in &openings {
            let channel = self.engine.hub().join(query, &self.notify);
            self.subscriptions.insert(*sid, channel);
        }
        let epoch = self.engine.epoch().to_string();
        let wants = openings.iter().map(|(_, query, cursor, _)| match cursor {
            Some(cursor) if cursor.0 == epoch => Want::Since {
                seq: cursor.1,
                otherwise: query.clone(),
            },
            _ => Want::Rows(query.clone()),
        });
        let view = match self.read(wants.collect()).await {
            Ok(view) => view,
            Err(error) => return self.refuse_hello(error),
        };
        self.last_mid = view.last_mid;
        self.welcomed_mid = view.last_mid;
        self.position = view.seq;
        // No number of the client is known. That it has none, or that it was forgotten: who wrote after everybody who
        // was forgotten was not. A client that does not say when it wrote has at least an answer.
        let may_be_forgotten = match hello.since {
            Some(since) => since <= view.forgotten_at,
            None => hello.last_mid > 0,
        };
        self.is_forgotten = view.last_mid == 0 && view.forgotten_at > 0 && may_be_forgotten;

        let mut outcomes = BTreeMap::new();
        let mut replays = Vec::new();
        let mut snapshots = Vec::new();
        let mut from = view.seq;
        for ((sid, query, cursor, have), found) in openings.iter().zip(view.found) {
            match (found, cursor) {
                (Found::Commits(commits), Some(cursor)) => {
                    outcomes.insert(*sid, "replay".to_string());
                    from = from.min(cursor.1);
                    replays.push((*sid, self.net(query, &commits)));
                }
                // Versions are compared: they must be of one log.
                (Found::Rows(rows), Some(cursor))
                    if cursor.0 == epoch
                        && cursor.1 <= view.seq
                        && have.is_some_and(|have| self.is_same(query, &rows, have)) =>
                {
                    outcomes.insert(*sid, "diff".to_string());
                }
                (Found::Rows(rows), _) => {
                    outcomes.insert(*sid, "reset".to_string());
                    snapshots.push((*sid, query.clone(), rows));
                }
                _ => {
                    return self
                        .refuse_hello(Error::internal("a store answered with something else"));
                }
            }
        }
        self.send(ServerFrame::Welcome(Welcome {
            v: protocol::VERSION,
            epoch: view.epoch.to_string(),
            seq: view.seq,
            schema: json!(self.names(|model| format!("{:016x}", Fingerprint::of(model)))),
            last_mid: view.last_mid,
            limits: self.engine.limits_json(),
            cols: self.names(|model| {
                model
                    .visible()
                    .map(|(_, field)| field.name.to_string())
                    .collect()
            }),
            ids: self.names(|model| model.id().name.to_string()),
            subs: outcomes,
            now: Some(self.engine.now()),
            forgotten: self.is_forgotten,
        }));
        if !replays.is_empty() {
            let ops = replays.iter().map(|(sid, ops)| (*sid, [ops.as_str()]));
            self.out.transition(from, view.seq, self.last_mid, ops);
        }
        for (sid, query, rows) in snapshots {
            self.send_snapshot(sid, &query, &rows);
        }
        for failure in refused {
            self.send(failure);
        }
        Ok(())
    }

    /// Whether a client has these rows of a query.
    fn is_same(&self, query: &Query, rows: &[Row], have: Have) -> bool {
        let Ok(model) = self.engine.model(&query.collection) else {
            return false;
        };
        if rows.len() as u64 != have.0 {
            return false;
        }
        let mut digest = Digest::default();
        for row in rows {
            digest.add(&row.values[model.id_position()], row.v);
        }
        digest.have() == have
    }

    /// Nothing can be read just now: the client comes back.
    fn refuse_hello(&mut self, error: Error) -> Result<(), ()> {
        self.send(ServerFrame::Failure(json!({}), error));
        self.send(ServerFrame::Bye(
            4003,
            "try again later".to_string(),
            Some(1000),
        ));
        Err(())
    }

    /// Something for each collection.
    fn names<T>(&self, name: impl Fn(&Model) -> T) -> BTreeMap<String, T> {
        let models = self.engine.schema().models.iter();
        models
            .map(|model| (model.collection.to_string(), name(model)))
            .collect()
    }
}

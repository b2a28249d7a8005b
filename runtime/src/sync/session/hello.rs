//! The answer to a hello: every subscription is brought to one position.
//!
//! Invariant: everything is read in one transaction, and the welcome says how each subscription gets there.

use super::Session;
use crate::protocol::{
    self, Code, Cursor, Error, Hello, Opening, Query, ServerFrame, Sid, Welcome,
};
use crate::store::{Found, Want};
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
        let mut openings: Vec<(Sid, Query, Option<Cursor>)> = Vec::new();
        for Opening(sid, query, cursor) in hello.subs {
            match self.admit(sid, &query, openings.len()) {
                Ok(query) => openings.push((sid, query, cursor)),
                Err(error) => refused.push(ServerFrame::Failure(json!({"sid": sid}), error)),
            }
        }
        // Joined before the read, so that the channels hold everything after its position.
        for (sid, query, _) in &openings {
            let channel = self.engine.hub().join(query, &self.notify);
            self.subscriptions.insert(*sid, channel);
        }
        let epoch = self.engine.epoch();
        let wants = openings.iter().map(|(_, query, cursor)| match cursor {
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
        self.position = view.seq;

        let mut outcomes = BTreeMap::new();
        let mut replays = Vec::new();
        let mut snapshots = Vec::new();
        let mut from = view.seq;
        for ((sid, query, cursor), found) in openings.iter().zip(view.found) {
            match (found, cursor) {
                (Found::Commits(commits), Some(cursor)) => {
                    outcomes.insert(*sid, "replay".to_string());
                    from = from.min(cursor.1);
                    replays.push((*sid, self.net(query, &commits)));
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

//! What becomes of each frame that a client sends.
//!
//! Invariant: one request's failure is answered and ends nothing else.

use super::{Session, forgotten};
use crate::protocol::{
    ClientFrame, Code, Error, Mutation, Opening, Query, Reply, Request, ServerFrame, Sid,
};
use crate::store::{Found, Want};
use serde_json::{Value, json};

impl Session {
    /// Whether a subscription may be opened.
    pub(super) fn admit(&self, sid: Sid, query: &Value, opened: usize) -> Result<Query, Error> {
        let limit = self.engine.limits().subscriptions;
        if self.subscriptions.len() + opened >= limit {
            return Err(Error::new(
                Code::TooLarge,
                format!("a connection has at most {limit} subscriptions"),
            ));
        }
        if self.subscriptions.contains_key(&sid) {
            return Err(Error::field("sid", "is in use: unsubscribe first"));
        }
        let query = Query::parse(self.engine.schema(), query)?;
        for (part, given) in [
            ("limit", query.limit.is_some()),
            ("after", query.after.is_some()),
        ] {
            if given {
                return Err(Error::field(part, "cannot be part of a subscription"));
            }
        }
        Ok(query)
    }

    pub(super) async fn receive_frame(&mut self, frame: Result<ClientFrame, Error>, weight: usize) {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return self.send(ServerFrame::Failure(json!({}), error)),
        };
        match frame {
            ClientFrame::Hello(_) => {
                let error = Error::malformed("a connection says hello once");
                self.send(ServerFrame::Failure(json!({}), error));
            }
            ClientFrame::Subscribe(Opening(sid, query, ..)) => {
                if let Err(error) = self.subscribe(sid, &query).await {
                    self.send(ServerFrame::Failure(json!({"sid": sid}), error));
                }
            }
            ClientFrame::Unsubscribe(sid) => {
                self.subscriptions.remove(&sid);
            }
            ClientFrame::Mutate {
                mutations,
                tx: true,
            } => self.mutate(mutations, weight),
            ClientFrame::Mutate {
                mutations,
                tx: false,
            } => {
                let each = weight / mutations.len().max(1);
                let mut mutations = mutations.into_iter();
                while self.has_room()
                    && let Some(mutation) = mutations.next()
                {
                    self.mutate(vec![mutation], each);
                }
                let mutations: Vec<Mutation> = mutations.collect();
                if !mutations.is_empty() {
                    let weight = each * mutations.len();
                    let tx = false;
                    let rest = ClientFrame::Mutate { mutations, tx };
                    self.inbox.push_front((Ok(rest), weight));
                }
            }
            ClientFrame::Query { rid, query } => self.query(rid, query),
            ClientFrame::Auth(_) => {
                let error = Error::new(
                    Code::Unauthenticated,
                    "this server has no way to authenticate",
                );
                self.send(ServerFrame::Failure(json!({}), error));
            }
            // Flow control follows the socket; the number is for lag metrics.
            ClientFrame::Ack(_) => {}
            ClientFrame::Signal { topic, payload } => {
                let from = self.caller.connection;
                if let Err(error) = self.engine.signal_from(topic, payload, from) {
                    self.send(ServerFrame::Failure(json!({}), error));
                }
            }
        }
    }

    /// Opens a subscription: brings the whole session to the position of the snapshot, then sends that.
    async fn subscribe(&mut self, sid: Sid, query: &Value) -> Result<(), Error> {
        let query = self.admit(sid, query, 0)?;
        let channel = self.engine.hub().join(&query, &self.notify);
        let view = self.read(vec![Want::Rows(query.clone())]).await?;
        let Some(Found::Rows(rows)) = view.found.into_iter().next() else {
            return Err(Error::internal("a store answered with something else"));
        };
        self.engine.hub().reach(view.seq).await;
        self.advance_to(view.seq, usize::MAX).await?;
        if self.position < view.seq {
            self.move_to(view.seq);
        }
        self.send_snapshot(sid, &query, &rows);
        self.subscriptions.insert(sid, channel);
        Ok(())
    }

    fn mutate(&mut self, mutations: Vec<Mutation>, weight: usize) {
        if mutations.is_empty() {
            return;
        }
        if self.is_forgotten {
            let refused = mutations.into_iter().map(|one| (one.0, Err(forgotten())));
            return self.send_results((refused.collect(), 0));
        }
        self.unanswered += weight;
        let outcomes = self.engine.mutate(self.cid, mutations);
        let outcomes = async move { (outcomes.await, weight) };
        self.results.push_back(Box::pin(outcomes));
    }

    fn query(&mut self, rid: Value, query: Value) {
        let (engine, caller) = (self.engine.clone(), self.caller.clone());
        self.answers.push(Box::pin(async move {
            let collection = query.get("collection").and_then(Value::as_str);
            let request = match (query.get("id"), collection) {
                (Some(id), Some(collection)) => Request::Get {
                    collection: collection.to_string(),
                    id: id.clone(),
                },
                _ => Request::List(query),
            };
            match engine.handle(request, &caller).await {
                Ok(Reply::Row { row, seq }) => {
                    ServerFrame::Answer(rid, json!({"row": row, "seq": seq}))
                }
                Ok(Reply::Rows { rows, seq }) => {
                    ServerFrame::Answer(rid, json!({"rows": rows, "seq": seq}))
                }
                Ok(Reply::Done) => ServerFrame::Answer(rid, Value::Null),
                Err(error) => ServerFrame::Failure(json!({"rid": rid}), error),
            }
        }));
    }
}

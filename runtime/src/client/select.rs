//! Which rows are asked for, before it is decided how: read once, followed, or kept.
//!
//! Invariant: a selection is a value; nothing is sent before it is awaited.

use super::{Changes, Client, LiveCollection};
use crate::protocol::Error;
use crate::{Filter, Model, Order};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::fmt;
use std::marker::PhantomData;

/// Rows of a model, and with `K` what is done with them: [`List`], [`Subscribe`] or [`Live`]. Awaiting it does it.
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize, vertebra::Model)]
/// # #[model(collection = "todos")]
/// # struct Todo { #[model(id)] id: uuid::Uuid, title: String, done: bool }
/// # async fn example(client: vertebra::client::Client) -> Result<(), vertebra::protocol::Error> {
/// let todos = client.collection::<Todo>();
/// let open = todos.list().filter(Todo::done().eq(false)).sort(Todo::title().ascending());
/// for todo in open.limit(20).await? {
///     println!("{}", todo.title);
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is asked before it is awaited"]
pub struct Select<M, K> {
    client: Client,
    filter: Option<Filter<M>>,
    order: Vec<Order<M>>,
    limit: Option<u32>,
    after: Option<Result<Value, Error>>,
    kind: PhantomData<fn() -> K>,
}

/// Read once: a `Vec` of rows.
#[derive(Debug)]
pub enum List {}
/// Follow: a stream of [`Changes`].
#[derive(Debug)]
pub enum Subscribe {}
/// Keep: a [`LiveCollection`].
#[derive(Debug)]
pub enum Live {}

impl<M: Model, K> Select<M, K> {
    pub(super) fn new(client: Client) -> Select<M, K> {
        Select {
            client,
            filter: None,
            order: Vec::new(),
            limit: None,
            after: None,
            kind: PhantomData,
        }
    }

    /// Only rows for which this holds; with several filters, all of them.
    pub fn filter(mut self, filter: Filter<M>) -> Self {
        self.filter = Some(match self.filter {
            Some(first) => first.and(filter),
            None => filter,
        });
        self
    }

    /// In this order; where rows are equal in it, in the order of the next one, and at last by id.
    pub fn sort(mut self, order: Order<M>) -> Self {
        self.order.push(order);
        self
    }

    /// At most so many rows: the first ones in the order. Rows of a subscription move in and out of this window.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    pub(super) fn order(&self) -> &[Order<M>] {
        &self.order
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The query as it goes over the wire.
    pub(super) fn query(&self) -> Result<Value, Error> {
        let mut query = Map::new();
        query.insert("collection".into(), json!(*M::MODEL.collection));
        if let Some(filter) = &self.filter {
            query.insert("where".into(), filter.to_json()?);
        }
        if !self.order.is_empty() {
            let order = self.order.iter().map(Order::to_json);
            query.insert("sort".into(), order.collect());
        }
        if let Some(limit) = self.limit {
            query.insert("limit".into(), limit.into());
        }
        if let Some(after) = self.after.clone() {
            query.insert("after".into(), after?);
        }
        Ok(Value::Object(query))
    }
}

impl<M: Model> Select<M, List> {
    /// Only what comes after this row, in the same order: the next page, given the last row of the one before.
    pub fn after(mut self, row: &M) -> Self {
        self.after = Some(row.to_wire().map(|row| {
            let names = self.order.iter().map(|order| order.to_string());
            let names = names.map(|name| name.trim_start_matches('-').to_string());
            let names = names.chain([M::MODEL.id().name.to_string()]);
            names.map(|name| row[name].clone()).collect()
        }));
        self
    }
}

impl<M: Model> IntoFuture for Select<M, List> {
    type Output = Result<Vec<M>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move {
            let query = self.query()?;
            let mut found = self.client.read(query).await?;
            match found["rows"].take() {
                Value::Array(rows) => rows.into_iter().map(super::row).collect(),
                _ => Err(super::not_a("list of rows")),
            }
        }
        .boxed()
    }
}

impl<M: Model> IntoFuture for Select<M, Subscribe> {
    type Output = Result<Changes<M>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move { Changes::open(&self.client, self.query()?).await }.boxed()
    }
}

impl<M: Model> Select<M, Live> {
    /// The collection at once, still empty: it fills itself as soon as there is a connection. Awaiting the selection
    /// instead waits until it is ready.
    pub fn start(self) -> Result<LiveCollection<M>, Error> {
        LiveCollection::open(&self)
    }
}

impl<M: Model> IntoFuture for Select<M, Live> {
    type Output = Result<LiveCollection<M>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move {
            let live = LiveCollection::open(&self)?;
            self.client.within(live.ready()).await?;
            Ok(live)
        }
        .boxed()
    }
}

impl<M, K> Clone for Select<M, K> {
    fn clone(&self) -> Self {
        Select {
            client: self.client.clone(),
            filter: self.filter.clone(),
            order: self.order.clone(),
            limit: self.limit,
            after: self.after.clone(),
            kind: PhantomData,
        }
    }
}

impl<M, K> fmt::Debug for Select<M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("filter", &self.filter)
            .field("order", &self.order)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

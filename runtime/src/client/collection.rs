//! A model's rows on the server, typed.
//!
//! Invariant: this is a thin layer: it turns values into wire form and back, and leaves everything else to the session.

use super::outbox::Draft;
use super::select::{List, Live, Select, Subscribe};
use super::{Client, not_a, row};
use crate::protocol::{Error, Operation, Seq};
use crate::schema::Flag;
use crate::{Model, New, Patch};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::fmt;
use std::marker::PhantomData;

/// The rows of a model. Cheap to make and to clone; see [`Client::collection`].
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// use vertebra::{Patch, client::Client};
/// # #[derive(Clone, Serialize, Deserialize, vertebra::Model)]
/// # #[model(collection = "todos")]
/// # struct Todo { #[model(id)] id: uuid::Uuid, title: String, #[serde(default)] done: bool }
///
/// # async fn example() -> Result<(), vertebra::protocol::Error> {
/// let client = Client::connect("http://127.0.0.1:4000").await?;
/// let todos = client.collection::<Todo>();
/// let todo = todos.create(Todo::draft("Buy milk")).await?;
/// todos.patch(&todo.id, Patch::new().set(Todo::done(), true)).await?;
/// todos.delete(&todo.id).await?;
/// # Ok(()) }
/// ```
pub struct Collection<M> {
    client: Client,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Collection<M> {
    pub(super) fn new(client: Client) -> Collection<M> {
        Collection {
            client,
            model: PhantomData,
        }
    }

    /// A new row. Answers the row as the server has it. A row that is named by text or a UUID gets its id here,
    /// unless the draft has one; so a create that is sent twice is one row.
    pub fn create(&self, new: impl Into<New<M>>) -> Write<M> {
        let data = create_data::<M>(new.into());
        self.write(Operation::Create, Ok(Value::Null), data, row)
    }

    /// Replaces all fields that a client may write. Answers the row as the server has it. Fields that only the server
    /// sets stay as they are, and so do secret ones, which no client knows: a patch changes those.
    pub fn update(&self, changed: &M) -> Write<M> {
        let data = changed.to_wire().map(|mut data| {
            if let Value::Object(entries) = &mut data {
                for field in M::MODEL.fields.iter() {
                    if field.is_read_only() || field.is(Flag::Secret) || field.is(Flag::Id) {
                        entries.remove(&*field.name);
                    }
                }
            }
            data
        });
        self.write(Operation::Update, id_to_wire::<M>(changed.id()), data, row)
    }

    /// Changes some fields. Answers the row as the server has it.
    pub fn patch(&self, id: &M::Id, patch: Patch<M>) -> Write<M> {
        let (id, data) = (id_to_wire::<M>(id), patch.into_wire());
        self.write(Operation::Patch, id, data, row)
    }

    /// Removes a row.
    pub fn delete(&self, id: &M::Id) -> Write<()> {
        let id = id_to_wire::<M>(id);
        self.write(Operation::Delete, id, Ok(Value::Null), |_| Ok(()))
    }

    /// One row; `not_found` if there is none.
    pub async fn get(&self, id: &M::Id) -> Result<M, Error> {
        self.get_with_version(id).await.map(|(row, _)| row)
    }

    /// One row, and its version, for a write that [expects](Write::expecting) it.
    pub async fn get_with_version(&self, id: &M::Id) -> Result<(M, Seq), Error> {
        let id = id_to_wire::<M>(id)?;
        let query = json!({"collection": *M::MODEL.collection, "id": id});
        let mut found = self.client.read(query).await?;
        let version = found["seq"].as_u64().ok_or_else(|| not_a("row"))?;
        Ok((row(found["row"].take())?, version))
    }

    /// Reads rows once.
    pub fn list(&self) -> Select<M, List> {
        Select::new(self.client.clone())
    }

    /// Follows rows: the ones that are there, then every change. See [`Changes`](super::Changes).
    pub fn subscribe(&self) -> Select<M, Subscribe> {
        Select::new(self.client.clone())
    }

    /// Keeps rows: a collection that is always current. See [`LiveCollection`](super::LiveCollection).
    pub fn live(&self) -> Select<M, Live> {
        Select::new(self.client.clone())
    }

    fn write<T>(
        &self,
        operation: Operation,
        id: Result<Value, Error>,
        data: Result<Value, Error>,
        read: fn(Value) -> Result<T, Error>,
    ) -> Write<T> {
        let draft = id.and_then(|id| {
            Ok(Draft {
                operation,
                collection: (*M::MODEL.collection).into(),
                id,
                data: data?,
                expected: None,
            })
        });
        Write {
            client: self.client.clone(),
            draft,
            read,
        }
    }
}

impl<M> Clone for Collection<M> {
    fn clone(&self) -> Self {
        Collection {
            client: self.client.clone(),
            model: PhantomData,
        }
    }
}

impl<M: Model> fmt::Debug for Collection<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collection")
            .field(&&*M::MODEL.collection)
            .finish()
    }
}

/// A write that happens when it is awaited.
///
/// It waits for the server's answer, also across interruptions: it is sent again until it is answered, and applied
/// once. Dropping it before it was sent withdraws it; dropping it later only means not to learn what became of it.
#[must_use = "a write happens when it is awaited"]
pub struct Write<T> {
    client: Client,
    draft: Result<Draft, Error>,
    read: fn(Value) -> Result<T, Error>,
}

impl<T> Write<T> {
    /// Only if the row still has this version; else `conflict`, with the row as it is now in `current`.
    pub fn expecting(mut self, version: Seq) -> Write<T> {
        if let Ok(draft) = &mut self.draft {
            draft.expected = Some(version);
        }
        self
    }
}

impl<T: 'static> IntoFuture for Write<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let read = self.read;
        let answer = async move {
            let draft = self.draft?;
            let answer = self.client.session(|session| session.write(draft))?;
            self.client.answer(answer).await
        };
        answer
            .map(move |answer| answer.and_then(|(row, _)| read(row)))
            .boxed()
    }
}

impl<T> fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.draft).finish()
    }
}

/// The attributes of a create; with an id where clients make them as text and the caller made none.
fn create_data<M: Model>(new: New<M>) -> Result<Value, Error> {
    use crate::schema::Type;
    let id = M::MODEL.id();
    let new = if new.id().is_none() && matches!(*id.ty, Type::String) {
        let made = uuid::Uuid::now_v7().to_string();
        let made: M::Id = serde_json::from_value(made.into())
            .map_err(|cause| Error::field(&*id.name, format!("cannot be made: {cause}")))?;
        new.with_id(made)
    } else {
        new
    };
    new.into_wire()
}

/// An id as it is on the wire: 64-bit integers are strings there.
pub(super) fn id_to_wire<M: Model>(id: &M::Id) -> Result<Value, Error> {
    let field = M::MODEL.id();
    let value = serde_json::to_value(id)
        .map_err(|cause| Error::field(&*field.name, format!("cannot be written: {cause}")))?;
    let mut row = json!({ &*field.name: value });
    crate::schema::to_wire(M::MODEL, &mut row);
    Ok(row[&*field.name].take())
}

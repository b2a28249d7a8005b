//! How an application is put together.
//!
//! Invariant: nothing listens and no file is made before `start`.

use super::origin::Origins;
use super::socket_io::{self, SocketIo};
use super::{assets, http, websocket};
use crate::bundle::Bundle;
use crate::model::Model;
use crate::protocol::{Code, Error};
use crate::store::{Options, Retention, Sqlite, Store};
use crate::sync::{Caller, Engine, Limits};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tower_http::services::ServeDir;
use vertebra_schema::Schema;

/// A running application: the engine and what is served around it. Cloning is cheap.
#[derive(Clone)]
pub struct Vertebra {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    socket_io: SocketIo,
    origins: Arc<Origins>,
    bundle: Option<&'static Bundle>,
    web: Option<PathBuf>,
}

/// What stops an application from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The builder was given no model.
    #[error("an application needs at least one model: call `.model::<T>()`")]
    NoModel,
    /// Two models have one collection.
    #[error(
        "the collection {0:?} belongs to two models: set `#[model(collection = \"…\")]` on one of them"
    )]
    DuplicateCollection(String),
    /// The builder was given no database.
    #[error("an application needs a database: call `.database(\"app.sqlite\")`")]
    NoDatabase,
    /// The database cannot be opened, or doesn't fit the models.
    #[error("{0}")]
    Store(#[from] Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address as it was given.
        address: String,
        /// Why.
        cause: std::io::Error,
    },
}

/// Collects what an application is made of.
#[derive(Default)]
pub struct Builder {
    schema: Schema,
    database: Option<PathBuf>,
    store: Option<Arc<dyn Store>>,
    bundle: Option<&'static Bundle>,
    web: Option<PathBuf>,
    origins: Origins,
    limits: Limits,
    retention: Retention,
}

impl Builder {
    /// Adds a model.
    pub fn model<M: Model>(mut self) -> Builder {
        self.schema.models.push(M::MODEL.clone());
        self
    }

    /// Adds all models of a schema, such as one that was read from a document.
    pub fn schema(mut self, schema: Schema) -> Builder {
        self.schema.models.extend(schema.models);
        self
    }

    /// The SQLite file; made when it isn't there.
    pub fn database(mut self, path: impl Into<PathBuf>) -> Builder {
        self.database = Some(path.into());
        self
    }

    /// How far back the log of changes reaches; by default 7 days and 256 MiB. For [`Builder::database`].
    pub fn retention(mut self, retention: Retention) -> Builder {
        self.retention = retention;
        self
    }

    /// Another store than SQLite.
    pub fn store(mut self, store: Arc<dyn Store>) -> Builder {
        self.store = Some(store);
        self
    }

    /// The generated JavaScript, served at `/vertebra/`.
    pub fn bundle(mut self, bundle: &'static Bundle) -> Builder {
        self.bundle = Some(bundle);
        self
    }

    /// A directory of pages, served at `/`.
    pub fn web(mut self, directory: impl Into<PathBuf>) -> Builder {
        self.web = Some(directory.into());
        self
    }

    /// Lets pages of another origin connect, such as `https://app.example`.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Builder {
        self.origins.allowed.push(origin.into());
        self
    }

    /// What clients may ask for.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// Opens the database, makes or extends its tables, and starts the engine. Needs a tokio runtime.
    pub async fn start(self) -> Result<Vertebra, StartError> {
        let models = &self.schema.models;
        if models.is_empty() {
            return Err(StartError::NoModel);
        }
        for (n, model) in models.iter().enumerate() {
            if models[..n]
                .iter()
                .any(|other| other.collection == model.collection)
            {
                return Err(StartError::DuplicateCollection(
                    model.collection.to_string(),
                ));
            }
        }
        let store = match (self.store, self.database) {
            (Some(store), _) => store,
            (None, Some(path)) => {
                let options = Options {
                    retention: self.retention,
                    ..Options::default()
                };
                Arc::new(Sqlite::open_with(path, options)?)
            }
            (None, None) => return Err(StartError::NoDatabase),
        };
        let engine = Engine::start(self.schema, store, self.limits).await?;
        let origins = Arc::new(self.origins);
        let inner = Inner {
            socket_io: SocketIo::new(engine.clone(), socket_io_config(&origins)),
            engine,
            origins,
            bundle: self.bundle,
            web: self.web,
        };
        Ok(Vertebra {
            inner: Arc::new(inner),
        })
    }
}

impl Vertebra {
    /// Begins an application.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use vertebra::{Model, Vertebra};
    ///
    /// #[derive(Clone, Serialize, Deserialize, Model)]
    /// #[model(collection = "notes", realtime)]
    /// struct Note {
    ///     #[model(id)]
    ///     id: uuid::Uuid,
    ///     text: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("notes.sqlite");
    /// let vertebra = Vertebra::builder().model::<Note>().database(path).start().await?;
    /// let app: axum::Router = axum::Router::new().nest("/live", vertebra.router());
    /// # drop(app);
    /// # vertebra.close().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.inner.origins
    }

    /// Sends a message that is no row to every connected client.
    pub fn signal(&self, topic: impl Into<String>, payload: Value) -> Result<(), Error> {
        self.engine().signal(topic, payload)
    }

    /// Everything that is served, to be nested into an application or merged with it.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .merge(http::routes())
            .merge(self.inner.socket_io.router())
            .route("/realtime", get(websocket::upgrade))
            .route("/vertebra/{name}", get(bundled))
            .with_state(self.clone());
        match &self.inner.web {
            Some(directory) => router.fallback_service(ServeDir::new(directory)),
            None => router,
        }
    }

    /// Ends all connections, finishes the writes that were begun, and closes the database.
    pub async fn close(&self) -> Result<(), Error> {
        self.engine().stop();
        // Those who take nothing are left behind: the engine waits no longer for them either.
        let closed = tokio::time::timeout(Duration::from_secs(5), self.inner.socket_io.close());
        if closed.await.is_err() {
            tracing::warn!("some Socket.IO connections did not end in time");
        }
        self.engine().close().await
    }
}

/// Pages of foreign origins are turned away at the handshake, whatever the transport.
fn socket_io_config(origins: &Arc<Origins>) -> socket_io::Config {
    let origins = origins.clone();
    socket_io::Config {
        admit: Arc::new(move |parts| match origins.admit(&parts.headers) {
            true => Ok(Caller::default()),
            false => Err(Error::new(
                Code::Forbidden,
                "pages of this origin may not connect",
            )),
        }),
        ..socket_io::Config::default()
    }
}

/// `GET /vertebra/todo.js`
async fn bundled(
    State(vertebra): State<Vertebra>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let file = vertebra.inner.bundle.and_then(|bundle| bundle.get(&name));
    match file {
        Some((media_type, text)) => assets::file(&headers, media_type, text.as_bytes()),
        None => (StatusCode::NOT_FOUND, "there is no such file in the bundle").into_response(),
    }
}

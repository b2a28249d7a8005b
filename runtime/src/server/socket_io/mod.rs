//! Two faces over Socket.IO: the frame protocol in namespace `/`, plain create, read, update, patch and delete events
//! in a namespace for each collection; and the stock browser client to talk to them.
//!
//! Engine.IO (polling, upgrade, heartbeat) is engineioxide's; packets, namespaces, order and limits are here. A
//! WebSocket and each namespace on it share one ordered outbox, and every request is answered in its turn.
//!
//! Invariant: what a connection can make the server hold is bounded, and nothing that was accepted is silently dropped:
//! who cannot be told that something was refused is disconnected.

mod budget;
mod connection;
mod face;
mod outbox;
mod plain;
mod request;
mod script;
mod sync_face;
mod upgrade;

use self::face::Face;
use crate::protocol::{Code, Error};
use crate::sync::{Caller, Engine};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use engineioxide::config::EngineIoConfig;
use engineioxide::service::EngineIoService;
use std::sync::Arc;
use std::time::Duration;
use tower_service::Service;

/// Decides from a request's head who is asking, or that it may not be asked. It sees every request of every transport:
/// handshake, upgrade, poll and post. The place of the `Origin` check and of authentication by cookie or header.
pub type Admit = Arc<dyn Fn(&Parts) -> Result<Caller, Error> + Send + Sync>;

/// How the faces behave. The limits on messages and patience are the engine's.
#[derive(Clone)]
pub struct Config {
    /// Who may connect.
    pub admit: Admit,
    /// How often a client is asked for a sign of life.
    pub ping_interval: Duration,
    /// How long it may take to give one.
    pub ping_timeout: Duration,
    /// How long a new connection may take to join a namespace.
    pub join_timeout: Duration,
    /// Requests of one connection that are not answered yet, in bytes; each counts for at least
    /// [`Config::REQUEST_BYTES`].
    pub outstanding_bytes: usize,
}

impl Config {
    /// What the smallest request counts for in [`Config::outstanding_bytes`].
    pub const REQUEST_BYTES: usize = 4 << 10;
}

impl Default for Config {
    fn default() -> Config {
        Config {
            admit: Arc::new(|_| Ok(Caller::default())),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(30),
            join_timeout: Duration::from_secs(45),
            outstanding_bytes: 4 << 20,
        }
    }
}

/// The faces of one engine, ready to be mounted: `app.merge(socket_io.router())`.
#[derive(Clone)]
pub struct SocketIo {
    face: Arc<Face>,
    engine_io: EngineIoService<Face>,
}

impl SocketIo {
    /// The faces of an engine.
    pub fn new(engine: Engine, config: Config) -> SocketIo {
        let largest = engine.limits().message_bytes;
        let engine_io = EngineIoConfig::builder()
            // Whatever the router sends here is Engine.IO, also where an application nests it.
            .req_path("/")
            .ping_interval(config.ping_interval)
            .ping_timeout(config.ping_timeout)
            .max_payload(largest as u64)
            .ws_max_message_size(largest)
            .ws_max_frame_size(largest)
            .max_buffer_size(outbox::SLOTS)
            .build();
        let face = Arc::new(Face::new(engine, config));
        SocketIo {
            engine_io: EngineIoService::with_config(face.clone(), engine_io),
            face,
        }
    }

    /// The routes: `/socket.io/` for both faces, and the client scripts below it. They can be merged into any router,
    /// and nested.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        // The scripts have routes of their own: Engine.IO would answer every path below `/socket.io/`.
        let this = self.clone();
        let engine_io = any(move |request| this.clone().answer(request));
        script::routes(Router::new())
            .route("/socket.io", engine_io.clone())
            .route("/socket.io/", engine_io)
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.face.sockets().len()
    }

    /// Refuses new connections, closes all there are, and waits until the last is gone. One whose client takes nothing
    /// may last as long as [`crate::sync::Limits::stalled`]; who cannot wait drops the future.
    pub async fn close(&self) {
        self.face.close();
        self.idle().await;
    }

    /// Waits until there is no connection.
    pub async fn idle(&self) {
        self.face.idle().await;
    }

    async fn answer(self, request: Request) -> Response {
        if self.face.is_closing() {
            return refusal(&Error::new(
                Code::Unavailable,
                "the server is shutting down",
            ));
        }
        let (mut parts, body) = request.into_parts();
        match (self.face.config.admit)(&parts) {
            Ok(caller) => parts.extensions.insert(caller),
            Err(error) => return refusal(&error),
        };
        let origin = parts.headers.get(header::ORIGIN).cloned();
        let mut response = self.transport(parts, body).await;
        if let Some(origin) = origin {
            // Who was admitted may read the answer, also where the page is of another origin than the server.
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        response
    }

    async fn transport(mut self, parts: Parts, body: Body) -> Response {
        if upgrade::is_wanted(&parts) {
            return upgrade::answer(&self.face, &self.engine_io, parts);
        }
        let polled = (parts.method == Method::GET)
            .then(|| upgrade::session(&parts))
            .flatten()
            .and_then(|sid| self.face.socket(sid));
        let request = Request::from_parts(parts, body);
        // The service has no errors of its own: its type is `Infallible`.
        let Ok(response) = self.engine_io.call(request).await;
        if let Some(socket) = polled {
            socket.data.drained.notify_one();
        }
        response.map(Body::new)
    }
}

/// An error as a whole HTTP response.
fn refusal(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status());
    let json = serde_json::to_string(error).unwrap_or_default();
    (
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        [(header::CONTENT_TYPE, "application/json")],
        json,
    )
        .into_response()
}

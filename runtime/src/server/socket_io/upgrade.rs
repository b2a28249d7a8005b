//! The WebSocket transport: the upgrade, and the stream that Engine.IO is given.
//!
//! engineioxide can upgrade by itself, but its writer then waits for ever on a client that takes nothing and holds the
//! socket open meanwhile, and its reader takes whatever comes. So it is given a stream that ends when nothing could
//! be written for too long, and that reads only while the connection's requests have room.
//!
//! Invariant: when the stream goes, so does its session: none is left behind by an upgrade that failed half-way.

use super::face::{Face, Line};
use super::refusal;
use crate::protocol::Error;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engineioxide::service::EngineIoService;
use engineioxide::socket::Sid;
use engineioxide::{DisconnectReason, Socket, TransportType};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tower_service::Service;

/// Whether a request asks for the WebSocket transport.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    parameter(parts, "transport") == Some("websocket")
}

/// The session that a request belongs to.
pub(super) fn session(parts: &Parts) -> Option<Sid> {
    parameter(parts, "sid")?.parse().ok()
}

fn parameter<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let mut pairs = parts.uri.query()?.split('&');
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Answers the handshake, and hands the stream to Engine.IO when it is there.
pub(super) fn answer(
    face: &Arc<Face>,
    engine_io: &EngineIoService<Face>,
    mut parts: Parts,
) -> Response {
    let key = match handshake_key(&parts) {
        Ok(key) => key,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, refusal(&error).into_body()).into_response();
        }
    };
    let lease = Lease::default();
    if parameter(&parts, "sid").is_some() {
        let socket = session(&parts).and_then(|sid| face.socket(sid));
        match socket {
            Some(socket) if socket.transport_type() == TransportType::Polling => {
                lease.is_for(&socket);
            }
            _ => {
                let error = Error::malformed("there is no session of that id to upgrade");
                return (StatusCode::BAD_REQUEST, refusal(&error).into_body()).into_response();
            }
        }
    }
    parts.extensions.insert(lease.clone());
    let mut request = Request::from_parts(parts, ());
    let upgrade = hyper::upgrade::on(&mut request);
    let mut engine_io = engine_io.clone();
    let patience = face.engine.limits().stalled;
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let stream = Stream {
                    io: TokioIo::new(upgraded),
                    lease,
                    patience,
                    stalled: None,
                    is_dead: false,
                };
                if let Err(error) = engine_io.call((stream, request)).await {
                    tracing::debug!(%error, "a WebSocket was refused");
                }
            }
            Err(error) => tracing::debug!(%error, "an upgrade to WebSocket failed"),
        }
    });
    let head = [
        (header::CONNECTION, "Upgrade".to_string()),
        (header::UPGRADE, "websocket".to_string()),
        (
            header::SEC_WEBSOCKET_ACCEPT,
            derive_accept_key(key.as_bytes()),
        ),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, head, Body::empty()).into_response()
}

fn handshake_key(parts: &Parts) -> Result<String, Error> {
    let is_handshake = parts.method == Method::GET
        && has_token(&parts.headers, header::CONNECTION, "upgrade")
        && has_token(&parts.headers, header::UPGRADE, "websocket")
        && has_token(&parts.headers, header::SEC_WEBSOCKET_VERSION, "13")
        && parameter(parts, "EIO") == Some("4");
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY);
    match key.and_then(|key| key.to_str().ok()) {
        Some(key) if is_handshake => Ok(key.to_string()),
        _ => Err(Error::malformed(
            "this is no WebSocket handshake (version 13) for Engine.IO 4",
        )),
    }
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(token))
}

/// Which session a stream carries: known at once for an upgrade, and when Engine.IO has made it for a new one.
#[derive(Clone, Default)]
pub(super) struct Lease(Arc<OnceLock<Weak<Socket<Arc<Line>>>>>);

impl Lease {
    pub(super) fn is_for(&self, socket: &Arc<Socket<Arc<Line>>>) {
        // A lease is for one session.
        let _ = self.0.set(Arc::downgrade(socket));
    }

    fn socket(&self) -> Option<Arc<Socket<Arc<Line>>>> {
        self.0.get()?.upgrade()
    }

    fn end(&self) {
        if let Some(socket) = self.socket() {
            socket.close(DisconnectReason::TransportError);
        }
    }
}

/// The bytes of one client.
struct Stream {
    io: TokioIo<Upgraded>,
    lease: Lease,
    patience: Duration,
    /// Runs while nothing can be written.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Nothing was written for too long.
    is_dead: bool,
}

impl Stream {
    /// Passes on what became of a write, unless nothing was written for too long.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        if !std::mem::replace(&mut self.is_dead, true) {
            // Once: ending a session sends a last packet, which fails like those before it.
            self.lease.end();
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(socket) = self.lease.socket() {
            ready!(socket.data.poll_may_read(context));
        }
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        let flushed = self.watch(flushed, context);
        // Engine.IO flushes when it has taken everything out of its channel.
        if flushed.is_ready()
            && let Some(socket) = self.lease.socket()
        {
            socket.data.drained.notify_one();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(context);
        self.watch(shut, context)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.lease.end();
    }
}

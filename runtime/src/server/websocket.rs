//! The native face: one WebSocket, one session.
//!
//! Invariant: buffers are small and bounded; a connection that neither sends nor answers pings is cut off.

use super::builder::Vertebra;
use crate::protocol::SUBPROTOCOL;
use crate::sync::{self, Caller, Closed, Wire};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// `GET /realtime`
pub async fn upgrade(State(vertebra): State<Vertebra>, mut request: Request) -> Response {
    let key = match handshake_key(&vertebra, request.headers()) {
        Ok(key) => key,
        Err(refusal) => return refusal.into_response(),
    };
    let protocol = match subprotocol(request.headers()) {
        Ok(protocol) => protocol,
        Err(refusal) => return refusal.into_response(),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // An error means that the client went away during the handshake.
        if let Ok(upgraded) = upgrade.await {
            let limits = vertebra.engine().limits();
            let config = WebSocketConfig::default()
                .read_buffer_size(4 << 10)
                .write_buffer_size(0)
                .max_write_buffer_size(64 << 20)
                .max_message_size(Some(limits.message_bytes))
                .max_frame_size(Some(limits.message_bytes));
            let io = TokioIo::new(upgraded);
            let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            let wire = SocketWire::new(socket, limits.heartbeat);
            sync::serve(vertebra.engine().clone(), wire, Caller::default()).await;
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    let fixed = |text: &'static str| axum::http::HeaderValue::from_static(text);
    headers.insert(header::CONNECTION, fixed("Upgrade"));
    headers.insert(header::UPGRADE, fixed("websocket"));
    // A derived key is base64.
    if let Ok(key) = derive_accept_key(key.as_bytes()).parse() {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, fixed(protocol));
    }
    response
}

type Refusal = (StatusCode, &'static str);

fn handshake_key(vertebra: &Vertebra, headers: &HeaderMap) -> Result<String, Refusal> {
    let has = |name: header::HeaderName, wanted: &str| {
        headers.get_all(name).iter().any(|value| {
            let tokens = value.to_str().unwrap_or_default().split(',');
            tokens
                .into_iter()
                .any(|token| token.trim().eq_ignore_ascii_case(wanted))
        })
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err((StatusCode::UPGRADE_REQUIRED, "this is a WebSocket endpoint"));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Version must be 13"));
    }
    if !vertebra.origins().admit(headers) {
        return Err((
            StatusCode::FORBIDDEN,
            "pages of this origin may not connect",
        ));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .and_then(|key| key.to_str().ok());
    key.map(str::to_string)
        .ok_or((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"))
}

/// The subprotocol to confirm; a client that offers some must offer ours.
fn subprotocol(headers: &HeaderMap) -> Result<Option<&'static str>, Refusal> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut offers = offers
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .peekable();
    if offers.peek().is_none() {
        return Ok(None);
    }
    match offers.any(|offer| offer.trim() == SUBPROTOCOL) {
        true => Ok(Some(SUBPROTOCOL)),
        false => Err((
            StatusCode::BAD_REQUEST,
            "the subprotocol must be vertebra.1",
        )),
    }
}

/// A WebSocket as a session sees it; pings by itself.
struct SocketWire {
    socket: Socket,
    heartbeat: Duration,
    last_heard: Instant,
    next_ping: Instant,
}

impl SocketWire {
    fn new(socket: Socket, heartbeat: Duration) -> SocketWire {
        let now = Instant::now();
        SocketWire {
            socket,
            heartbeat,
            last_heard: now,
            next_ping: now + heartbeat,
        }
    }

    async fn close(&mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // The client may be gone already.
        let _ = self.socket.close(Some(frame)).await;
    }
}

impl Wire for SocketWire {
    async fn receive(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    self.last_heard = Instant::now();
                    match message? {
                        Ok(Message::Text(text)) => return Some(text.as_str().to_string()),
                        Ok(Message::Binary(_)) => {
                            self.close(CloseCode::Unsupported, "messages are text").await;
                            return None;
                        }
                        Ok(Message::Close(_)) => {
                            // Flushes the answer that was queued when the close was read.
                            let _ = self.socket.flush().await;
                            return None;
                        }
                        Ok(_) => {}
                        Err(Error::Capacity(_)) => {
                            self.close(CloseCode::Size, "the message is too large").await;
                            return None;
                        }
                        Err(_) => return None,
                    }
                }
                () = sleep_until(self.next_ping) => {
                    if self.last_heard.elapsed() > self.heartbeat * 5 / 2 {
                        return None;
                    }
                    self.next_ping = Instant::now() + self.heartbeat;
                    self.socket.send(Message::Ping(Default::default())).await.ok()?;
                }
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), Closed> {
        self.socket
            .send(Message::Text(text.into()))
            .await
            .map_err(|_| Closed)
    }
}

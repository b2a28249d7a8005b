//! The Socket.IO faces on real sockets, down to the packet. `tests/socket_io` has the same with the stock client.

#![allow(clippy::unwrap_used)]

mod client;
mod hostile;
mod plain;
mod store;
mod sync;

use self::store::Memory;
use axum::Router;
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::sync::Arc;
use vertebra::schema::{Field, Flag, Model, Schema, Type};
use vertebra::server::socket_io::{Config, SocketIo};
use vertebra::sync::{Engine, Limits};

const FLAGS: &[Flag] = &[Flag::Id];
const FIELDS: &[Field] = &[
    Field::new("key", "key", &Type::String, "", None, FLAGS, &[]),
    Field::new("title", "title", &Type::String, "", None, &[], &[]),
    Field::new("done", "done", &Type::Bool, "", Some("false"), &[], &[]),
];

/// A server with one collection, `todos`, whose ids are named `key`.
struct Served {
    address: SocketAddr,
    store: Arc<Memory>,
    socket_io: SocketIo,
    engine: Engine,
}

async fn serve() -> Served {
    serve_with(Limits::default(), Config::default()).await
}

async fn serve_with(limits: Limits, config: Config) -> Served {
    let schema = Schema {
        models: vec![Model::new("Todo", "todos", "", true, false, FIELDS)],
    };
    let store = Memory::new();
    let engine = Engine::start(schema, store.clone(), limits).await.unwrap();
    let socket_io = SocketIo::new(engine.clone(), config);
    let app: Router = Router::new()
        .nest("/nested", socket_io.router())
        .merge(socket_io.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    Served {
        address,
        store,
        socket_io,
        engine,
    }
}

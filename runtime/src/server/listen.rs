//! Serving on an address of its own, until it is told to stop.
//!
//! Invariant: on SIGTERM or Ctrl-C new connections are refused, sessions are told to come back, and the database is closed
//! before the program ends.

use super::builder::{StartError, Vertebra};
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long open requests may take once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A server that accepts connections as soon as it is run.
pub struct Listening {
    vertebra: Vertebra,
    listener: TcpListener,
    address: SocketAddr,
}

impl Vertebra {
    /// Takes an address, such as `127.0.0.1:4000`; port 0 takes a free one.
    pub async fn listen(&self, address: impl Into<String>) -> Result<Listening, StartError> {
        let address = address.into();
        let failed = |cause| StartError::Listen {
            address: address.clone(),
            cause,
        };
        let listener = TcpListener::bind(&address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Listening {
            vertebra: self.clone(),
            listener,
            address: local,
        })
    }

    /// Serves on an address until the program is told to stop.
    pub async fn serve(&self, address: impl Into<String>) -> Result<(), StartError> {
        let listening = self.listen(address).await?;
        tracing::info!(address = %listening.address(), "listening");
        listening.run().await
    }
}

impl Listening {
    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or Ctrl-C.
    pub async fn run(self) -> Result<(), StartError> {
        self.run_until(asked_to_stop()).await
    }

    /// Serves until a future resolves, then drains and closes.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), StartError> {
        let Listening {
            vertebra,
            listener,
            address,
        } = self;
        let engine = vertebra.engine().clone();
        let stopping = async move {
            stop.await;
            engine.stop();
        };
        let served = axum::serve(listener.tap_io(without_delay), vertebra.router())
            .with_graceful_shutdown(stopping);
        let engine = vertebra.engine().clone();
        tokio::select! {
            served = served.into_future() => served.map_err(|cause| StartError::Listen {
                address: address.to_string(),
                cause,
            })?,
            () = async { engine.stopped().await; tokio::time::sleep(DRAIN).await } => {
                tracing::warn!("some requests did not end in time");
            }
        }
        vertebra.close().await?;
        Ok(())
    }
}

/// A push right behind an answer would otherwise wait for the client's kernel to confirm the answer: up to 40 ms.
fn without_delay(stream: &mut TcpStream) {
    // A connection that cannot be told is slower, and right.
    let _ = stream.set_nodelay(true);
}

async fn asked_to_stop() {
    let interrupt = async {
        // Without a handler the default action ends the program, which is right too.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}

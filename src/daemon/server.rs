//! The HTTP server: bound first, then serving, then ended in order.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Connections at a time; more wait in the system's queue.
const MOST_CONNECTIONS: usize = 256;
/// How long the head of a request may take, and a connection may idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Most bytes of a request's head.
const LONGEST_HEAD: usize = 32 << 10;

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on port {port}: {source}; set APPLICATION__PORT (or --port) to a port that is free")]
pub struct BindError {
    port: u16,
    source: std::io::Error,
}

/// A port that is ours, before anything is answered on it.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the port on all interfaces; 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken, or may not be opened.
    pub async fn bind(port: u16) -> Result<Self, BindError> {
        let refused = |source| BindError { port, source };
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address that is listened on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to answer.
    #[must_use]
    pub fn serve(self, router: Router) -> Serving {
        let stop = CancellationToken::new();
        let task = tokio::spawn(accept(self.listener, router, stop.clone()));
        Serving { stop, task }
    }
}

/// A running server; dropping it closes all connections at once.
#[derive(Debug)]
pub struct Serving {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Serving {
    /// Accepts nothing more and lets requests in hand come to their end. The caller sets the deadline.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // The task only ends early if it panicked; then there is nothing left to stop.
        drop((&mut self.task).await);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = next(&listener, &room) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        if let Some((stream, permit)) = accepted {
            connections.spawn(connection(stream, router.clone(), stop.clone(), permit));
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is room for it.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            // Out of file descriptors, most likely: give the others a chance to end.
            tracing::warn!("a connection could not be accepted: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken, _room: OwnedSemaphorePermit) {
    // Answers are small; without this the last packet may wait for an acknowledgement.
    drop(stream.set_nodelay(true));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

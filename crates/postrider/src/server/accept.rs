//! Taking connections.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::Shared;
use super::connection;
use super::cut::Reset;
use super::peers::Peers;

/// First and longest wait after the system could give us no connection, as when file descriptors run out.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Where connections come from.
pub(super) trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Reset + Unpin + Send + 'static;

    /// The next connection, and the address of its client if it has one.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<IpAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        let (stream, address) = self.accept().await?;
        // Answers are written whole: waiting for more to send would only add latency. A client that is gone already
        // is found out by the first read.
        stream.set_nodelay(true).ok();
        Ok((stream, Some(address.ip())))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<IpAddr>)> {
        self.accept().await.map(|(stream, _)| (stream, None))
    }
}

/// Accepts for one listener.
pub(super) struct Acceptor {
    shared: Arc<Shared>,
    router: Router,
    places: Arc<Semaphore>,
    peers: Peers,
}

impl Acceptor {
    /// At most `connections` at once.
    pub(super) fn new(shared: Arc<Shared>, router: Router, connections: usize, peers: Peers) -> Self {
        Self {
            shared,
            router,
            places: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            peers,
        }
    }

    /// Accepts until the server stops. Dropping the listener then turns new clients away.
    pub(super) async fn run(self, listener: impl Listener) {
        tokio::select! {
            () = self.shared.stop.draining() => {}
            () = self.accept(listener) => {}
        }
    }

    async fn accept(&self, listener: impl Listener) {
        let mut backoff = BACKOFF.0;
        loop {
            let place =
                Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
            let (stream, address) = match listener.next().await {
                Ok(accepted) => accepted,
                Err(error) if is_clients_fault(&error) => continue,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "failed to accept a connection");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF.1);
                    continue;
                }
            };
            backoff = BACKOFF.0;
            let Some(peer) = self.peers.enter(address) else {
                metrics::counter!("postrider_http_connections_refused_total").increment(1);
                continue;
            };
            let serving = connection::serve(stream, address, self.router.clone(), Arc::clone(&self.shared));
            self.shared.tasks.spawn(async move {
                let open = metrics::gauge!("postrider_http_connections");
                open.increment(1.0);
                serving.await;
                open.decrement(1.0);
                drop((place, peer));
            });
        }
    }
}

/// The client went away between its handshake and our accept; the next one may be fine.
fn is_clients_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

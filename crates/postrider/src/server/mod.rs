//! The listener: HTTP/1.1 (and 1.0) for the API, and the same over a socket in the data directory for commands.
//!
//! In reading order: `accept` takes connections, and `peers` counts them by address; `connection` serves one, `activity`
//! knows what it is doing, `patience` ends it when its client is too slow, `stop` when the server stops, `cut` when a
//! handler says so, and `forwarded` knows whom it serves behind a proxy; `answer` hands a request to the router unless
//! `head` refuses it, `written` notes heads as they came for sources, and `muted` keeps the HTTP parser from answering by
//! itself. `names` is for a server of development alone.
//!
//! Invariants:
//! - A client that sends slowly, or does not read its answer, holds one connection for a bounded time and nothing else.
//! - At the ceiling of connections nothing more is accepted: further clients wait in the system's listen queue.
//! - What is refused before there is a request for a handler has a body in the form of the API's errors, too.
//! - A panic in a handler is a 500 for that request and touches no other.
//! - A stopping server answers what it has begun.
//!
//! Deliberately absent: TLS and HTTP/2, which belong to a proxy in front; limits on handlers and bodies, which belong
//! to the API.

mod accept;
mod peers;

mod activity;
mod connection;
mod cut;
mod forwarded;
mod muted;
mod patience;
mod stop;
mod written;

mod answer;
mod head;

mod names;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::task::TaskTracker;

pub use activity::Streaming;
pub use connection::Peer;
pub use cut::Cut;
pub use names::own_names_only;
pub use written::Written;

use accept::Acceptor;
use peers::Peers;
use stop::Stop;

use crate::config;

/// Connections of commands; they have places of their own, so that a flood of clients cannot shut the operator out.
const CONTROL_CONNECTIONS: usize = 32;

/// Everything that is being served.
pub struct Server {
    shared: Arc<Shared>,
}

/// What all connections of a server see.
struct Shared {
    rules: config::Server,
    tasks: TaskTracker,
    stop: Stop,
}

impl Server {
    /// A server that serves nothing yet.
    #[must_use]
    pub fn new(rules: config::Server) -> Self {
        Self { shared: Arc::new(Shared { rules, tasks: TaskTracker::new(), stop: Stop::default() }) }
    }

    /// Serves `router` to clients.
    pub fn serve(&self, listener: TcpListener, router: Router) {
        let peers = Peers::new(self.shared.rules.max_connections_per_ip);
        let acceptor =
            Acceptor::new(Arc::clone(&self.shared), router, self.shared.rules.max_connections, peers);
        self.shared.tasks.spawn(acceptor.run(listener));
    }

    /// Serves `router` to commands of the same user.
    pub fn serve_control(&self, listener: UnixListener, router: Router) {
        let acceptor = Acceptor::new(Arc::clone(&self.shared), router, CONTROL_CONNECTIONS, Peers::new(0));
        self.shared.tasks.spawn(acceptor.run(listener));
    }

    /// Accepts nothing more, lets requests under way finish for at most `grace`, then cuts what is left. Returns
    /// whether all of them finished.
    pub async fn drain(&self, grace: Duration) -> bool {
        let Shared { tasks, stop, .. } = &*self.shared;
        tasks.close();
        stop.drain();
        let finished = tokio::time::timeout(grace, tasks.wait()).await.is_ok();
        stop.cut();
        // Cut connections end at their next wake, which was just caused.
        tasks.wait().await;
        finished
    }
}

#[cfg(test)]
mod tests;

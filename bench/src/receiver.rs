//! The receiver: a customer's endpoint that answers at once, or misbehaves by rule, and keeps the books.
//!
//! One receiver has one set of [`Rules`] for its whole life; a scenario that needs two kinds of endpoint
//! starts two receivers. The books are kept by [`Round`], one per run.

mod bits;
mod connection;
mod round;
mod rules;

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

pub use self::{
    round::{Counts, Expectation, Round, TooMany},
    rules::Rules,
};
use crate::{
    marker::Epoch,
    target::{Loopback, Target},
};

/// Most connections held; further ones wait in the listen queue of the system.
const CONNECTIONS_LIMIT: usize = 8192;
/// Pause after a failed accept: without file descriptors the next one fails at once too.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// A running receiver; dropping it closes the socket and every connection.
pub struct Receiver {
    address: Loopback,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What every connection sees.
struct Shared {
    rules: Rules,
    epoch: Epoch,
    round: RwLock<Arc<Round>>,
}

impl Receiver {
    /// Listens and answers. Until the first [`Receiver::begin`] every delivery is a stray.
    pub async fn start(address: Loopback, rules: Rules, epoch: Epoch) -> io::Result<Self> {
        let listener = address.listen().await?;
        let address =
            Loopback::try_from(listener.local_addr()?).expect("a loopback listener stays on loopback");
        let shared = Arc::new(Shared { rules, epoch, round: RwLock::new(Arc::new(Round::none())) });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> Loopback {
        self.address
    }

    /// The URL of a path here.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        Target::new(self.address, path).to_string()
    }

    /// Opens the books of a new run and closes those of the last.
    pub fn begin(&self, expectation: Expectation) -> Result<Arc<Round>, TooMany> {
        let round = Arc::new(Round::new(expectation, self.shared.rules.fail_share)?);
        *self.shared.round.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&round);
        Ok(round)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn round(&self) -> Arc<Round> {
        Arc::clone(&self.round.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Owning the connections here closes them when the receiver is dropped.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_LIMIT => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection::serve(stream, Arc::clone(&shared)));
                    }
                    Err(_) => sleep(ACCEPT_AGAIN_AFTER).await,
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

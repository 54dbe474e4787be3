//! What is held open for a client: answers that are late on purpose, live views, and exports.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Bins;

/// Answers that are held back at once, in all and of one bin.
pub(super) const HELD: usize = 256;
pub(super) const HELD_EACH: usize = 16;
/// Live views at once.
pub(super) const VIEWERS: usize = 64;
/// Exports of whole bins at once. Each keeps what was in its bin in memory, beside what the bins may have.
pub(super) const EXPORTS: usize = 2;
/// How long a request is left without an answer whose step says that none comes.
pub(super) const NEVER: Duration = Duration::from_secs(120);

/// How the holding back of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The time has passed.
    Over,
    /// Too many are held back already.
    Crowded,
    /// The server stops.
    Closing,
}

impl Bins {
    /// Waits as long as an answer of the bin `name` is to be held back; `None` for one that never comes.
    pub async fn hold(&self, name: &str, delay: Option<Duration>) -> Hold {
        if delay == Some(Duration::ZERO) {
            return Hold::Over;
        }
        let of_bin = self.shelf().peek(name).map(|bin| Arc::clone(&bin.held));
        let Some(Ok(_of_bin)) = of_bin.map(Semaphore::try_acquire_owned) else { return Hold::Crowded };
        let Ok(_place) = self.0.held.try_acquire() else { return Hold::Crowded };
        tokio::select! {
            () = tokio::time::sleep(delay.unwrap_or(NEVER)) => Hold::Over,
            () = self.closing() => Hold::Closing,
        }
    }

    /// A place for a live view, which is given back on drop, and what tells it of each new request; `None` when all are
    /// taken.
    #[must_use]
    pub fn watch(&self) -> Option<(OwnedSemaphorePermit, watch::Receiver<u64>)> {
        let place = Arc::clone(&self.0.viewers).try_acquire_owned().ok()?;
        Some((place, self.0.newest.subscribe()))
    }

    /// A place for an export, to be kept as long as it is read; `None` when all are taken.
    #[must_use]
    pub fn export(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.exports).try_acquire_owned().ok()
    }
}

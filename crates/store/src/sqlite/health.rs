//! How the engine is doing, readable by everyone without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::{Error, Health};

const READY: u8 = 0;
const FULL: u8 = 1;
const BROKEN: u8 = 2;

/// The engine's health. Broken is for good.
#[derive(Default)]
pub(super) struct Status {
    state: AtomicU8,
    reason: OnceLock<String>,
}

impl Status {
    pub(super) fn health(&self) -> Health {
        match self.state.load(Ordering::Relaxed) {
            READY => Health::Ready,
            FULL => Health::Full,
            _ => Health::Broken,
        }
    }

    /// Notes whether there is room on the disk.
    pub(super) fn set_full(&self, full: bool) {
        let (from, to) = if full { (READY, FULL) } else { (FULL, READY) };
        if self.state.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            if full {
                tracing::warn!("the disk is full, or nearly so: nothing new is accepted");
            } else {
                tracing::info!("there is room on the disk again");
            }
        }
    }

    /// Notes that nothing can be promised any more.
    pub(super) fn set_broken(&self, reason: &str) {
        if self.reason.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the database is broken: nothing is acknowledged until a restart");
        }
        self.state.store(BROKEN, Ordering::SeqCst);
    }

    /// The error that every call gets once the engine is broken.
    pub(super) fn broken(&self) -> Option<Error> {
        (self.state.load(Ordering::SeqCst) == BROKEN)
            .then(|| Error::Broken(self.reason.get().cloned().unwrap_or_default()))
    }
}

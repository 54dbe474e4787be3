//! How the engine is doing, readable by everyone without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Health};

/// The engine's health. Broken is for good; full ends when the database can write again. A database that cannot be
/// reached is neither: calls fail while it is away, and succeed when it is back.
#[derive(Default)]
pub(super) struct Status {
    full: AtomicBool,
    broken: OnceLock<String>,
}

impl Status {
    pub(super) fn health(&self) -> Health {
        if self.broken.get().is_some() {
            Health::Broken
        } else if self.full.load(Ordering::Relaxed) {
            Health::Full
        } else {
            Health::Ready
        }
    }

    /// Notes whether the database has room.
    pub(super) fn set_full(&self, full: bool) {
        if self.full.swap(full, Ordering::Relaxed) != full {
            if full {
                tracing::warn!("the database's disk is full: nothing new is accepted");
            } else {
                tracing::info!("the database can write again");
            }
        }
    }

    /// Notes that nothing can be promised any more.
    pub(super) fn set_broken(&self, reason: &str) {
        if self.broken.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the store is broken: nothing is acknowledged until a restart");
        }
    }

    /// The error that every writing call gets once the engine is broken.
    pub(super) fn broken(&self) -> Option<Error> {
        self.broken.get().map(|reason| Error::Broken(reason.clone()))
    }
}

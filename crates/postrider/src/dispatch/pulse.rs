//! How dispatch is doing, for those who look at it from outside.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use postrider_core::time::Timestamp;

/// Stands for no time at all.
const NONE: i64 = i64::MIN;

/// Kept up to date by the dispatcher: each number by itself, so together they may be of slightly different moments.
#[derive(Debug)]
pub struct Pulse {
    went_around_at: AtomicI64,
    oldest_due: AtomicI64,
    unsettled: AtomicUsize,
    in_flight: AtomicUsize,
}

impl Pulse {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            went_around_at: AtomicI64::new(now.as_micros()),
            oldest_due: AtomicI64::new(NONE),
            unsettled: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn beat(&self, now: Timestamp) {
        self.went_around_at.store(now.as_micros(), Ordering::Relaxed);
    }

    pub(super) fn note(&self, oldest_due: Option<Timestamp>, unsettled: usize, in_flight: usize) {
        self.oldest_due.store(oldest_due.map_or(NONE, Timestamp::as_micros), Ordering::Relaxed);
        self.unsettled.store(unsettled, Ordering::Relaxed);
        self.in_flight.store(in_flight, Ordering::Relaxed);
    }

    /// When the dispatcher last went around. It does so at least once a second.
    #[must_use]
    pub fn went_around_at(&self) -> Timestamp {
        Timestamp::from_micros(self.went_around_at.load(Ordering::Relaxed))
    }

    /// When the delivery that waits longest was due, of those that may be sent; a second old at most.
    #[must_use]
    pub fn oldest_due(&self) -> Option<Timestamp> {
        let micros = self.oldest_due.load(Ordering::Relaxed);
        (micros != NONE).then(|| Timestamp::from_micros(micros))
    }

    /// Outcomes that wait to be recorded; a second old at most.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.unsettled.load(Ordering::Relaxed)
    }

    /// Attempts under way; a second old at most.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

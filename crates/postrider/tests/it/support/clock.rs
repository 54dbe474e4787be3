//! A clock that goes like the machine's, and can be put forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postrider_core::time::{Clock, SystemClock, Timestamp};

/// The system's clock plus what a test has added. It goes on between additions, as rate limits and deadlines need.
#[derive(Debug, Default)]
pub(crate) struct SkewClock {
    system: SystemClock,
    ahead_micros: AtomicI64,
}

impl SkewClock {
    /// One that is behind the machine's by this much.
    pub(crate) fn behind(by: Duration) -> Self {
        let behind = i64::try_from(by.as_micros()).unwrap();
        Self { system: SystemClock::default(), ahead_micros: AtomicI64::new(-behind) }
    }

    /// Puts the clock forward. Whoever looks at it does so within a second.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_micros.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for SkewClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_micros.load(Ordering::Relaxed);
        Timestamp::from_micros(self.system.now().as_micros() + ahead)
    }
}

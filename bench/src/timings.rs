//! Durations collected from many tasks, read as quantiles.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest duration told apart, in microseconds; longer ones count as this.
const CEILING_US: u64 = 3_600_000_000;

/// A histogram of durations with three significant digits, from one microsecond to one hour.
pub struct Timings(Mutex<Histogram<u64>>);

impl Timings {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Histogram::new_with_bounds(1, CEILING_US, 3).expect("constant bounds are in order")))
    }

    /// Adds one duration.
    pub fn record_ns(&self, nanos: u64) {
        self.histogram().saturating_record(nanos / 1000);
    }

    /// The usual quantiles; all zero if nothing was recorded.
    #[must_use]
    pub fn quantiles(&self) -> Quantiles {
        let histogram = self.histogram();
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Quantiles {
            count: histogram.len(),
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: histogram.max() as f64 / 1000.0,
        }
    }

    fn histogram(&self) -> MutexGuard<'_, Histogram<u64>> {
        // A histogram holds no invariant that a panic elsewhere could have broken halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Timings {
    fn default() -> Self {
        Self::new()
    }
}

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Quantiles {
    /// How many durations there were.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Longest.
    pub max_ms: f64,
}

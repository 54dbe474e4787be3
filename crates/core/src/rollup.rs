//! Rollups: what happened in a bucket of time, as numbers that are only ever added to.
//!
//! A chart must not read attempts, of which there are millions: it reads one row for each bucket. What is counted is a
//! [`Counter`], and a row of them is [`Counts`]. Two rows become one by adding them number by number, so buckets fold
//! into longer ones, event types into an endpoint, and nodes need not agree on anything.
//!
//! Latencies are a histogram of powers of two, because quantiles cannot be added and counts can. What is read back is
//! within a factor of two of the truth ([`Counts::latency`]).
//!
//! Deliberately absent: deliveries that were canceled. They end by a person's decision or by retention, many at once and
//! without an attempt, and no chart of health is wrong without them.

use std::time::Duration;

use crate::attempt::{Attempt, FailureClass};
use crate::time::Timestamp;

mod counter;
mod resolution;

pub use counter::{Counter, Counts};
pub use resolution::{Resolution, Width};

/// Buckets of the histogram.
pub const LATENCY_BUCKETS: usize = 16;

/// Which bucket of the histogram a latency falls into: the first ends at a millisecond, each next one at twice the one
/// before, and the last has no end.
#[must_use]
pub fn latency_bucket(latency: Duration) -> usize {
    let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    let bits = (u64::BITS - millis.leading_zeros()) as usize;
    bits.min(LATENCY_BUCKETS - 1)
}

/// Where a bucket of the histogram begins and ends. The last one is taken to end where no attempt lasts longer.
#[must_use]
pub fn latency_bounds(bucket: usize) -> (Duration, Duration) {
    let edge = |bits: usize| Duration::from_millis(1 << bits);
    let begin = if bucket == 0 { Duration::ZERO } else { edge(bucket - 1) };
    let end = if bucket + 1 >= LATENCY_BUCKETS { crate::limits::ATTEMPT_TIMEOUT_MAX } else { edge(bucket) };
    (begin, end)
}

/// How an attempt ended, as it is counted.
#[must_use]
pub fn outcome(attempt: &Attempt) -> Counter {
    if attempt.succeeded {
        return Counter::Succeeded;
    }
    match (attempt.failure.as_ref().map(|failure| failure.class), attempt.status_code) {
        (Some(class), _) => of_class(class),
        (None, 300..400) => Counter::Status3xx,
        (None, 400..500) => Counter::Status4xx,
        (None, 500..600) => Counter::Status5xx,
        (None, _) => Counter::StatusOther,
    }
}

const fn of_class(class: FailureClass) -> Counter {
    match class {
        FailureClass::Dns => Counter::Dns,
        FailureClass::Connect => Counter::Connect,
        FailureClass::Tls => Counter::Tls,
        FailureClass::Timeout => Counter::Timeout,
        FailureClass::Blocked => Counter::Blocked,
        FailureClass::TooLarge => Counter::TooLarge,
        FailureClass::Protocol => Counter::Protocol,
        FailureClass::Internal => Counter::Internal,
        FailureClass::Exec => Counter::Exec,
    }
}

/// The latency that counts: of attempts that were answered or waited until the deadline. How fast a name was not found
/// says nothing of the endpoint.
fn latency_of(attempt: &Attempt) -> Option<Duration> {
    let timed_out = attempt.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::Timeout);
    (attempt.status_code != 0 || timed_out).then_some(attempt.timings.total)
}

/// How an attempt ended its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It arrived.
    Delivered,
    /// The schedule ended without success.
    GivenUp,
    /// There will be another attempt.
    Not,
}

impl Counts {
    /// Counts an attempt, and how its delivery ended.
    pub fn count(&mut self, attempt: &Attempt, ended: Ended) {
        self.add(outcome(attempt), 1);
        if attempt.number > 1 {
            self.add(Counter::Retries, 1);
        }
        match ended {
            Ended::Delivered => self.add(Counter::Delivered, 1),
            Ended::GivenUp => self.add(Counter::GivenUp, 1),
            Ended::Not => {}
        }
        if let Some(latency) = latency_of(attempt) {
            self.add(Counter::LatencyMicros, u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
            self.add(Counter::of_latency(latency_bucket(latency)), 1);
        }
    }

    /// The histogram of latencies: how many attempts are in each bucket ([`latency_bounds`]).
    #[must_use]
    pub fn latencies(&self) -> [u64; LATENCY_BUCKETS] {
        std::array::from_fn(|bucket| self.get(Counter::of_latency(bucket)))
    }

    /// The latency below which this share (0 to 1) of the attempts stayed; `None` without any.
    ///
    /// The truth is in the same bucket of the histogram: off by less than a factor of two between 1 ms and 16 s, by less
    /// than a millisecond below that, and by less than a factor of four above.
    #[must_use]
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let counts = self.latencies();
        let all: u64 = counts.iter().sum();
        if all == 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * all as f64;
        let mut below = 0.0;
        for (bucket, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let count = count as f64;
            if below + count >= rank {
                let (begin, end) = latency_bounds(bucket);
                return Some(
                    begin + end.saturating_sub(begin).mul_f64(((rank - below) / count).clamp(0.0, 1.0)),
                );
            }
            below += count;
        }
        // Rounding has left the rank behind the last bucket.
        let last = counts.iter().rposition(|count| *count > 0)?;
        Some(latency_bounds(last).1)
    }

    /// The mean latency; `None` without any.
    #[must_use]
    pub fn mean_latency(&self) -> Option<Duration> {
        let timed: u64 = self.latencies().iter().sum();
        let micros = self.get(Counter::LatencyMicros);
        micros.checked_div(timed).map(Duration::from_micros)
    }
}

/// The start of the bucket of `width` that `time` is in.
#[must_use]
pub const fn bucket_of(time: Timestamp, width: Width) -> Timestamp {
    let width = width.micros();
    Timestamp::from_micros(time.as_micros().div_euclid(width) * width)
}

#[cfg(test)]
mod tests;

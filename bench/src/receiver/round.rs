//! The books of one run: which deliveries arrived, how often, how late.
//!
//! A delivery is a message number and a lane (the endpoint). Each has one bit, so the first arrival is told
//! from repetitions exactly and without a lock.

use std::{
    sync::atomic::{
        AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::{sync::Notify, time::timeout};

use super::bits::Bits;
use crate::{
    marker::Mark,
    timings::{Quantiles, Timings},
};

/// Most deliveries of one run: a quarter of a gigabyte of bits.
const DELIVERIES_LIMIT: u64 = 1 << 31;
/// The goal while it is not known yet.
const UNKNOWN: u64 = u64::MAX;

/// What a run will send.
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// The run in the marks; `None` takes the marks of any run, without timing them.
    pub run: Option<u64>,
    /// Message numbers are below this.
    pub messages: u64,
    /// Lanes are below this.
    pub lanes: u32,
}

/// The run is larger than the books can be.
#[derive(Debug, thiserror::Error)]
#[error("{messages} messages to {lanes} endpoints exceed {DELIVERIES_LIMIT} deliveries, the most of one run")]
pub struct TooMany {
    messages: u64,
    lanes: u32,
}

/// The books of one run.
pub struct Round {
    expectation: Expectation,
    fail_share: f64,
    arrived: Bits,
    refused: Bits,
    latency: Timings,
    unique: AtomicU64,
    repeated: AtomicU64,
    failed: AtomicU64,
    strays: AtomicU64,
    forged: AtomicU64,
    last_ns: AtomicU64,
    goal: AtomicU64,
    goal_reached: Notify,
}

/// What happened, as numbers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counts {
    /// Deliveries that arrived, each counted once.
    pub unique: u64,
    /// Arrivals of a delivery that had been answered with 200 before.
    pub repeated: u64,
    /// First attempts answered with 500 on purpose.
    pub failed: u64,
    /// Requests that are no delivery of this run.
    pub strays: u64,
    /// Requests with no valid signature.
    pub forged: u64,
}

pub(super) enum Verdict {
    Taken,
    Failed,
}

impl Round {
    pub(super) fn none() -> Self {
        let nothing = Expectation { run: None, messages: 0, lanes: 0 };
        Self::new(nothing, 0.0).expect("no deliveries are not too many")
    }

    pub(super) fn new(expectation: Expectation, fail_share: f64) -> Result<Self, TooMany> {
        let Expectation { messages, lanes, .. } = expectation;
        let deliveries = messages
            .checked_mul(u64::from(lanes))
            .filter(|deliveries| *deliveries <= DELIVERIES_LIMIT)
            .ok_or(TooMany { messages, lanes })?;
        Ok(Self {
            expectation,
            fail_share,
            arrived: Bits::new(deliveries),
            refused: Bits::new(if fail_share > 0.0 { deliveries } else { 0 }),
            latency: Timings::new(),
            unique: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            strays: AtomicU64::new(0),
            forged: AtomicU64::new(0),
            last_ns: AtomicU64::new(0),
            goal: AtomicU64::new(UNKNOWN),
            goal_reached: Notify::new(),
        })
    }

    pub(super) fn forged(&self) {
        self.forged.fetch_add(1, Relaxed);
    }

    pub(super) fn arrived(&self, mark: Option<Mark>, lane: u32, now_ns: u64) -> Verdict {
        let Some((mark, bit)) = mark.and_then(|mark| Some((mark, self.bit(mark, lane)?))) else {
            self.strays.fetch_add(1, Relaxed);
            return Verdict::Taken;
        };
        if self.fail_share > 0.0 && chosen(bit, self.fail_share) && self.refused.set(bit) {
            self.failed.fetch_add(1, Relaxed);
            return Verdict::Failed;
        }
        if self.arrived.set(bit) {
            if self.expectation.run.is_some() {
                self.latency.record_ns(now_ns.saturating_sub(mark.sent_ns));
            }
            self.last_ns.fetch_max(now_ns, Relaxed);
            // In one order with `settled`: either it sees this arrival, or this arrival sees the goal.
            if self.unique.fetch_add(1, SeqCst) + 1 >= self.goal.load(SeqCst) {
                self.goal_reached.notify_one();
            }
        } else {
            self.repeated.fetch_add(1, Relaxed);
        }
        Verdict::Taken
    }

    fn bit(&self, mark: Mark, lane: u32) -> Option<u64> {
        let Expectation { run, messages, lanes } = self.expectation;
        let ours = run.is_none_or(|run| run == mark.run) && mark.number < messages && lane < lanes;
        ours.then(|| mark.number * u64::from(lanes) + u64::from(lane))
    }

    /// Waits until `deliveries` have arrived, or none has for as long as `patience`.
    pub async fn settled(&self, deliveries: u64, patience: Duration) {
        self.goal.store(deliveries, SeqCst);
        let mut before = self.unique.load(SeqCst);
        while before < deliveries {
            let reached = timeout(patience, self.goal_reached.notified()).await.is_ok();
            let now = self.unique.load(Relaxed);
            if !reached && now == before {
                return;
            }
            before = now;
        }
    }

    /// The numbers so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            unique: self.unique.load(Relaxed),
            repeated: self.repeated.load(Relaxed),
            failed: self.failed.load(Relaxed),
            strays: self.strays.load(Relaxed),
            forged: self.forged.load(Relaxed),
        }
    }

    /// From the mark to the whole delivery read, of first arrivals.
    #[must_use]
    pub fn latency(&self) -> Quantiles {
        self.latency.quantiles()
    }

    /// When the last first arrival was, in nanoseconds of the receiver's epoch; 0 if there was none.
    #[must_use]
    pub fn last_ns(&self) -> u64 {
        self.last_ns.load(Relaxed)
    }
}

/// Whether a delivery is of the share that fails: the same ones in every run.
fn chosen(bit: u64, share: f64) -> bool {
    // Fibonacci hashing spreads neighbours; the upper bits are the mixed ones.
    let spread = bit.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    (spread as f64) < share * f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(messages: u64, lanes: u32, fail_share: f64) -> Round {
        Round::new(Expectation { run: Some(1), messages, lanes }, fail_share).unwrap()
    }

    fn mark(run: u64, number: u64) -> Mark {
        Mark { run, number, sent_ns: 0 }
    }

    #[test]
    fn each_delivery_counts_once() {
        let round = round(2, 3, 0.0);
        let arrivals = [(mark(1, 0), 0), (mark(1, 0), 2), (mark(1, 1), 0), (mark(1, 0), 0)];
        let strays = [(mark(2, 0), 0), (mark(1, 2), 0), (mark(1, 0), 3)];
        round.arrived(None, 0, 5);
        for (mark, lane) in arrivals.into_iter().chain(strays) {
            round.arrived(Some(mark), lane, 5);
        }
        let counts = round.counts();
        assert_eq!((counts.unique, counts.repeated, counts.strays), (3, 1, 4));
        assert_eq!(round.latency().count, 3);
    }

    #[test]
    fn a_share_fails_once_and_is_taken_then() {
        let round = round(10_000, 1, 0.25);
        for number in (0..10_000).chain(0..10_000) {
            round.arrived(Some(mark(1, number)), 0, 5);
        }
        let counts = round.counts();
        assert!((2_300..2_700).contains(&counts.failed), "{counts:?}");
        assert_eq!(counts.unique, 10_000);
        assert_eq!(counts.unique + counts.repeated + counts.failed, 20_000);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_last_and_gives_up_without_progress() {
        let round = round(2, 1, 0.0);
        round.arrived(Some(mark(1, 0)), 0, 5);
        round.settled(2, Duration::from_secs(20)).await;
        assert_eq!(round.counts().unique, 1, "gave up");
        let ((), _) = tokio::join!(round.settled(2, Duration::from_secs(20)), async {
            tokio::task::yield_now().await;
            round.arrived(Some(mark(1, 1)), 0, 5)
        });
        assert_eq!(round.counts().unique, 2);
    }

    #[test]
    fn too_large_a_run_is_refused() {
        let expectation = Expectation { run: None, messages: u64::MAX, lanes: 2 };
        assert!(Round::new(expectation, 0.0).is_err());
    }
}

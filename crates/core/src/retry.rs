//! When the next attempt happens, and when there is none.
//!
//! A pure decision over a [`Schedule`] and what the endpoint answered. Which attempts count, and what a success by
//! hand means for the waiting ones, is for the caller to know.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::rng::Rng;
use crate::time::Timestamp;

/// Attempts that one schedule can hold.
pub const ATTEMPTS_MAX: usize = 50;
/// The longest wait before an attempt.
pub const WAIT_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The shortest wait of a delivery that repeats its last wait for ever, so that a schedule which ends in zero does
/// not become a busy loop against the receiver.
const REPEAT_MIN: Duration = Duration::from_secs(1);

/// Waits before each attempt, the first one included, in whole seconds. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Schedule(Vec<Duration>);

/// Waits that are not a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// None, or too many.
    #[error("a retry schedule has 1 to {ATTEMPTS_MAX} entries")]
    Length,
    /// One is longer than [`WAIT_MAX`].
    #[error("a retry schedule's entries are at most {} seconds", WAIT_MAX.as_secs())]
    TooLong,
    /// One is not a whole number of seconds.
    #[error("a retry schedule's entries are whole seconds")]
    Fraction,
}

impl Schedule {
    /// A schedule with one attempt for each of `waits`.
    pub fn new(waits: Vec<Duration>) -> Result<Self, InvalidSchedule> {
        if !(1..=ATTEMPTS_MAX).contains(&waits.len()) {
            return Err(InvalidSchedule::Length);
        }
        if waits.iter().any(|wait| *wait > WAIT_MAX) {
            return Err(InvalidSchedule::TooLong);
        }
        if waits.iter().any(|wait| wait.subsec_nanos() != 0) {
            return Err(InvalidSchedule::Fraction);
        }
        Ok(Self(waits))
    }

    /// The wait before each attempt.
    #[must_use]
    pub fn waits(&self) -> &[Duration] {
        &self.0
    }

    /// The wait after `counted` attempts, or `None` when there are no more.
    fn wait_after(&self, counted: u32, ordered: bool) -> Option<Duration> {
        let planned = self.0.get(counted as usize).copied();
        planned.or_else(|| ordered.then(|| self.0.last().copied().unwrap_or_default().max(REPEAT_MIN)))
    }
}

impl Default for Schedule {
    /// Eight attempts over some 28 hours: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h.
    fn default() -> Self {
        Self([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map(Duration::from_secs).into())
    }
}

impl TryFrom<Vec<u64>> for Schedule {
    type Error = InvalidSchedule;

    fn try_from(seconds: Vec<u64>) -> Result<Self, InvalidSchedule> {
        Self::new(seconds.into_iter().map(Duration::from_secs).collect())
    }
}

impl From<Schedule> for Vec<u64> {
    fn from(schedule: Schedule) -> Self {
        schedule.0.iter().map(Duration::as_secs).collect()
    }
}

/// An attempt that has just ended, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The HTTP status; 0 where no answer came, for whatever reason.
    pub status_code: u16,
    /// What the answer's `Retry-After` asks for: see [`retry_after`](crate::retry_after).
    pub retry_after: Option<Duration>,
    /// Attempts that the schedule counts, this one included if it does.
    pub counted: u32,
    /// Whether other deliveries wait for this one: it is then retried until it succeeds or a person skips it.
    pub ordered: bool,
}

/// What happens to the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived: the status was 2xx.
    Succeeded,
    /// It waits for the next attempt.
    Retry {
        /// When that is due.
        at: Timestamp,
    },
    /// The schedule has ended.
    Failed,
    /// The endpoint answered 410 and is to be disabled.
    Gone {
        /// When the delivery is due if the endpoint is enabled again; `None` when the schedule has ended, so that
        /// the delivery failed as well.
        retry: Option<Timestamp>,
    },
}

/// Decides what follows an attempt that ended at `now`.
///
/// The next one is due after the schedule's wait give or take a tenth, so that deliveries that failed together do not
/// come back together, and never before the `Retry-After`, of which at most [`limits::RETRY_AFTER_MAX`] counts.
pub fn verdict(schedule: &Schedule, ended: &Ended, now: Timestamp, rng: &dyn Rng) -> Verdict {
    if (200..300).contains(&ended.status_code) {
        return Verdict::Succeeded;
    }
    let asked = ended.retry_after.unwrap_or_default().min(limits::RETRY_AFTER_MAX);
    let next = schedule
        .wait_after(ended.counted, ended.ordered)
        .map(|wait| now.after(jittered(wait, rng).max(asked)));
    match (ended.status_code, next) {
        (410, retry) => Verdict::Gone { retry },
        (_, Some(at)) => Verdict::Retry { at },
        (_, None) => Verdict::Failed,
    }
}

/// `wait` give or take up to a tenth, uniformly, to the microsecond.
fn jittered(wait: Duration, rng: &dyn Rng) -> Duration {
    let tenth = wait / 10;
    let spread = 2 * tenth.as_micros() as u64;
    wait.saturating_sub(tenth) + Duration::from_micros(rng.below(spread + 1))
}

#[cfg(test)]
mod tests;

//! How fast one application may publish, where the operator has set a rate.
//!
//! A token bucket for each application, in the form that keeps one time instead of a count (the generic cell rate
//! algorithm, ITU-T I.371). It has a second's worth: after a pause that many messages may come at once.
//!
//! Buckets are in memory alone and bounded in number. One that was forgotten, as by a restart, is a full one.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postrider_core::id::AppId;
use postrider_core::time::Timestamp;
use quick_cache::sync::Cache;

/// Applications whose buckets are kept; those that have not published for the longest time go first.
const BUCKETS: usize = 50_000;
const SECOND: i64 = 1_000_000_000;

/// The rate of every application.
pub struct Rates(Option<Buckets>);

struct Buckets {
    /// Nanoseconds that one message takes.
    interval: i64,
    // When each bucket will be full again, in nanoseconds since 1970.
    full_at: Cache<AppId, Arc<AtomicI64>>,
}

impl Rates {
    /// `per_second` messages for each application; `None` for any number.
    #[must_use]
    pub fn new(per_second: Option<NonZeroU32>) -> Self {
        Self(
            per_second.map(|rate| Buckets {
                interval: SECOND / i64::from(rate.get()),
                full_at: Cache::new(BUCKETS),
            }),
        )
    }

    /// Takes a message's token out of the bucket of `app`. When it is empty, the error is the time after which there is
    /// one.
    pub fn take(&self, app: AppId, now: impl FnOnce() -> Timestamp) -> Result<(), Duration> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let make = || Ok::<_, Infallible>(Arc::default());
        let Ok(full_at) = buckets.full_at.get_or_insert_with(&app, make);
        take(&full_at, now().as_micros() * 1_000, buckets.interval)
    }
}

fn take(full_at: &AtomicI64, now: i64, interval: i64) -> Result<(), Duration> {
    // More than a second ahead it can only be because the clock was set back.
    full_at.fetch_min(now + SECOND, Ordering::Relaxed);
    let mut wait = 0;
    let taken = full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
        let next = full_at.max(now) + interval;
        wait = next - now - SECOND;
        (wait <= 0).then_some(next)
    });
    taken.map(drop).map_err(|_| Duration::from_nanos(wait as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: AppId = AppId::from_bytes([1; 20]);
    const OTHER: AppId = AppId::from_bytes([2; 20]);
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn rates(per_second: u32) -> Rates {
        Rates::new(NonZeroU32::new(per_second))
    }

    /// How many of `asked` messages are let through at `now`.
    fn passed(rates: &Rates, app: AppId, now: Timestamp, asked: usize) -> usize {
        (0..asked).filter(|_| rates.take(app, || now).is_ok()).count()
    }

    #[test]
    fn a_second_has_its_number_and_the_next_one_again() {
        for per_second in [1, 7, 100] {
            let rates = rates(per_second);
            for second in 0..3 {
                let now = NOW.after(Duration::from_secs(second));
                assert_eq!(passed(&rates, OWN, now, 200), per_second as usize, "second {second}");
            }
        }
    }

    #[test]
    fn what_is_left_after_a_pause_is_no_more_than_a_seconds_worth() {
        let rates = rates(10);
        assert_eq!(passed(&rates, OWN, NOW, 3), 3);
        assert_eq!(passed(&rates, OWN, NOW.after(Duration::from_secs(3_600)), 50), 10);
    }

    #[test]
    fn the_wait_that_is_told_is_long_enough_and_not_longer() {
        let rates = rates(4);
        assert_eq!(passed(&rates, OWN, NOW, 4), 4);
        assert_eq!(rates.take(OWN, || NOW).unwrap_err(), Duration::from_millis(250));
        assert!(rates.take(OWN, || NOW.after(Duration::from_millis(249))).is_err());
        assert!(rates.take(OWN, || NOW.after(Duration::from_millis(250))).is_ok());
    }

    #[test]
    fn applications_do_not_share_and_no_rate_is_no_limit() {
        let rates = rates(1);
        assert_eq!(passed(&rates, OWN, NOW, 2), 1);
        assert_eq!(passed(&rates, OTHER, NOW, 2), 1);
        assert_eq!(passed(&Rates::new(None), OWN, NOW, 10_000), 10_000);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_lock_anybody_out() {
        let rates = rates(1);
        assert_eq!(passed(&rates, OWN, NOW, 2), 1);
        let earlier = NOW.before(Duration::from_secs(86_400));
        assert_eq!(rates.take(OWN, || earlier).unwrap_err(), Duration::from_secs(1));
        assert!(rates.take(OWN, || earlier.after(Duration::from_secs(1))).is_ok());
    }
}

//! A token bucket, in the form that keeps one time instead of a count (the generic cell rate algorithm, ITU-T I.371).

use postrider_core::time::Timestamp;

const NANOS: i64 = 1_000_000_000;

/// Lets `rate` deliveries a second through, and after a pause up to a tenth of a second's worth at once: enough to
/// make up for a timer that fires a few milliseconds late, too little to be felt as a burst.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    rate: u32,
    interval: i64,
    tolerance: i64,
    // When the bucket will be full again, in nanoseconds since 1970.
    full_at: i64,
}

impl Bucket {
    /// A full bucket for `rate` a second; 0 counts as 1.
    pub(super) fn new(rate: u32) -> Self {
        let rate = rate.max(1);
        let interval = NANOS / i64::from(rate);
        let burst = i64::from(rate / 10).max(1);
        Self { rate, interval, tolerance: interval * (burst - 1), full_at: 0 }
    }

    /// Deliveries a second.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Whether nothing of it is used at `now`: a new one would be the same.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= now.as_micros() * 1_000
    }

    /// From when on the next delivery may go.
    pub(super) fn ready_at(&self) -> Timestamp {
        // Rounded up: at the microsecond that is named, the token is there.
        Timestamp::from_micros(((self.full_at - self.tolerance).max(0) as u64).div_ceil(1_000) as i64)
    }

    /// Takes a token at `now`, which must not be before [`Bucket::ready_at`].
    pub(super) fn take(&mut self, now: Timestamp) {
        debug_assert!(now >= self.ready_at());
        self.full_at = self.full_at.max(now.as_micros() * 1_000) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deliveries let through in `seconds` by someone who looks every `step` microseconds.
    fn count(rate: u32, seconds: i64, step: usize) -> i64 {
        let start = 1_800_000_000_000_000;
        let mut bucket = Bucket::new(rate);
        let mut sent = 0;
        for now in (start..start + seconds * 1_000_000).step_by(step) {
            let now = Timestamp::from_micros(now);
            while bucket.ready_at() <= now {
                bucket.take(now);
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn the_rate_is_kept_within_two_percent_even_by_a_coarse_timer() {
        for rate in [5, 100, 2_000] {
            for step in [100, 1_000, 5_000] {
                let (sent, wanted) = (count(rate, 30, step), i64::from(rate) * 30);
                assert!(
                    (sent - wanted).abs() * 50 <= wanted,
                    "rate {rate}, step {step} us: {sent} of {wanted}"
                );
            }
        }
    }

    #[test]
    fn no_second_has_more_than_the_rate_and_the_burst() {
        let mut bucket = Bucket::new(100);
        let now = Timestamp::from_seconds(1_800_000_000);
        let mut at_once = 0;
        while bucket.ready_at() <= now {
            bucket.take(now);
            at_once += 1;
        }
        assert_eq!(at_once, 10);
    }
}

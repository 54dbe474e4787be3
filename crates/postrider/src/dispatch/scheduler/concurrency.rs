//! How many deliveries of one lane may be on their way at once: additive increase, multiplicative decrease.

use postrider_core::time::Timestamp;

/// Where a lane that nothing is known of begins.
const FIRST: f64 = 8.0;

/// A limit that grows while an endpoint keeps up and halves when it does not.
#[derive(Debug, Clone)]
pub(super) struct Concurrency {
    limit: f64,
    max: f64,
    // Doubles in each round until the first sign of trouble, then grows by one a round.
    finding_out: bool,
    // Attempts that began before the last decrease saw the old limit: they must not decrease it again.
    decreased_at: Timestamp,
}

impl Concurrency {
    /// A limit that never passes `max`.
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1) as f64;
        Self { limit: FIRST.min(max), max, finding_out: true, decreased_at: Timestamp::from_micros(i64::MIN) }
    }

    /// The limit now, at least 1.
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// A delivery arrived while `in_flight` (itself included) were on their way.
    pub(super) fn succeeded(&mut self, in_flight: usize) {
        // A limit that is not used proves nothing.
        if in_flight < self.limit() {
            return;
        }
        let step = if self.finding_out { 1.0 } else { 1.0 / self.limit };
        self.limit = (self.limit + step).min(self.max);
    }

    /// A delivery that began at `started` met an endpoint that is overloaded or gone.
    pub(super) fn overloaded(&mut self, started: Timestamp, now: Timestamp) {
        if started > self.decreased_at {
            self.limit = (self.limit / 2.0).max(1.0);
            self.finding_out = false;
            self.decreased_at = now;
        }
    }

    /// Begins again with one at a time, after a pause.
    pub(super) fn ramp_up(&mut self) {
        self.limit = 1.0;
        self.finding_out = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn it_doubles_each_round_until_trouble_then_adds_one_a_round() {
        let mut concurrency = Concurrency::new(64);
        assert_eq!(concurrency.limit(), 8);
        for _ in 0..8 {
            concurrency.succeeded(concurrency.limit());
        }
        assert_eq!(concurrency.limit(), 16);
        concurrency.overloaded(NOW, NOW);
        assert_eq!(concurrency.limit(), 8);
        for _ in 0..9 {
            concurrency.succeeded(concurrency.limit());
        }
        assert_eq!(concurrency.limit(), 9);
    }

    #[test]
    fn one_bad_moment_halves_once() {
        let mut concurrency = Concurrency::new(64);
        let later = Timestamp::from_seconds(1_800_000_001);
        concurrency.overloaded(NOW, later);
        concurrency.overloaded(NOW, later);
        assert_eq!(concurrency.limit(), 4);
    }

    #[test]
    fn it_stays_between_one_and_its_maximum_and_needs_use_to_grow() {
        let mut concurrency = Concurrency::new(10);
        for step in 0..100 {
            concurrency.succeeded(concurrency.limit());
            assert!(concurrency.limit() <= 10, "step {step}");
        }
        for seconds in 1..100 {
            let now = Timestamp::from_seconds(1_800_000_000 + seconds);
            concurrency.overloaded(now, now);
        }
        assert_eq!(concurrency.limit(), 1);
        concurrency.succeeded(0);
        assert_eq!(concurrency.limit(), 1);
    }
}

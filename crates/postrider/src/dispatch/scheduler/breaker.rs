//! The circuit breaker of one lane.

use std::time::Duration;

use postrider_core::time::Timestamp;

/// The first pause; each failed probe doubles it.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Pauses a lane after repeated failures, tries one delivery when the pause is over, and lets go on when that arrives.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    threshold: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Deliveries go. Counts failures since the last success.
    Closed { failures: u32 },
    /// Nothing goes until the time; then one delivery does.
    Open { until: Timestamp, pause: Duration },
    /// One delivery is on its way; everything depends on it.
    Probing { pause: Duration },
}

/// What the breaker says to the next delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permit {
    /// Go.
    Go,
    /// Go alone: this one is the probe.
    Probe,
    /// Not before this time.
    NotBefore(Timestamp),
    /// Not while the probe is on its way.
    Wait,
}

impl Breaker {
    /// A closed breaker that opens after `threshold` failures in a row.
    pub(super) fn new(threshold: u32) -> Self {
        Self { threshold: threshold.max(1), state: State::Closed { failures: 0 } }
    }

    /// What the next delivery may do at `now`.
    pub(super) fn permit(&self, now: Timestamp) -> Permit {
        match self.state {
            State::Closed { .. } => Permit::Go,
            State::Open { until, .. } if now >= until => Permit::Probe,
            State::Open { until, .. } => Permit::NotBefore(until),
            State::Probing { .. } => Permit::Wait,
        }
    }

    /// Whether deliveries go freely.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// A delivery starts. The first one after a pause is the probe.
    pub(super) fn started(&mut self, now: Timestamp) {
        if let State::Open { until, pause } = self.state
            && now >= until
        {
            self.state = State::Probing { pause };
        }
    }

    /// A delivery failed.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < self.threshold => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } => State::Open { until: now.after(PAUSE), pause: PAUSE },
            State::Probing { pause } => {
                let pause = (pause * 2).min(PAUSE_MAX);
                State::Open { until: now.after(pause), pause }
            }
            // One that was on its way before the breaker opened says nothing new.
            open @ State::Open { .. } => open,
        };
    }

    /// A delivery arrived. `true` when that ends a pause: the lane should ramp up from one at a time.
    pub(super) fn succeeded(&mut self) -> bool {
        let was_closed = self.is_closed();
        self.state = State::Closed { failures: 0 };
        !was_closed
    }

    /// A delivery ended without telling anything of the endpoint: if it was the probe, another one is needed.
    pub(super) fn learned_nothing(&mut self, now: Timestamp) {
        if let State::Probing { pause } = self.state {
            self.state = State::Open { until: now.after(PAUSE), pause };
        }
    }

    /// Ends a pause early: a person asked, or the endpoint was changed.
    pub(super) fn end_pause(&mut self, now: Timestamp) {
        if let State::Open { pause, .. } = self.state {
            self.state = State::Open { until: now, pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(3);
        for _ in 0..3 {
            assert_eq!(breaker.permit(START), Permit::Go);
            breaker.failed(START);
        }
        breaker
    }

    #[test]
    fn it_opens_after_the_threshold_and_probes_after_the_pause() {
        let mut breaker = opened();
        let end = START.after(PAUSE);
        assert_eq!(breaker.permit(START), Permit::NotBefore(end));
        assert_eq!(breaker.permit(end), Permit::Probe);
        breaker.started(end);
        assert_eq!(breaker.permit(end), Permit::Wait);
        assert!(breaker.succeeded(), "the pause is over");
        assert_eq!(breaker.permit(end), Permit::Go);
        assert!(!breaker.succeeded());
    }

    #[test]
    fn failed_probes_double_the_pause_up_to_its_end() {
        let (mut breaker, mut now) = (opened(), START);
        for expected in [5, 10, 20, 40, 80, 160, 300, 300] {
            let Permit::NotBefore(until) = breaker.permit(now) else { panic!("open") };
            assert_eq!(until.since(now), Duration::from_secs(expected));
            now = until;
            breaker.started(now);
            breaker.failed(now);
        }
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::new(3);
        for _ in 0..10 {
            breaker.failed(START);
            breaker.failed(START);
            breaker.succeeded();
        }
        assert!(breaker.is_closed());
    }

    #[test]
    fn stragglers_do_not_move_an_open_breaker_and_a_person_may_end_the_pause() {
        let mut breaker = opened();
        breaker.failed(START.after(Duration::from_secs(4)));
        assert_eq!(breaker.permit(START), Permit::NotBefore(START.after(PAUSE)));
        breaker.end_pause(START);
        assert_eq!(breaker.permit(START), Permit::Probe);
    }

    #[test]
    fn a_probe_that_told_nothing_is_made_again() {
        let mut breaker = opened();
        let end = START.after(PAUSE);
        breaker.started(end);
        breaker.learned_nothing(end);
        assert_eq!(breaker.permit(end), Permit::NotBefore(end.after(PAUSE)));
    }
}

//! How long a connection may take for what it is doing.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{Activity, Phase, Reading};
use crate::config;

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The head of a request.
    Head,
    /// The beginning of a request, or the reading of an answer.
    Idle,
}

/// Watches one connection.
///
/// The timer is not touched per request: it is set to a moment no later than the nearest deadline, and when it rings,
/// the deadline is worked out anew. Only a head that comes in pieces moves it forward.
pub(super) struct Patience {
    reading: Reading,
    since: Instant,
    alarm: Pin<Box<Sleep>>,
    is_set: bool,
}

impl Patience {
    /// Begins now, with a connection on which nothing has happened.
    pub(super) fn new(activity: &Activity, rules: &config::Server) -> Self {
        let since = Instant::now();
        let alarm = Box::pin(sleep_until(since + rules.header_timeout));
        Self { reading: activity.read(), since, alarm, is_set: false }
    }

    /// Ready when the connection is late; otherwise its task is woken when it may be.
    pub(super) fn poll_late(
        &mut self,
        activity: &Activity,
        rules: &config::Server,
        cx: &mut Context<'_>,
    ) -> Poll<Late> {
        let reading = activity.read();
        if reading != self.reading {
            self.reading = reading;
            self.since = Instant::now();
        }
        let due = match reading.phase() {
            Phase::Head => Some((self.since + rules.header_timeout, Late::Head)),
            // Whoever connects means to say something: the first request does not have the time of an idle one.
            Phase::Idle if reading.is_untouched() => Some((self.since + rules.header_timeout, Late::Idle)),
            Phase::Idle => Some((self.since + rules.idle_timeout, Late::Idle)),
            Phase::Busy => None,
        };
        loop {
            if let Some((deadline, _)) = due
                && deadline < self.alarm.deadline()
            {
                self.set(deadline);
            }
            if self.is_set && !self.alarm.is_elapsed() {
                return Poll::Pending;
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                self.is_set = true;
                return Poll::Pending;
            }
            let now = Instant::now();
            match due {
                Some((deadline, late)) if deadline <= now => return Poll::Ready(late),
                Some((deadline, _)) => self.set(deadline),
                None => self.set(now + rules.idle_timeout),
            }
        }
    }

    fn set(&mut self, at: Instant) {
        self.alarm.as_mut().reset(at);
        self.is_set = false;
    }
}

//! How a receiver treats its senders.

use std::time::Duration;

use crate::signature::Secret;

/// What a receiver does besides answering 200 at once; the default is nothing.
#[derive(Clone, Default)]
pub struct Rules {
    /// Share of deliveries (0 to 1) whose first attempt is answered with 500.
    pub fail_share: f64,
    /// Wait before the answer.
    pub delay: Duration,
    /// Only paths that contain this are delayed; all if `None`.
    pub delay_path: Option<String>,
    /// Paths that contain this are never answered.
    pub hang_path: Option<String>,
    /// Deliveries to paths that contain this are answered but neither counted nor timed.
    pub ignore_path: Option<String>,
    /// Deliveries not signed with this are answered with 401 and counted as forged.
    pub secret: Option<Secret>,
}

impl Rules {
    pub(super) fn delay_of(&self, path: &str) -> Option<Duration> {
        let applies = self.delay_path.as_ref().is_none_or(|part| path.contains(part.as_str()));
        (applies && !self.delay.is_zero()).then_some(self.delay)
    }

    pub(super) fn hangs(&self, path: &str) -> bool {
        contains(path, self.hang_path.as_deref())
    }

    pub(super) fn ignores(&self, path: &str) -> bool {
        contains(path, self.ignore_path.as_deref())
    }
}

fn contains(path: &str, part: Option<&str>) -> bool {
    part.is_some_and(|part| path.contains(part))
}

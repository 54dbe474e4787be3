//! When to look at which lane again although nothing happened to it.

use std::collections::BTreeSet;

use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;

/// At most one time for each lane, so that a retry hours away costs one entry however often its lane is looked at.
///
/// Which time a lane has is kept in the lane (`timer`): it is at hand there when it is compared, on the hot path.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Timestamp, EndpointId)>);

impl Timers {
    /// Looks at the lane at `wake` or before: an earlier time that is set stays, and the lane then says anew when.
    pub(super) fn set(&mut self, endpoint: EndpointId, timer: &mut Option<Timestamp>, wake: Timestamp) {
        if timer.is_some_and(|set| set <= wake) {
            return;
        }
        self.clear(endpoint, timer.replace(wake));
        self.0.insert((wake, endpoint));
    }

    /// Forgets the lane's time.
    pub(super) fn clear(&mut self, endpoint: EndpointId, timer: Option<Timestamp>) {
        if let Some(set) = timer {
            self.0.remove(&(set, endpoint));
        }
    }

    /// The first time of all.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|(time, _)| *time)
    }

    /// Takes out a lane whose time has come at `now`.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<EndpointId> {
        if self.first()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, endpoint)| endpoint)
    }

    /// How many are set.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

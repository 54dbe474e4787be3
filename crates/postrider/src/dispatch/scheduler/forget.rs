//! What is not needed any more is forgotten: memory follows the endpoints in use, not those there ever were.

use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;

use super::Scheduler;

/// An idle lane is forgotten after this time.
pub(super) const IDLE_KEPT: Duration = Duration::from_secs(600);

impl<D: Clone> Scheduler<D> {
    /// Forgets lanes that have been idle for long, and the rates of applications that have no lanes any more.
    pub(in crate::dispatch) fn sweep(&mut self, now: Timestamp) {
        let timers = &mut self.timers;
        self.lanes.retain(|endpoint, lane| {
            let keep = !lane.is_idle() || now.since(lane.moved_at) < IDLE_KEPT;
            if !keep {
                timers.clear(*endpoint, lane.timer);
            }
            keep
        });
        if !self.app_buckets.is_empty() {
            let apps: HashSet<_> = self.lanes.values().map(|lane| lane.app).collect();
            // One that is not full again still says how much was used; anew it would allow that much once more.
            self.app_buckets.retain(|app, bucket| apps.contains(app) || !bucket.is_full(now));
        }
        self.handle.forget_idle_gates();
    }

    /// Forgets the lane of an endpoint that does not exist any more once its last attempt has ended.
    pub(super) fn forget_if_abandoned(&mut self, endpoint: EndpointId) {
        if let Entry::Occupied(lane) = self.lanes.entry(endpoint)
            && lane.get().is_abandoned()
        {
            let lane = lane.remove();
            self.timers.clear(endpoint, lane.timer);
            if lane.enrolled {
                self.pools.of(lane.class).withdraw(lane.app, endpoint);
            }
        }
    }
}

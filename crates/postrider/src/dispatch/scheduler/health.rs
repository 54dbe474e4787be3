//! What attempts say of an endpoint: whether it is quick, and since when it fails.

use std::time::Duration;

use postrider_core::endpoint::DisabledReason;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::time::Timestamp;
use postrider_store::{EndpointMark, Mark};

use super::pool::Class;
use super::{Action, Ended, Outcome, Scheduler};

/// A failing endpoint is noted as such after this time: one that fails now and then is not worth a write.
const FAILING_NOTED_AFTER: Duration = Duration::from_secs(60);

impl<D: Clone> Scheduler<D> {
    /// Moves a lane to the other pool if need be, with what it has on its way and its place in line: a lane that
    /// turns out to be quick must not stand behind slow ones.
    pub(super) fn classify(&mut self, endpoint: EndpointId, class: Class) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.class == class {
            return;
        }
        let from = self.pools.of(std::mem::replace(&mut lane.class, class));
        from.let_go(lane.app, lane.in_flight);
        if lane.enrolled {
            from.withdraw(lane.app, endpoint);
        }
        let to = self.pools.of(class);
        to.take_in(lane.app, lane.in_flight);
        if lane.enrolled {
            to.enroll(lane.app, endpoint);
        }
    }

    /// Notes when an endpoint begins to fail, recovers, or has failed for so long that it is disabled.
    pub(super) fn note_health(&mut self, now: Timestamp, ended: Ended) {
        let Some(lane) = self.lanes.get_mut(&ended.endpoint) else { return };
        let mark = match ended.result {
            Outcome::Internal => return,
            Outcome::Arrived => {
                lane.failing_since = None;
                if !std::mem::take(&mut lane.failing_marked) {
                    return;
                }
                Mark::Recovered
            }
            Outcome::Gone => Mark::Disabled { at: now, reason: DisabledReason::Gone },
            Outcome::Refused | Outcome::Overloaded => {
                let since = *lane.failing_since.get_or_insert(now);
                let failing = now.since(since);
                if failing >= limits::FAILING_BEFORE_DISABLED {
                    Mark::Disabled { at: now, reason: DisabledReason::Failing }
                } else if failing >= FAILING_NOTED_AFTER && !lane.failing_marked {
                    lane.failing_marked = true;
                    Mark::Failing { since }
                } else {
                    return;
                }
            }
        };
        if let Mark::Disabled { .. } = mark
            && let Some(settings) = &mut lane.settings
        {
            settings.disabled = true;
        }
        let mark = EndpointMark { endpoint: ended.endpoint, mark };
        self.actions.push_back(Action::Mark(lane.app, mark));
    }
}

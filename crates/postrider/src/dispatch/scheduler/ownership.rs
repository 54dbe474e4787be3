//! Which lanes are ours, where several nodes share the endpoints: a lane is driven only while its partition is owned.
//!
//! A partition that **leaves** in peace is drained: nothing of its lanes is claimed or started any more, what was not
//! started goes back to the store, and when nothing is on its way it is handed over ([`Action::HandOver`]). Each for
//! itself: an endpoint that hangs keeps its own partition back, and no other. One that is **lost** is drained as well but
//! not handed over: somebody else may have it already. What is given back or settled of it changes nothing then; the
//! store knows. If nobody has, it is gained again.
//!
//! What a lane has learned (its breaker, concurrency, rate and class) goes with it: the next owner begins with what the
//! store notes of the endpoint. So it does where a partition comes back.
//!
//! Where a process is alone, everything is ours for ever, and asking costs a comparison.

use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;
use postrider_store::partition::{Partitions, lane_partition};

use super::lane::Claiming;
use super::{Action, Ceilings, Scheduler};

/// How often to look whether what leaves is drained: it takes a look at all lanes.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// See the module's documentation.
#[derive(Debug)]
pub(in crate::dispatch) struct Ownership {
    /// `None`: everything.
    owned: Option<Partitions>,
    /// Not owned any more, and not yet handed over.
    leaving: Partitions,
    look_at: Timestamp,
}

impl Ownership {
    /// Of everything, for ever.
    pub(in crate::dispatch) fn all() -> Self {
        Self { owned: None, leaving: Partitions::NONE, look_at: Timestamp::from_micros(0) }
    }

    /// Of nothing, until told otherwise.
    pub(in crate::dispatch) fn none() -> Self {
        Self { owned: Some(Partitions::NONE), ..Self::all() }
    }

    fn owns(&self, endpoint: EndpointId) -> bool {
        self.owned.as_ref().is_none_or(|owned| owned.contains(endpoint))
    }
}

impl<D: Clone> Scheduler<D> {
    /// Whether the lane of this endpoint may be driven.
    pub(super) fn is_ours(&self, endpoint: EndpointId) -> bool {
        self.ownership.owns(endpoint)
    }

    /// These are ours from now on.
    pub(in crate::dispatch) fn gained(&mut self, now: Timestamp, partitions: &Partitions) {
        let Ownership { owned, leaving, .. } = &mut self.ownership;
        *leaving = leaving.without(partitions);
        if let Some(owned) = owned {
            *owned = owned.union(partitions);
        }
        // Lanes that have attempts under way from when they were ours before.
        for endpoint in self.lanes_of(partitions) {
            self.touch(now, endpoint);
        }
        self.share_rates_anew(now);
    }

    /// These are to be handed over when nothing of them is on its way any more.
    pub(in crate::dispatch) fn leaving(&mut self, now: Timestamp, partitions: &Partitions) {
        self.disown(now, partitions);
        self.ownership.leaving = self.ownership.leaving.union(partitions);
        self.ownership.look_at = now;
    }

    /// These are not ours any more.
    pub(in crate::dispatch) fn lost(&mut self, now: Timestamp, partitions: &Partitions) {
        self.disown(now, partitions);
        self.ownership.leaving = self.ownership.leaving.without(partitions);
    }

    fn disown(&mut self, now: Timestamp, partitions: &Partitions) {
        if let Some(owned) = &mut self.ownership.owned {
            *owned = owned.without(partitions);
        }
        for endpoint in self.lanes_of(partitions) {
            self.let_go(endpoint);
        }
        self.share_rates_anew(now);
    }

    fn lanes_of(&self, partitions: &Partitions) -> Vec<EndpointId> {
        self.lanes.keys().filter(|endpoint| partitions.contains(**endpoint)).copied().collect()
    }

    /// Drops what a lane that is not ours has in memory and has learned. What is under way stays counted.
    pub(super) fn let_go(&mut self, endpoint: EndpointId) {
        self.give_back(endpoint);
        let Ceilings { endpoint_concurrency, breaker_failures, .. } = self.ceilings;
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.enrolled {
            self.pools.of(lane.class).withdraw(lane.app, endpoint);
        }
        self.timers.clear(endpoint, lane.timer);
        // If it comes back, older deliveries wait in the store.
        lane.gate.close(true);
        lane.begin_anew(endpoint_concurrency, breaker_failures);
        self.forget_if_abandoned(endpoint);
    }

    /// Part of an application's rate is as much ours as its endpoints are: where those have changed, it is read anew.
    fn share_rates_anew(&mut self, now: Timestamp) {
        if self.ownership.owned.is_none() || self.app_buckets.is_empty() {
            return;
        }
        let apps = self.app_buckets.keys().copied().collect();
        self.apps_changed(now, &apps);
    }

    /// When to look whether what leaves is drained.
    pub(super) fn look_for_drained_at(&self) -> Option<Timestamp> {
        (!self.ownership.leaving.is_empty()).then_some(self.ownership.look_at)
    }

    /// What is drained, to be handed over.
    pub(super) fn next_hand_over(&mut self, now: Timestamp) -> Option<Action<D>> {
        if self.look_for_drained_at()? > now {
            return None;
        }
        self.ownership.look_at = now.after(LOOK_AGAIN);
        // Whatever is in memory or under way has its place at its gate, and what is being accepted has one there too.
        let mut busy = self.handle.busy(&self.ownership.leaving);
        for (endpoint, lane) in &self.lanes {
            if matches!(lane.claiming, Claiming::UnderWay { .. }) {
                busy.insert(lane_partition(endpoint.row()));
            }
        }
        let drained = self.ownership.leaving.without(&busy);
        self.ownership.leaving = self.ownership.leaving.intersection(&busy);
        (!drained.is_empty()).then_some(Action::HandOver(Box::new(drained)))
    }
}

//! What starts next: the pure heart of dispatch.
//!
//! The scheduler is told what happened and what time it is, and answers with [`Action`]s. It never waits, reads or
//! sends, so a test can drive it through years in a loop. All lanes' memory is counted in `Lanes`; the scheduler
//! counts a delivery out when it ends.
//!
//! In reading order: here, what is done next; `told`, what may happen; `look`, what follows from it for one lane;
//! `health`, what attempts say of an endpoint; `ownership`, whose lanes they are; `forget`, what is not needed any
//! more. They stand on the parts that
//! know nothing of each other: `lane` with its `breaker`, `bucket` and `concurrency`, the `pool`s of slots, the
//! `errands` to the store and the `timers`.

mod told;

mod look;

mod forget;
mod health;
mod ownership;

mod lane;

mod breaker;
mod bucket;
mod concurrency;
mod errands;
mod pool;
mod timers;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::time::Timestamp;
use postrider_store::EndpointMark;
use postrider_store::partition::Partitions;

use self::bucket::Bucket;
use self::errands::Errands;
use self::lane::Lane;
pub(super) use self::lane::Settings;
pub(super) use self::ownership::Ownership;
use self::pool::{Pools, cost};
use self::timers::Timers;
pub(super) use self::told::{Ended, Outcome};
use super::lanes::Lanes;

/// Ceilings of the scheduler.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceilings {
    /// Attempts under way at lanes that answer quickly.
    pub steady_slots: usize,
    /// Attempts under way at lanes that are slow or not known yet.
    pub probation_slots: usize,
    /// Attempts under way at one endpoint.
    pub endpoint_concurrency: usize,
    /// Failures in a row that pause a lane.
    pub breaker_failures: u32,
    /// Claims under way.
    pub claims: usize,
    /// Readings of settings under way.
    pub loads: usize,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action<D> {
    /// Attempt this delivery.
    Send {
        /// The delivery.
        work: Work,
        /// Where to.
        destination: D,
    },
    /// Claim due deliveries from the store and answer with [`Scheduler::claimed`].
    Claim {
        /// The endpoint.
        endpoint: EndpointId,
        /// At most this many.
        limit: usize,
    },
    /// Read an endpoint's settings and answer with [`Scheduler::loaded`] or [`Scheduler::not_loaded`].
    Load {
        /// Its application.
        app: AppId,
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// Give deliveries back to the store: their lane may not send.
    Release(Vec<Work>),
    /// Note an endpoint's health in the store.
    Mark(AppId, EndpointMark),
    /// Leave these to another node: nothing of them is on its way any more.
    HandOver(Box<Partitions>),
}

/// See the module's documentation. `D` is what a sender needs to know of an endpoint.
pub(super) struct Scheduler<D> {
    lanes: HashMap<EndpointId, Lane<D>>,
    app_buckets: HashMap<AppId, Bucket>,
    pools: Pools,
    loads: Errands,
    claims: Errands,
    timers: Timers,
    actions: VecDeque<Action<D>>,
    ceilings: Ceilings,
    ownership: Ownership,
    handle: Lanes,
}

impl<D: Clone> Scheduler<D> {
    pub(super) fn new(ceilings: Ceilings, ownership: Ownership, handle: Lanes) -> Self {
        Self {
            lanes: HashMap::new(),
            app_buckets: HashMap::new(),
            pools: Pools::new(ceilings.steady_slots, ceilings.probation_slots),
            loads: Errands::new(ceilings.loads),
            claims: Errands::new(ceilings.claims),
            timers: Timers::default(),
            actions: VecDeque::new(),
            ceilings,
            ownership,
            handle,
        }
    }

    /// Attempts under way.
    pub(super) fn in_flight(&self) -> usize {
        self.pools.in_flight()
    }

    /// Claims under way: each may still bring deliveries.
    pub(super) fn claiming(&self) -> usize {
        self.claims.under_way()
    }

    /// Lanes known.
    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Lanes that are paused by their breaker.
    pub(super) fn paused_lanes(&self) -> usize {
        self.lanes.values().filter(|lane| !lane.breaker.is_closed()).count()
    }

    /// When the delivery that waits longest was due, in memory or in the store; paused and throttled lanes count.
    pub(super) fn oldest_due(&self) -> Option<Timestamp> {
        self.lanes.values().filter_map(Lane::oldest_due).min()
    }

    /// The next thing to do at `now`, if any. With `may_send` false, nothing is sent.
    pub(super) fn next_action(&mut self, now: Timestamp, may_send: bool) -> Option<Action<D>> {
        self.run_timers(now);
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        if let Some(errand) = self.next_errand(now) {
            return Some(errand);
        }
        // After what was given back, which is among the actions.
        if let Some(hand_over) = self.next_hand_over(now) {
            return Some(hand_over);
        }
        if !may_send {
            return None;
        }
        while let Some((app, endpoint)) = self.pools.next() {
            if let Some(action) = self.start(now, app, endpoint) {
                return Some(action);
            }
        }
        None
    }

    /// When to look again although nothing happened.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.timers.first().into_iter().chain(self.look_for_drained_at()).min()
    }

    /// From now on nothing is read from the store any more.
    pub(super) fn stop_reading(&mut self) {
        self.loads.close();
        self.claims.close();
    }

    /// Takes everything out of memory that was not started, to be released.
    pub(super) fn drain(&mut self) -> Vec<Work> {
        let mut all = Vec::new();
        for lane in self.lanes.values_mut() {
            for work in lane.queue.drain(..) {
                self.handle.count_out(&lane.gate, work.payload_len());
                all.push(work);
            }
        }
        all
    }

    /// Starts a delivery of the lane whose turn it is, or finds that it cannot.
    fn start(&mut self, now: Timestamp, app: AppId, endpoint: EndpointId) -> Option<Action<D>> {
        let lane = self.lanes.get_mut(&endpoint)?;
        lane.enrolled = false;
        let app_bucket = self.app_buckets.get_mut(&app);
        if lane.may_start(now, app_bucket.as_deref()).is_err() {
            self.touch(now, endpoint);
            return None;
        }
        let work = lane.queue.pop_front()?;
        let destination = lane.settings.as_ref()?.destination.clone();
        for bucket in [lane.bucket.as_mut(), app_bucket].into_iter().flatten() {
            bucket.take(now);
        }
        lane.breaker.started(now);
        if lane.in_flight == 0 {
            lane.moved_at = now;
        }
        lane.in_flight += 1;
        self.pools.of(lane.class).started(app, cost(work.payload_len()));
        self.touch(now, endpoint);
        Some(Action::Send { work, destination })
    }
}

//! What starts next: the pure heart of dispatch.
//!
//! The scheduler is told what happened and what time it is, and answers with [`Action`]s. It never waits, reads or
//! sends, so a test can drive it through years in a loop. All lanes' memory is counted in `Lanes`; the scheduler
//! counts a delivery out when it ends.

mod breaker;
mod bucket;
mod concurrency;
mod lane;
mod pool;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use postrider_core::delivery::Work;
use postrider_core::endpoint::DisabledReason;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::limits;
use postrider_core::time::Timestamp;
use postrider_store::{EndpointMark, Mark};

use self::bucket::Bucket;
pub(super) use self::lane::Settings;
use self::lane::{Blocked, Claiming, Lane, Loading, SLOW};
use self::pool::{Class, Pools, cost};
use super::lanes::{Lanes, WINDOW};

/// A failing endpoint is noted as such after this time: one that fails now and then is not worth a write.
const FAILING_NOTED_AFTER: Duration = Duration::from_secs(60);
/// An idle lane is forgotten after this time.
const IDLE_KEPT: Duration = Duration::from_secs(600);

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
    /// Read an endpoint's settings and answer with [`Scheduler::loaded`].
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
}

/// How an attempt ended, as far as its lane is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Bytes of the payload.
    pub size: usize,
    /// When it started.
    pub started: Timestamp,
    /// What came of it.
    pub result: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It arrived.
    Arrived,
    /// The endpoint refused it.
    Refused,
    /// The endpoint could not be reached, did not answer in time, or said that it is overloaded.
    Overloaded,
    /// The endpoint asked to be left alone.
    Gone,
    /// Something of ours failed; it says nothing of the endpoint.
    Internal,
}

/// See the module's documentation. `D` is what a sender needs to know of an endpoint.
pub(super) struct Scheduler<D> {
    lanes: HashMap<EndpointId, Lane<D>>,
    app_buckets: HashMap<AppId, Bucket>,
    pools: Pools,
    timers: BinaryHeap<Reverse<(Timestamp, EndpointId)>>,
    actions: VecDeque<Action<D>>,
    ceilings: Ceilings,
    handle: Lanes,
}

impl<D: Clone> Scheduler<D> {
    pub(super) fn new(ceilings: Ceilings, handle: Lanes) -> Self {
        Self {
            lanes: HashMap::new(),
            app_buckets: HashMap::new(),
            pools: Pools::new(ceilings.steady_slots, ceilings.probation_slots),
            timers: BinaryHeap::new(),
            actions: VecDeque::new(),
            ceilings,
            handle,
        }
    }

    /// Attempts under way.
    pub(super) fn in_flight(&self) -> usize {
        self.pools.in_flight()
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

    /// A delivery is in our hands.
    pub(super) fn held(&mut self, now: Timestamp, work: Work) {
        let endpoint = work.endpoint;
        self.lane(now, work.app, endpoint).queue.push_back(work);
        self.touch(now, endpoint);
    }

    /// A delivery waits in the store.
    pub(super) fn waiting(
        &mut self,
        now: Timestamp,
        app: AppId,
        endpoint: EndpointId,
        due: Timestamp,
        manual: bool,
    ) {
        let lane = self.lane(now, app, endpoint);
        lane.note_waiting(due);
        if manual {
            lane.breaker.end_pause(now);
        }
        self.touch(now, endpoint);
    }

    /// An environment was changed.
    pub(super) fn all_changed(&mut self, now: Timestamp) {
        let lanes: Vec<_> = self.lanes.iter().map(|(endpoint, lane)| (lane.app, *endpoint)).collect();
        for (app, endpoint) in lanes {
            self.changed(now, app, endpoint);
        }
    }

    /// An endpoint or its application was changed: settings are read anew before anything else is sent.
    pub(super) fn changed(&mut self, now: Timestamp, app: AppId, endpoint: EndpointId) {
        let lane = self.lane(now, app, endpoint);
        if lane.is_disabled() {
            // If it is enabled again, its failures are forgiven; if not, they are read again.
            lane.failing_since = None;
            lane.failing_marked = false;
        }
        lane.settings = None;
        lane.changed = true;
        if let Loading::UnderWay { outdated } = &mut lane.loading {
            *outdated = true;
        }
        self.touch(now, endpoint);
    }

    /// An endpoint's settings were read; `None` when it is gone.
    pub(super) fn loaded(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        app_rate: Option<u32>,
        settings: Option<Settings<D>>,
    ) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        let loading = std::mem::replace(&mut lane.loading, Loading::No);
        if loading == (Loading::UnderWay { outdated: true }) {
            return self.touch(now, endpoint);
        }
        let Some(settings) = settings else {
            lane.store_due = None;
            self.give_back(endpoint);
            self.forget_if_abandoned(endpoint);
            return;
        };
        let known = lane.bucket.as_ref().map(Bucket::rate);
        if known != settings.throttle_rate {
            lane.bucket = settings.throttle_rate.map(Bucket::new);
        }
        if lane.failing_since.is_none() {
            lane.failing_since = settings.failing_since;
            lane.failing_marked = settings.failing_since.is_some();
        }
        if std::mem::take(&mut lane.changed) {
            // The change may have mended it; and the store may hold what was put back while it was disabled.
            lane.breaker.end_pause(now);
            lane.note_waiting(now);
        }
        if self.app_buckets.get(&lane.app).map(Bucket::rate) != app_rate {
            match app_rate {
                Some(rate) => drop(self.app_buckets.insert(lane.app, Bucket::new(rate))),
                None => drop(self.app_buckets.remove(&lane.app)),
            }
        }
        lane.settings = Some(settings);
        self.touch(now, endpoint);
    }

    /// A claim was answered: what is in our hands now, and when the rest is due.
    pub(super) fn claimed(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        work: Vec<Work>,
        next_due: Option<Timestamp>,
    ) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        let noted = match std::mem::replace(&mut lane.claiming, Claiming::No) {
            Claiming::UnderWay { noted } => noted,
            Claiming::No => None,
        };
        lane.store_due = next_due.into_iter().chain(noted).min();
        for work in work {
            self.handle.count_in(&lane.gate, work.payload_len());
            lane.queue.push_back(work);
        }
        self.touch(now, endpoint);
    }

    /// An attempt ended.
    pub(super) fn ended(&mut self, now: Timestamp, ended: Ended) {
        let Some(lane) = self.lanes.get_mut(&ended.endpoint) else { return };
        let in_flight = lane.in_flight;
        lane.in_flight -= 1;
        lane.moved_at = now;
        self.handle.count_out(&lane.gate, ended.size);
        self.pools.of(lane.class).let_go(lane.app, 1);

        match ended.result {
            Outcome::Arrived => {
                if lane.breaker.succeeded() {
                    lane.concurrency.ramp_up();
                } else {
                    lane.concurrency.succeeded(in_flight);
                }
            }
            Outcome::Overloaded => {
                lane.concurrency.overloaded(ended.started, now);
                lane.breaker.failed(now);
            }
            Outcome::Refused | Outcome::Gone => lane.breaker.failed(now),
            Outcome::Internal => lane.breaker.learned_nothing(now),
        }
        let slow = now.since(ended.started) >= SLOW || ended.result == Outcome::Overloaded;
        self.classify(ended.endpoint, if slow { Class::Probation } else { Class::Steady });
        self.note_health(now, ended);
        self.forget_if_abandoned(ended.endpoint);
        self.touch(now, ended.endpoint);
    }

    /// The next thing to do at `now`, if any. With `may_send` false, nothing is sent.
    pub(super) fn next_action(&mut self, now: Timestamp, may_send: bool) -> Option<Action<D>> {
        self.run_timers(now);
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
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
        self.timers.peek().map(|Reverse((time, _))| *time)
    }

    /// Forgets lanes that have been idle for long.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.lanes.retain(|_, lane| !lane.is_idle() || now.since(lane.moved_at) < IDLE_KEPT);
        self.handle.forget_idle_gates();
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

    fn lane(&mut self, now: Timestamp, app: AppId, endpoint: EndpointId) -> &mut Lane<D> {
        let Ceilings { endpoint_concurrency, breaker_failures, .. } = self.ceilings;
        let handle = &self.handle;
        self.lanes.entry(endpoint).or_insert_with(|| {
            Lane::new(app, handle.gate(endpoint), endpoint_concurrency, breaker_failures, now)
        })
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

    /// Looks at a lane after something happened to it: reads, claims, gets in line or sets a timer as needed.
    fn touch(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        let app = lane.app;
        if lane.settings.is_none() && lane.loading == Loading::No {
            lane.loading = Loading::UnderWay { outdated: false };
            self.actions.push_back(Action::Load { app, endpoint });
        }
        if lane.is_disabled() {
            self.give_back(endpoint);
        }
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        let limit = lane.wants(now, WINDOW);
        if limit > 0 {
            lane.claiming = Claiming::UnderWay { noted: None };
            self.actions.push_back(Action::Claim { endpoint, limit });
        }
        lane.gate.close(lane.must_queue_in_store(now));

        let mut wake = lane.store_due.filter(|due| *due > now);
        match lane.may_start(now, self.app_buckets.get(&app)) {
            Ok(()) if !lane.enrolled => {
                lane.enrolled = true;
                self.pools.of(lane.class).enroll(app, endpoint);
            }
            Ok(()) | Err(Blocked::UntilEvent) => {}
            Err(Blocked::Until(time)) => wake = wake.into_iter().chain([time]).min(),
        }
        if let breaker::Permit::NotBefore(time) = lane.breaker.permit(now)
            && lane.store_due.is_some()
        {
            wake = wake.into_iter().chain([time]).min();
        }
        if lane.in_flight > 0 && lane.class == Class::Steady {
            wake = wake.into_iter().chain([lane.moved_at.after(SLOW)]).min();
        }
        if let Some(wake) = wake
            && lane.timer.is_none_or(|timer| wake < timer)
        {
            lane.timer = Some(wake);
            self.timers.push(Reverse((wake, endpoint)));
        }
    }

    fn run_timers(&mut self, now: Timestamp) {
        while let Some(Reverse((time, endpoint))) = self.timers.peek().copied() {
            if time > now {
                break;
            }
            self.timers.pop();
            let Some(lane) = self.lanes.get_mut(&endpoint) else { continue };
            if lane.timer == Some(time) {
                lane.timer = None;
            }
            let stuck = lane.in_flight > 0 && now.since(lane.moved_at) >= SLOW;
            if stuck {
                self.classify(endpoint, Class::Probation);
            }
            self.touch(now, endpoint);
        }
    }

    /// Moves a lane to the other pool if need be, with what it has on its way and its place in line: a lane that
    /// turns out to be quick must not stand behind slow ones.
    fn classify(&mut self, endpoint: EndpointId, class: Class) {
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
    fn note_health(&mut self, now: Timestamp, ended: Ended) {
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

    /// Gives what waits in a lane's memory back to the store.
    fn give_back(&mut self, endpoint: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.queue.is_empty() {
            return;
        }
        for work in &lane.queue {
            self.handle.count_out(&lane.gate, work.payload_len());
        }
        self.actions.push_back(Action::Release(lane.queue.drain(..).collect()));
    }

    /// Forgets the lane of an endpoint that does not exist any more once its last attempt has ended.
    fn forget_if_abandoned(&mut self, endpoint: EndpointId) {
        if let Entry::Occupied(lane) = self.lanes.entry(endpoint)
            && lane.get().is_abandoned()
        {
            let lane = lane.remove();
            if lane.enrolled {
                self.pools.of(lane.class).withdraw(lane.app, endpoint);
            }
        }
    }
}

//! What the scheduler is told: deliveries come, settings change, the store answers, attempts end.
//!
//! Each of these notes what it says and then looks at the lane.

use std::collections::HashSet;

use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::time::Timestamp;

use super::bucket::Bucket;
use super::lane::{Claiming, GATHER, LOAD_AGAIN_AFTER, Lane, Loading, SLOW, Settings, Stored};
use super::pool::Class;
use super::{Action, Ceilings, Scheduler};

/// How an attempt ended, as far as its lane is concerned.
#[derive(Debug, Clone, Copy)]
pub(in crate::dispatch) struct Ended {
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
pub(in crate::dispatch) enum Outcome {
    /// It arrived.
    Arrived,
    /// The endpoint refused it.
    Refused,
    /// The endpoint could not be reached, did not answer in time, or said that it is overloaded.
    Overloaded,
    /// The endpoint asked to be left alone.
    Gone,
    /// It says nothing of the endpoint: something of ours failed, or what was sent is somebody's test.
    Internal,
}

impl<D: Clone> Scheduler<D> {
    /// A delivery is in our hands. It goes back where its lane is not ours any more.
    pub(in crate::dispatch) fn held(&mut self, now: Timestamp, work: Work) {
        let endpoint = work.endpoint;
        self.lane(now, work.app, endpoint).queue.push_back(work);
        self.touch(now, endpoint);
    }

    /// A delivery waits in the store.
    pub(in crate::dispatch) fn waiting(
        &mut self,
        now: Timestamp,
        app: AppId,
        endpoint: EndpointId,
        due: Timestamp,
        manual: bool,
    ) {
        if !self.is_ours(endpoint) {
            return;
        }
        let lane = self.lane(now, app, endpoint);
        lane.note_waiting(due);
        if manual {
            lane.breaker.end_pause(now);
        }
        self.touch(now, endpoint);
    }

    /// An environment was changed. Lanes that have nothing to do are read anew when they have.
    pub(in crate::dispatch) fn all_changed(&mut self, now: Timestamp) {
        let mut busy = Vec::new();
        for (endpoint, lane) in &mut self.lanes {
            if lane.is_idle() && !lane.is_disabled() {
                lane.settings = None;
            } else {
                busy.push((lane.app, *endpoint));
            }
        }
        for (app, endpoint) in busy {
            self.changed(now, app, endpoint);
        }
    }

    /// Something of these applications was changed, perhaps some of their endpoints. All are read anew; only what the
    /// reading shows to be changed counts as such.
    pub(in crate::dispatch) fn apps_changed(&mut self, now: Timestamp, apps: &HashSet<AppId>) {
        let mut busy = Vec::new();
        for (endpoint, lane) in self.lanes.iter_mut().filter(|(_, lane)| apps.contains(&lane.app)) {
            let is_busy = !lane.is_idle() || lane.is_disabled();
            lane.forget_settings();
            if is_busy {
                busy.push(*endpoint);
            }
        }
        for endpoint in busy {
            self.touch(now, endpoint);
        }
    }

    /// An endpoint or its application was changed: settings are read anew before anything else is sent.
    pub(in crate::dispatch) fn changed(&mut self, now: Timestamp, app: AppId, endpoint: EndpointId) {
        if !self.is_ours(endpoint) {
            return;
        }
        let lane = self.lane(now, app, endpoint);
        lane.forget_settings();
        lane.changed = true;
        self.touch(now, endpoint);
    }

    /// An endpoint's settings were read; `None` when it is gone.
    pub(in crate::dispatch) fn loaded(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        app_rate: Option<u32>,
        settings: Option<Settings<D>>,
    ) {
        self.loads.done();
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
        let app = lane.app;
        self.limit_app(app, app_rate);
        if let Some(lane) = self.lanes.get_mut(&endpoint) {
            lane.apply(now, settings);
        }
        self.touch(now, endpoint);
    }

    /// An endpoint's settings could not be read: they are asked for again, behind those of other lanes.
    pub(in crate::dispatch) fn not_loaded(&mut self, now: Timestamp, endpoint: EndpointId) {
        self.loads.done();
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        lane.loading = Loading::NotBefore(now.after(LOAD_AGAIN_AFTER));
        self.touch(now, endpoint);
    }

    /// A claim was answered: what is in our hands now, and when the rest is due.
    pub(in crate::dispatch) fn claimed(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        work: Vec<Work>,
        next_due: Option<Timestamp>,
    ) {
        self.claims.done();
        let Some(lane) = self.lanes.get_mut(&endpoint) else {
            debug_assert!(false, "a lane that claims is not forgotten");
            return self.actions.push_back(Action::Release(work));
        };
        let noted = match std::mem::replace(&mut lane.claiming, Claiming::No) {
            Claiming::UnderWay { noted } => noted,
            Claiming::No | Claiming::InLine => None,
        };
        let more = next_due.is_some_and(|due| due <= now);
        lane.stored = if more { Stored::Backlog } else { Stored::Few };
        lane.gathers_until = if more || work.is_empty() { now } else { now.after(GATHER) };
        lane.store_due = next_due.into_iter().chain(noted).min();
        for work in work {
            self.handle.count_in(&lane.gate, work.payload_len());
            lane.queue.push_back(work);
        }
        self.touch(now, endpoint);
    }

    /// An attempt ended.
    pub(in crate::dispatch) fn ended(&mut self, now: Timestamp, ended: Ended) {
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

    /// The lane of an endpoint, which is made where there is none.
    fn lane(&mut self, now: Timestamp, app: AppId, endpoint: EndpointId) -> &mut Lane<D> {
        let Ceilings { endpoint_concurrency, breaker_failures, .. } = self.ceilings;
        let handle = &self.handle;
        self.lanes.entry(endpoint).or_insert_with(|| {
            Lane::new(app, handle.gate(endpoint), endpoint_concurrency, breaker_failures, now)
        })
    }

    /// Sets the rate of an application. One that is the same keeps what was used of it.
    fn limit_app(&mut self, app: AppId, rate: Option<u32>) {
        if self.app_buckets.get(&app).map(Bucket::rate) != rate {
            match rate {
                Some(rate) => drop(self.app_buckets.insert(app, Bucket::new(rate))),
                None => drop(self.app_buckets.remove(&app)),
            }
        }
    }
}

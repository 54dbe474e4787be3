//! What follows for one lane from what happened to it: it is read, claims, gets in line, or is looked at again later.

use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;

use super::breaker::Permit;
use super::lane::{Blocked, Claiming, Loading, SLOW, Stored};
use super::pool::Class;
use super::{Action, Scheduler};
use crate::dispatch::lanes::WINDOW;

impl<D: Clone> Scheduler<D> {
    /// Looks at a lane after something happened to it. Whatever a lane waits for, this has asked for it or has set a
    /// timer: a lane that does neither sleeps until something happens to it.
    pub(super) fn touch(&mut self, now: Timestamp, endpoint: EndpointId) {
        if !self.is_ours(endpoint) {
            return self.let_go(endpoint);
        }
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.settings.is_none() && lane.may_load(now) {
            lane.loading = Loading::InLine;
            self.loads.enter(endpoint);
        }
        if lane.is_disabled() {
            self.give_back(endpoint);
        }
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.claiming == Claiming::No && lane.store_due.is_some_and(|due| due <= now) {
            if lane.wants(now, WINDOW) == 0 {
                lane.stored = Stored::Backlog;
            } else if lane.gathers_until <= now {
                lane.claiming = Claiming::InLine;
                self.claims.enter(endpoint);
            }
        }
        lane.gate.close(lane.must_queue_in_store());

        let app = lane.app;
        // What is due already waits for something else, which may be that more of it gathers.
        let mut wake = lane.store_due.map(|due| due.max(lane.gathers_until)).filter(|time| *time > now);
        let mut wake_by = |time| wake = wake.into_iter().chain([time]).min();
        match lane.may_start(now, self.app_buckets.get(&app)) {
            Ok(()) if !lane.enrolled => {
                lane.enrolled = true;
                self.pools.of(lane.class).enroll(app, endpoint);
            }
            Ok(()) | Err(Blocked::UntilEvent) => {}
            Err(Blocked::Until(time)) => wake_by(time),
        }
        if let Permit::NotBefore(time) = lane.breaker.permit(now)
            && lane.store_due.is_some()
        {
            wake_by(time);
        }
        if lane.in_flight > 0 && lane.class == Class::Steady {
            wake_by(lane.moved_at.after(SLOW));
        }
        if let Loading::NotBefore(time) = lane.loading
            && lane.settings.is_none()
        {
            wake_by(time);
        }
        if let Some(wake) = wake {
            self.timers.set(endpoint, &mut lane.timer, wake);
        }
    }

    /// Looks at the lanes whose time has come.
    pub(super) fn run_timers(&mut self, now: Timestamp) {
        while let Some(endpoint) = self.timers.take_due(now) {
            let Some(lane) = self.lanes.get_mut(&endpoint) else { continue };
            lane.timer = None;
            if lane.in_flight > 0 && now.since(lane.moved_at) >= SLOW {
                // Stuck: it must not keep the slots of those that answer quickly.
                self.classify(endpoint, Class::Probation);
            }
            self.touch(now, endpoint);
        }
    }

    /// The next errand to the store, if another may be under way. Lanes change while they stand in line, so each is
    /// asked again what it wants.
    pub(super) fn next_errand(&mut self, now: Timestamp) -> Option<Action<D>> {
        while let Some(endpoint) = self.loads.next() {
            let is_ours = self.is_ours(endpoint);
            let lane = self.lanes.get_mut(&endpoint).expect("a lane in line is not forgotten");
            if !is_ours {
                lane.loading = Loading::No;
                self.loads.done();
                self.forget_if_abandoned(endpoint);
                continue;
            }
            lane.loading = Loading::UnderWay { outdated: false };
            return Some(Action::Load { app: lane.app, endpoint });
        }
        while let Some(endpoint) = self.claims.next() {
            let lane = self.lanes.get_mut(&endpoint).expect("a lane in line is not forgotten");
            let limit = lane.wants(now, WINDOW);
            if limit > 0 {
                lane.claiming = Claiming::UnderWay { noted: None };
                return Some(Action::Claim { endpoint, limit });
            }
            lane.claiming = Claiming::No;
            self.claims.done();
            self.touch(now, endpoint);
        }
        None
    }

    /// Gives what waits in a lane's memory back to the store.
    pub(super) fn give_back(&mut self, endpoint: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.queue.is_empty() {
            return;
        }
        for work in &lane.queue {
            self.handle.count_out(&lane.gate, work.payload_len());
        }
        self.actions.push_back(Action::Release(lane.queue.drain(..).collect()));
    }
}

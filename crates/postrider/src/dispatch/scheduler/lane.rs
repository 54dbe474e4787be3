//! One endpoint's lane: its window of deliveries in memory, and everything that decides when the next may go.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use postrider_core::delivery::Work;
use postrider_core::id::AppId;
use postrider_core::time::Timestamp;

use super::super::lanes::Gate;
use super::breaker::{Breaker, Permit};
use super::bucket::Bucket;
use super::concurrency::Concurrency;
use super::pool::Class;

/// An attempt that takes longer makes its lane slow.
pub const SLOW: Duration = Duration::from_secs(1);

/// What the scheduler needs to know of an endpoint; the rest travels along in `D`.
#[derive(Debug, Clone)]
pub struct Settings<D> {
    /// Handed to whoever sends.
    pub destination: D,
    /// Whether nothing is to be sent.
    pub disabled: bool,
    /// Attempts a second.
    pub throttle_rate: Option<u32>,
    /// The first failure since the last success, as far as the store knows.
    pub failing_since: Option<Timestamp>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Lane<D> {
    pub app: AppId,
    pub gate: Arc<Gate>,
    /// `None` until they are read: after a start and after a change.
    pub settings: Option<Settings<D>>,
    /// How many times they are being read: after a change, only the last reading counts.
    pub loading: u32,
    /// Whether they are being read because something changed.
    pub changed: bool,
    pub queue: VecDeque<Work>,
    pub in_flight: usize,
    pub concurrency: Concurrency,
    pub bucket: Option<Bucket>,
    pub breaker: Breaker,
    pub class: Class,
    /// Whether it stands in a pool's line.
    pub enrolled: bool,
    /// When the first delivery that waits in the store is due, as far as is known; early is harmless, late is not.
    pub store_due: Option<Timestamp>,
    /// Set while a claim is under way, with the earliest due time that was told meanwhile.
    pub claiming: Option<Option<Timestamp>>,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// Whether the store was told of it.
    pub failing_marked: bool,
    /// When an attempt last started in an empty lane, or ended.
    pub moved_at: Timestamp,
    /// The earliest timer that is set for this lane.
    pub timer: Option<Timestamp>,
}

/// Why a lane cannot start a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Until something happens to it: a delivery comes or ends, its settings are read.
    UntilEvent,
    /// Until a time.
    Until(Timestamp),
}

impl<D> Lane<D> {
    pub fn new(app: AppId, gate: Arc<Gate>, concurrency_max: usize, breaker_failures: u32, now: Timestamp) -> Self {
        Self {
            app,
            gate,
            settings: None,
            loading: 0,
            changed: false,
            queue: VecDeque::new(),
            in_flight: 0,
            concurrency: Concurrency::new(concurrency_max),
            bucket: None,
            breaker: Breaker::new(breaker_failures),
            class: Class::Probation,
            enrolled: false,
            store_due: None,
            claiming: None,
            failing_since: None,
            failing_marked: false,
            moved_at: now,
            timer: None,
        }
    }

    /// Whether an attempt could start now, but for slots.
    pub fn may_start(&self, now: Timestamp, app_bucket: Option<&Bucket>) -> Result<(), Blocked> {
        let sendable = self.settings.as_ref().is_some_and(|settings| !settings.disabled);
        if self.queue.is_empty() || !sendable || self.in_flight >= self.concurrency.limit() {
            return Err(Blocked::UntilEvent);
        }
        match self.breaker.permit(now) {
            Permit::Go => {}
            Permit::Probe if self.in_flight == 0 => {}
            Permit::Probe | Permit::Wait => return Err(Blocked::UntilEvent),
            Permit::NotBefore(time) => return Err(Blocked::Until(time)),
        }
        let ready_at = [self.bucket.as_ref(), app_bucket].into_iter().flatten().map(Bucket::ready_at).max();
        match ready_at {
            Some(time) if time > now => Err(Blocked::Until(time)),
            _ => Ok(()),
        }
    }

    /// How many deliveries should be read from the store now; 0 for none.
    pub fn wants(&self, now: Timestamp, window: usize) -> usize {
        let sendable = self.settings.as_ref().is_some_and(|settings| !settings.disabled);
        let due = self.store_due.is_some_and(|due| due <= now);
        if !sendable || !due || self.claiming.is_some() {
            return 0;
        }
        match self.breaker.permit(now) {
            Permit::Go if self.queue.len() < window / 4 => window / 8,
            // The probe; more only when it has arrived.
            Permit::Probe if self.queue.is_empty() && self.in_flight == 0 => 1,
            _ => 0,
        }
    }

    /// Whether new deliveries must queue in the store: older ones do, or the lane is paused.
    pub fn must_queue_in_store(&self, now: Timestamp) -> bool {
        self.claiming.is_some()
            || self.store_due.is_some_and(|due| due <= now)
            || !self.breaker.is_closed()
            || self.settings.as_ref().is_some_and(|settings| settings.disabled)
    }

    /// Takes note of a delivery that waits in the store.
    pub fn note_waiting(&mut self, due: Timestamp) {
        let earliest = |known: Option<Timestamp>| Some(known.map_or(due, |known| known.min(due)));
        match &mut self.claiming {
            Some(noted) => *noted = earliest(*noted),
            None => self.store_due = earliest(self.store_due),
        }
    }

    /// Whether nothing would be lost by forgetting the lane.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.in_flight == 0
            && self.store_due.is_none()
            && self.claiming.is_none()
            && self.loading == 0
            && self.breaker.is_closed()
            && self.failing_since.is_none()
    }
}

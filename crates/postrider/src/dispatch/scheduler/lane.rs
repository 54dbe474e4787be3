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
pub(super) const SLOW: Duration = Duration::from_secs(1);
/// How long after a claim that took all that was due the next one may be made. Where deliveries come to the store one by
/// one (from other nodes, or as retries), each claim would otherwise be for one of them.
pub(super) const GATHER: Duration = Duration::from_millis(5);
/// How long to wait before settings that could not be read are asked for again.
pub(super) const LOAD_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the scheduler needs to know of an endpoint; the rest travels along in `D`.
#[derive(Debug, Clone)]
pub(in crate::dispatch) struct Settings<D> {
    /// Handed to whoever sends.
    pub(in crate::dispatch) destination: D,
    /// Whether nothing is to be sent.
    pub(in crate::dispatch) disabled: bool,
    /// When it was last changed.
    pub(in crate::dispatch) changed_at: Timestamp,
    /// Attempts a second.
    pub(in crate::dispatch) throttle_rate: Option<u32>,
    /// The first failure since the last success, as far as the store knows.
    pub(in crate::dispatch) failing_since: Option<Timestamp>,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Lane<D> {
    pub(super) app: AppId,
    pub(super) gate: Arc<Gate>,
    /// `None` until they are read (after a start and after a change), and when the endpoint is gone.
    pub(super) settings: Option<Settings<D>>,
    /// Whether they are being read.
    pub(super) loading: Loading,
    /// Whether something changed since they were last read.
    pub(super) changed: bool,
    /// When they had last been changed when they were last read.
    pub(super) changed_at: Option<Timestamp>,
    pub(super) queue: VecDeque<Work>,
    pub(super) in_flight: usize,
    pub(super) concurrency: Concurrency,
    pub(super) bucket: Option<Bucket>,
    pub(super) breaker: Breaker,
    pub(super) class: Class,
    /// Whether it stands in a pool's line.
    pub(super) enrolled: bool,
    /// When the first delivery that waits in the store is due, as far as is known; early is harmless, late is not.
    pub(super) store_due: Option<Timestamp>,
    /// How much of it is due.
    pub(super) stored: Stored,
    /// Whether a claim is under way.
    pub(super) claiming: Claiming,
    /// No claim before this time, so that there is more to claim.
    pub(super) gathers_until: Timestamp,
    /// The first failure since the last success.
    pub(super) failing_since: Option<Timestamp>,
    /// Whether the store was told of it.
    pub(super) failing_marked: bool,
    /// When an attempt last started in an empty lane, or ended.
    pub(super) moved_at: Timestamp,
    /// The earliest timer that is set for this lane.
    pub(super) timer: Option<Timestamp>,
}

/// Whether settings are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    /// They are not.
    No,
    /// They will be, when it is the lane's turn.
    InLine,
    /// They are, once at a time.
    UnderWay {
        /// Whether something changed since the reading began: what it finds may be the state before, and is read again.
        outdated: bool,
    },
    /// They could not be read; not again before this time.
    NotBefore(Timestamp),
}

/// How many deliveries are due in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// None, or no more than a claim takes.
    Few,
    /// More than a claim takes, or some while none may be claimed.
    Backlog,
}

/// Whether a claim is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claiming {
    /// None is.
    No,
    /// One will be, when it is the lane's turn.
    InLine,
    /// One is. The store may have looked before a delivery was written that we were told of since.
    UnderWay {
        /// The earliest due time that was told since.
        noted: Option<Timestamp>,
    },
}

/// Why a lane cannot start a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    /// Until something happens to it: a delivery comes or ends, its settings are read.
    UntilEvent,
    /// Until a time.
    Until(Timestamp),
}

impl<D> Lane<D> {
    pub(super) fn new(
        app: AppId,
        gate: Arc<Gate>,
        concurrency_max: usize,
        breaker_failures: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            app,
            gate,
            settings: None,
            loading: Loading::No,
            changed: false,
            changed_at: None,
            queue: VecDeque::new(),
            in_flight: 0,
            concurrency: Concurrency::new(concurrency_max),
            bucket: None,
            breaker: Breaker::new(breaker_failures),
            class: Class::Probation,
            enrolled: false,
            store_due: None,
            stored: Stored::Few,
            claiming: Claiming::No,
            gathers_until: now,
            failing_since: None,
            failing_marked: false,
            moved_at: now,
            timer: None,
        }
    }

    /// Whether the endpoint is known to want nothing. Being enabled is a change, and after a change the lane looks into
    /// the store: until then it need not remember what waits there.
    pub(super) fn is_disabled(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.disabled)
    }

    fn is_sendable(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| !settings.disabled)
    }

    /// Whether an attempt could start now, but for slots.
    pub(super) fn may_start(&self, now: Timestamp, app_bucket: Option<&Bucket>) -> Result<(), Blocked> {
        if self.queue.is_empty() || !self.is_sendable() || self.in_flight >= self.concurrency.limit() {
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

    /// Whether settings may be asked for: nobody has yet, and it is not too soon after a failure.
    pub(super) fn may_load(&self, now: Timestamp) -> bool {
        match self.loading {
            Loading::No => true,
            Loading::InLine | Loading::UnderWay { .. } => false,
            Loading::NotBefore(time) => time <= now,
        }
    }

    /// Has settings read anew before anything else is sent; a reading under way may find the state before.
    pub(super) fn forget_settings(&mut self) {
        if self.is_disabled() {
            // If it is enabled again, its failures are forgiven; if not, they are read again.
            self.failing_since = None;
            self.failing_marked = false;
        }
        self.settings = None;
        if let Loading::UnderWay { outdated } = &mut self.loading {
            *outdated = true;
        }
    }

    /// Forgets everything that was learned, but for what is under way: attempts, a claim and a reading, and its place
    /// in line for one.
    pub(super) fn begin_anew(&mut self, concurrency_max: usize, breaker_failures: u32) {
        self.forget_settings();
        let fresh =
            Self::new(self.app, Arc::clone(&self.gate), concurrency_max, breaker_failures, self.moved_at);
        let fresh = Self { in_flight: self.in_flight, class: self.class, ..fresh };
        let loading = match self.loading {
            under_way @ (Loading::InLine | Loading::UnderWay { .. }) => under_way,
            Loading::No | Loading::NotBefore(_) => Loading::No,
        };
        let claiming = match self.claiming {
            Claiming::UnderWay { .. } => Claiming::UnderWay { noted: None },
            other => other,
        };
        *self = Self { loading, claiming, ..fresh };
    }

    /// Takes over settings that were read.
    pub(super) fn apply(&mut self, now: Timestamp, settings: Settings<D>) {
        if self.bucket.as_ref().map(Bucket::rate) != settings.throttle_rate {
            self.bucket = settings.throttle_rate.map(Bucket::new);
        }
        if self.failing_since.is_none() {
            self.failing_since = settings.failing_since;
            self.failing_marked = settings.failing_since.is_some();
        }
        let others_changed_it =
            self.changed_at.replace(settings.changed_at).is_some_and(|at| at != settings.changed_at);
        if std::mem::take(&mut self.changed) || others_changed_it {
            // The change may have mended it; and the store may hold what was put back while it was disabled.
            self.breaker.end_pause(now);
            self.note_waiting(now);
        }
        self.settings = Some(settings);
    }

    /// How many deliveries should be read from the store now, if no claim is under way; 0 for none.
    pub(super) fn wants(&self, now: Timestamp, window: usize) -> usize {
        let due = self.store_due.is_some_and(|due| due <= now);
        if !self.is_sendable() || !due {
            return 0;
        }
        match self.breaker.permit(now) {
            Permit::Go if self.queue.len() < window / 4 => window / 8,
            // The probe; more only when it has arrived.
            Permit::Probe if self.queue.is_empty() && self.in_flight == 0 => 1,
            _ => 0,
        }
    }

    /// Whether new deliveries must queue in the store: older ones do in number, or the lane is paused.
    ///
    /// A claim for a few, a retry whose time has come for example, is no reason: what is published meanwhile would have
    /// to be claimed as well, and then what is published during that claim, for as long as there is traffic.
    pub(super) fn must_queue_in_store(&self) -> bool {
        self.stored == Stored::Backlog || !self.breaker.is_closed() || self.is_disabled()
    }

    /// When the delivery that waits longest was due, in memory or in the store; `None` also while the endpoint is
    /// disabled, when nothing is overdue.
    pub(super) fn oldest_due(&self) -> Option<Timestamp> {
        if self.is_disabled() {
            return None;
        }
        self.queue.front().map(|work| work.due).into_iter().chain(self.store_due).min()
    }

    /// Takes note of a delivery that waits in the store.
    pub(super) fn note_waiting(&mut self, due: Timestamp) {
        let earliest = |known: Option<Timestamp>| Some(known.map_or(due, |known| known.min(due)));
        match &mut self.claiming {
            Claiming::UnderWay { noted } => *noted = earliest(*noted),
            Claiming::No | Claiming::InLine => self.store_due = earliest(self.store_due),
        }
    }

    /// Whether nothing would be lost by forgetting the lane.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.in_flight == 0
            && self.claiming == Claiming::No
            && self.loading == Loading::No
            && !self.enrolled
            && (self.is_disabled() || self.is_well())
    }

    fn is_well(&self) -> bool {
        self.store_due.is_none() && self.breaker.is_closed() && self.failing_since.is_none()
    }

    /// Whether the endpoint was found to be gone, and nothing of its lane is left.
    pub(super) fn is_abandoned(&self) -> bool {
        self.settings.is_none()
            && self.loading == Loading::No
            && self.in_flight == 0
            && self.queue.is_empty()
            && self.claiming == Claiming::No
    }
}

//! This process among those that share its store: which lane partitions are its own, for how long, and what it is told.
//!
//! An engine that is shared keeps a [`Cluster`] up to date; whoever sends asks it before each step. What may be relied
//! on:
//!
//! - A partition is [owned](Cluster::owns) by one node at a time. A node that was not heard of for a lease owns nothing,
//!   by its own clock and without being told, before anybody else may take what it had.
//! - A partition that another node should own is given up in three steps: [`Notice::Leaving`], the caller's work until
//!   nothing of it is in its hands, and [`Store::hand_over`](crate::Store::hand_over). Nobody else takes it before.
//! - [Notices](Notices) of ownership are never lost, however late they are read. All others are hints, and only tell
//!   earlier what polling finds later.
//!
//! A store that is not shared has a cluster too, [alone](Cluster::alone): it owns everything, for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use postrider_core::id::EndpointId;

use crate::partition::{LANE_PARTITIONS, Partitions, lane_partition};

pub use due::Due;
pub(crate) use due::DueEndpoints;
pub use notices::{Changed, Notice, Notices};
pub use view::{NodeView, View};

use notices::Inbox;

mod due;
mod notices;
#[cfg(test)]
mod tests;
mod view;

/// What a process knows of its place among the nodes.
pub struct Cluster {
    /// `None` when it is alone.
    shared: Option<Shared>,
}

struct Shared {
    began: Instant,
    /// Until when the lease holds, in nanoseconds since `began`.
    lease_end: AtomicU64,
    /// Partitions that are owned and not leaving: those that may be worked with while the lease holds.
    free: [AtomicU64; LANE_PARTITIONS as usize / 64],
    parts: Mutex<Parts>,
    inbox: Arc<Inbox>,
    seen: Mutex<View>,
}

#[derive(Default)]
struct Parts {
    /// Those that are this node's in the store.
    owned: Partitions,
    /// Those of them that are being given up.
    leaving: Partitions,
    /// The lease ran out, and was not renewed since.
    lapsed: bool,
}

impl Cluster {
    /// The cluster of a process that shares its store with nobody.
    #[must_use]
    pub fn alone() -> Arc<Self> {
        Arc::new(Self { shared: None })
    }

    /// That of the node with this number; it owns nothing yet.
    pub(crate) fn shared(me: i64) -> Arc<Self> {
        let seen = View { me: Some(me), ..View::default() };
        let shared = Shared {
            began: Instant::now(),
            lease_end: AtomicU64::new(0),
            free: std::array::from_fn(|_| AtomicU64::new(0)),
            parts: Mutex::default(),
            inbox: Arc::default(),
            seen: Mutex::new(seen),
        };
        Arc::new(Self { shared: Some(shared) })
    }

    /// Whether other processes work with the same data: then deliveries may begin to wait without this one's doing.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether deliveries to this endpoint may be taken and sent now: its partition is owned, is not leaving, and the
    /// lease holds. Cheap enough to be asked for each delivery.
    #[must_use]
    pub fn owns(&self, endpoint: EndpointId) -> bool {
        let Some(shared) = &self.shared else { return true };
        let part = lane_partition(endpoint.row());
        let word = shared.free[usize::from(part / 64)].load(Ordering::Acquire);
        word >> (part % 64) & 1 == 1 && shared.in_lease()
    }

    /// Whether anything may be sent now. A node that was cut off or stopped for too long must not, whatever it holds.
    #[must_use]
    pub fn in_lease(&self) -> bool {
        self.shared.as_ref().is_none_or(Shared::in_lease)
    }

    /// What is known of the nodes, for people to look at.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        let Some(shared) = &self.shared else { return Arc::new(View::alone()) };
        let mut view = shared.seen.lock().aged();
        let parts = shared.parts.lock();
        view.owned = parts.owned.len();
        view.leaving = parts.leaving.len();
        view.in_lease = shared.in_lease();
        Arc::new(view)
    }

    /// What this node is told. `None` when it is alone, and when somebody has taken them already.
    #[must_use]
    pub fn notices(&self) -> Option<Notices> {
        Inbox::take(&self.shared.as_ref()?.inbox)
    }
}

/// What the engine says.
impl Cluster {
    /// The lease holds until `end`. Where it had run out, what is owned is announced again.
    pub(crate) fn renew(&self, end: Instant) {
        let Some(shared) = &self.shared else { return };
        let mut parts = shared.parts.lock();
        // The one who watches the clock may have slept as long as everybody else in this process.
        shared.note_lapse(&mut parts);
        let end = end.saturating_duration_since(shared.began).as_nanos() as u64;
        shared.lease_end.fetch_max(end, Ordering::AcqRel);
        if std::mem::take(&mut parts.lapsed) {
            shared.inbox.gained(&parts.owned.without(&parts.leaving));
            shared.inbox.leaving(&parts.leaving);
        }
    }

    /// Says that all is lost if the lease has run out, and when to look again.
    pub(crate) fn lapse(&self) -> Duration {
        const IDLE: Duration = Duration::from_millis(100);
        let Some(shared) = &self.shared else { return Duration::MAX };
        shared.note_lapse(&mut shared.parts.lock());
        shared.lease_left().unwrap_or(IDLE).max(Duration::from_millis(1))
    }

    /// These are this node's from now on.
    pub(crate) fn gain(&self, gained: &Partitions) {
        let Some(shared) = &self.shared else { return };
        let mut parts = shared.parts.lock();
        parts.owned = parts.owned.union(gained);
        parts.leaving = parts.leaving.without(gained);
        shared.set_free(&parts);
        if !parts.lapsed {
            shared.inbox.gained(gained);
        }
    }

    /// These are to be given up. Gives those of them for which that is new.
    pub(crate) fn leave(&self, leaving: &Partitions) -> Partitions {
        let Some(shared) = &self.shared else { return Partitions::NONE };
        let mut parts = shared.parts.lock();
        let new = leaving.intersection(&parts.owned).without(&parts.leaving);
        parts.leaving = parts.leaving.union(&new);
        shared.set_free(&parts);
        if !parts.lapsed {
            shared.inbox.leaving(&new);
        }
        new
    }

    /// These are nobody's now.
    pub(crate) fn gave_up(&self, given: &Partitions) {
        let Some(shared) = &self.shared else { return };
        let mut parts = shared.parts.lock();
        parts.owned = parts.owned.without(given);
        parts.leaving = parts.leaving.without(given);
        shared.set_free(&parts);
    }

    /// This node is out for good: it owns nothing, and nothing renews its lease.
    pub(crate) fn out(&self) {
        let Some(shared) = &self.shared else { return };
        let mut parts = shared.parts.lock();
        shared.lease_end.store(0, Ordering::Release);
        shared.note_lapse(&mut parts);
        parts.owned = Partitions::NONE;
        parts.leaving = Partitions::NONE;
        shared.set_free(&parts);
    }

    /// What is owned, and what of it is leaving.
    pub(crate) fn parts(&self) -> (Partitions, Partitions) {
        let Some(shared) = &self.shared else { return (Partitions::ALL, Partitions::NONE) };
        let parts = shared.parts.lock();
        (parts.owned, parts.leaving)
    }

    /// Passes hints on. Where it is alone there is nobody who could give any.
    pub(crate) fn tell(&self, notice: Notice) {
        if let Some(shared) = &self.shared {
            shared.inbox.hint(notice);
        }
    }

    /// Changes what people see of the nodes.
    pub(crate) fn see(&self, change: impl FnOnce(&mut View)) {
        if let Some(shared) = &self.shared {
            change(&mut shared.seen.lock());
        }
    }

    /// There will be no more notices.
    pub(crate) fn close(&self) {
        if let Some(shared) = &self.shared {
            shared.inbox.close();
        }
    }
}

impl Shared {
    /// How long the lease still holds; `None` when it does not.
    fn lease_left(&self) -> Option<Duration> {
        let end = Duration::from_nanos(self.lease_end.load(Ordering::Acquire));
        end.checked_sub(self.began.elapsed()).filter(|left| !left.is_zero())
    }

    fn in_lease(&self) -> bool {
        self.lease_left().is_some()
    }

    fn note_lapse(&self, parts: &mut Parts) {
        if !parts.lapsed && !self.in_lease() {
            parts.lapsed = true;
            self.inbox.lost(&parts.owned);
        }
    }

    fn set_free(&self, parts: &Parts) {
        let free = parts.owned.without(&parts.leaving);
        for (word, bits) in self.free.iter().zip(free.words()) {
            word.store(*bits, Ordering::Release);
        }
    }
}

//! What a node is told, on its way to whoever acts on it. Notices that wait are merged, so that there are never many,
//! and none of ownership is lost.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_core::id::{AppId, EnvironmentId};
use tokio::sync::Notify;

use super::due::{Due, DueEndpoints};
use crate::partition::Partitions;

/// Endpoints that are named one by one; more than that is [`Notice::Look`].
const WAITING_MAX: usize = 4_096;
/// Changes that are named one by one; more than that is [`Changed::Everything`].
const CHANGED_MAX: usize = 1_024;

/// What a node is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The lease ran out. Nothing more of these may be sent; what was taken and not begun is to be
    /// [released](crate::Store::release), and what was begun is settled as ever: the store knows whether it is still
    /// this node's. If nobody else has taken them meanwhile, [`Notice::Gained`] follows when the lease holds again.
    Lost(Partitions),
    /// To be given up: take nothing more of these, release what was not begun, wait until what was begun is settled, and
    /// then call [`hand_over`](crate::Store::hand_over).
    Leaving(Partitions),
    /// Owned from now on: look for what waits there.
    Gained(Partitions),
    /// Something that others may have remembered has changed.
    Changed(Changed),
    /// A hint that deliveries may be due anywhere in what is owned.
    Look,
    /// A hint that deliveries are due at these endpoints. They may be another node's by now.
    Waiting(Vec<Due>),
}

/// What has changed, by whichever node, this one included.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Changed {
    /// The application, or one of its endpoints: made, changed or deleted.
    App(AppId),
    /// The event type with this name.
    EventType(EnvironmentId, String),
    /// The environment itself.
    Environment(EnvironmentId),
    /// An API key was made or revoked.
    Keys,
    /// Anything: this node could not follow, and must forget all that it remembers.
    Everything,
}

/// The notices of a node, to be read by one.
pub struct Notices(Arc<Inbox>);

impl Notices {
    /// The next notice, waiting for it. `None` when the store is closed and all are read. Where several wait, what was
    /// lost comes first, and what was gained after what is leaving: so they are true in this order.
    pub async fn recv(&mut self) -> Option<Notice> {
        loop {
            let told = self.0.told.notified();
            {
                let mut pending = self.0.pending.lock();
                if let Some(notice) = pending.next() {
                    return Some(notice);
                }
                if pending.closed {
                    return None;
                }
            }
            told.await;
        }
    }
}

/// What waits to be read.
#[derive(Default)]
pub(super) struct Inbox {
    pending: Mutex<Pending>,
    told: Notify,
}

#[derive(Default)]
struct Pending {
    lost: Partitions,
    leaving: Partitions,
    gained: Partitions,
    changed: HashSet<Changed>,
    look: bool,
    waiting: DueEndpoints,
    taken: bool,
    closed: bool,
}

impl Pending {
    fn next(&mut self) -> Option<Notice> {
        let some = |set: &mut Partitions| Some(std::mem::take(set)).filter(|set| !set.is_empty());
        if let Some(lost) = some(&mut self.lost) {
            return Some(Notice::Lost(lost));
        }
        if let Some(leaving) = some(&mut self.leaving) {
            return Some(Notice::Leaving(leaving));
        }
        if let Some(gained) = some(&mut self.gained) {
            return Some(Notice::Gained(gained));
        }
        if let Some(changed) = self.changed.iter().next().cloned() {
            self.changed.remove(&changed);
            return Some(Notice::Changed(changed));
        }
        if std::mem::take(&mut self.look) {
            return Some(Notice::Look);
        }
        let waiting = self.waiting.take();
        if waiting.is_empty() { None } else { Some(Notice::Waiting(waiting)) }
    }
}

impl Inbox {
    pub(super) fn take(inbox: &Arc<Self>) -> Option<Notices> {
        let was_taken = std::mem::replace(&mut inbox.pending.lock().taken, true);
        (!was_taken).then(|| Notices(Arc::clone(inbox)))
    }

    fn add(&self, change: impl FnOnce(&mut Pending)) {
        change(&mut self.pending.lock());
        self.told.notify_one();
    }

    /// What was gained or leaving and is not read yet is only lost.
    pub(super) fn lost(&self, lost: &Partitions) {
        self.add(|pending| {
            pending.lost = pending.lost.union(lost);
            pending.leaving = pending.leaving.without(lost);
            pending.gained = pending.gained.without(lost);
        });
    }

    /// What was gained and is not read yet is leaving at once.
    pub(super) fn leaving(&self, leaving: &Partitions) {
        self.add(|pending| {
            pending.leaving = pending.leaving.union(leaving);
            pending.gained = pending.gained.without(leaving);
        });
    }

    pub(super) fn gained(&self, gained: &Partitions) {
        self.add(|pending| {
            pending.leaving = pending.leaving.without(gained);
            pending.gained = pending.gained.union(gained);
        });
    }

    /// Adds a hint or a change.
    pub(super) fn hint(&self, notice: Notice) {
        self.add(|pending| match notice {
            Notice::Look => pending.look = true,
            Notice::Waiting(endpoints) => {
                for due in endpoints {
                    pending.waiting.add(due);
                }
                if pending.waiting.len() > WAITING_MAX {
                    pending.waiting.clear();
                    pending.look = true;
                }
            }
            Notice::Changed(changed) => {
                pending.changed.insert(changed);
                if pending.changed.len() > CHANGED_MAX || pending.changed.contains(&Changed::Everything) {
                    pending.changed.clear();
                    pending.changed.insert(Changed::Everything);
                }
            }
            Notice::Lost(_) | Notice::Leaving(_) | Notice::Gained(_) => {
                debug_assert!(false, "ownership is told by its own functions");
            }
        });
    }

    pub(super) fn close(&self) {
        self.add(|pending| pending.closed = true);
    }
}

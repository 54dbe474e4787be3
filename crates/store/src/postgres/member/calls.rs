//! What wakes this node's tasks before their time.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Who is wanted.
#[derive(Default)]
pub(in crate::postgres) struct Calls {
    pub(super) round: Notify,
    members: AtomicBool,
    pub(super) upkeep: Notify,
    /// Whether what the dead hold is put back without being asked for.
    takes_over: AtomicBool,
    /// Locked for each pass of the upkeep; who leaves waits for the one that is under way.
    pub(in crate::postgres) tidying: tokio::sync::Mutex<()>,
}

impl Calls {
    /// Asks for a round at once.
    pub(in crate::postgres) fn members(&self) {
        self.members.store(true, Ordering::Release);
        self.round.notify_one();
    }

    /// From now on what the dead hold is put back. Before that, whoever opened the store has not asked what was left
    /// behind for it.
    pub(in crate::postgres) fn take_over(&self) {
        self.takes_over.store(true, Ordering::Release);
    }

    pub(super) fn takes_over(&self) -> bool {
        self.takes_over.load(Ordering::Acquire)
    }

    /// Asks for the changes to be read at once.
    pub(super) fn changes(&self) {
        self.round.notify_one();
    }

    /// Whether a round was asked for, and not only the changes.
    pub(super) fn wants_members(&self) -> bool {
        self.members.swap(false, Ordering::AcqRel)
    }
}

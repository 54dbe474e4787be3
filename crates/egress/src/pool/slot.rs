//! The right to have one connection to a host.

use std::sync::{Arc, Weak};

use super::Shared;
use crate::target::Origin;

/// Goes back when dropped, to the next in line if there is one. Must not be dropped under the lock of a shard.
pub(crate) struct Slot {
    pool: Weak<Shared>,
    origin: Arc<Origin>,
}

impl Slot {
    pub(super) fn new(pool: Weak<Shared>, origin: Arc<Origin>) -> Self {
        Self { pool, origin }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            drop(pool.release(&self.origin));
        }
    }
}

//! What is to be told, gathered until it is sent.

use crate::cluster::{Due, DueEndpoints};
use crate::partition::{Partitions, lane_partition};

/// Lanes that are named; of more than that only the partitions are kept.
const LANES_MAX: usize = 8_192;

#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) waiting: DueEndpoints,
    /// Partitions whose owners are to look. All of them stands for everybody.
    pub(super) parts: Partitions,
    pub(super) changed: bool,
    pub(super) members: bool,
}

impl Outgoing {
    pub(super) fn waiting(&mut self, due: Due) {
        if self.waiting.len() < LANES_MAX {
            self.waiting.add(due);
        } else {
            self.parts.insert(lane_partition(due.endpoint.row()));
        }
    }
}

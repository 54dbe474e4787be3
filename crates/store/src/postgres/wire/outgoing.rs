//! What is to be told, gathered until it is sent.

use std::collections::HashSet;

use postrider_core::id::{AppId, EndpointId};

use crate::partition::{Partitions, lane_partition};

/// Lanes that are named; of more than that only the partitions are kept.
const LANES_MAX: usize = 8_192;

#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) waiting: HashSet<(AppId, EndpointId)>,
    /// Partitions whose owners are to look. All of them stands for everybody.
    pub(super) parts: Partitions,
    pub(super) changed: bool,
    pub(super) members: bool,
}

impl Outgoing {
    pub(super) fn waiting(&mut self, app: AppId, endpoint: EndpointId) {
        if self.waiting.len() < LANES_MAX {
            self.waiting.insert((app, endpoint));
        } else {
            self.parts.insert(lane_partition(endpoint.row()));
        }
    }
}

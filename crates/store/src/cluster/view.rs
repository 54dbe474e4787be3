//! What people are shown of a cluster.

use std::time::{Duration, Instant};

use crate::partition::LANE_PARTITIONS;

/// The nodes as this one saw them last.
#[derive(Debug, Clone)]
pub struct View {
    /// This node's number; `None` when it is alone.
    pub me: Option<i64>,
    /// All nodes that are there, in the order of their slots; those that were fenced stay for a while.
    pub nodes: Vec<NodeView>,
    /// Partitions that are this node's, those that are leaving among them.
    pub owned: u16,
    /// Partitions that this node is giving up.
    pub leaving: u16,
    /// Partitions that this node should own.
    pub wanted: u16,
    /// Partitions that are nobody's, as far as this node knows.
    pub unowned: u16,
    /// Whether this node may send.
    pub in_lease: bool,
    /// How long ago its last sign of life was answered.
    pub last_beat_ago: Duration,
    /// How long ago it looked last for what others have changed: what it remembers is not older than that.
    pub changes_read_ago: Duration,
    /// How long ago it was last told of a change.
    pub last_change_ago: Option<Duration>,
    /// Whether others can tell it at once; otherwise it learns with its next beat.
    pub listening: bool,
    /// When the durations were true.
    pub(crate) at: Instant,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its number, which is never given again.
    pub holder: i64,
    /// Its part of the ids.
    pub slot: u16,
    /// What it is called.
    pub name: String,
    /// What it does.
    pub roles: String,
    /// How long ago its last sign of life came.
    pub seen_ago: Duration,
    /// Whether it was taken for dead, or has left something behind.
    pub fenced: bool,
    /// Partitions that it owns, as of a few seconds ago.
    pub partitions: u16,
}

impl Default for View {
    fn default() -> Self {
        Self {
            me: None,
            nodes: Vec::new(),
            owned: 0,
            leaving: 0,
            wanted: 0,
            unowned: LANE_PARTITIONS,
            in_lease: false,
            last_beat_ago: Duration::ZERO,
            changes_read_ago: Duration::ZERO,
            last_change_ago: None,
            listening: false,
            at: Instant::now(),
        }
    }
}

impl View {
    /// That of a process that is alone.
    pub(crate) fn alone() -> Self {
        let (owned, wanted) = (LANE_PARTITIONS, LANE_PARTITIONS);
        Self { owned, wanted, unowned: 0, in_lease: true, ..Self::default() }
    }

    /// The same view, now.
    pub(crate) fn aged(&self) -> Self {
        let mut aged = self.clone();
        aged.age();
        aged
    }

    /// Brings the durations forward, before some of them are set anew.
    pub(crate) fn age(&mut self) {
        let now = Instant::now();
        let more = now.saturating_duration_since(std::mem::replace(&mut self.at, now));
        self.last_beat_ago += more;
        self.changes_read_ago += more;
        if let Some(ago) = &mut self.last_change_ago {
            *ago += more;
        }
        for node in &mut self.nodes {
            node.seen_ago += more;
        }
    }
}

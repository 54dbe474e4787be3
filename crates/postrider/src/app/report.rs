//! What `GET /readyz?verbose` tells: the server, and the cluster as this node sees it.
//!
//! Its names are those of the metrics and of `doctor`, which reads this.

use std::time::Duration;

use postrider_core::time::Timestamp;
use postrider_store::cluster::{NodeView, View};
use serde::{Deserialize, Serialize};

use super::database;
use crate::dispatch::Pulse;

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Whether messages may be sent here.
    pub(crate) ready: bool,
    /// What was looked at for that.
    pub(crate) checks: Vec<Checked>,
    /// What this server does.
    pub(crate) roles: Vec<String>,
    /// Its database, and what a commit stands for.
    pub(crate) database: database::About,
    /// What waits here; `null` where nothing is sent from.
    pub(crate) lag: Option<Lag>,
    /// The nodes that share the database; `null` where it has only this one.
    pub(crate) cluster: Option<Cluster>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// What it is.
    pub(crate) name: String,
    /// What is wrong with it, if anything.
    pub(crate) trouble: Option<String>,
}

/// How far sending is behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lag {
    /// For how long the delivery that waits longest has been due.
    pub(crate) oldest_due_seconds: f64,
    /// Outcomes that wait to be recorded.
    pub(crate) unsettled: usize,
    /// Attempts under way.
    pub(crate) in_flight: usize,
}

/// The cluster, as this node sees it. Where it is shared with nobody else, it is the only node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cluster {
    /// The number of this node, which no other one ever has.
    pub(crate) node: i64,
    /// Whether this node may send: it was heard of lately.
    pub(crate) in_lease: bool,
    /// When it was last heard of.
    pub(crate) last_beat_seconds_ago: f64,
    /// When it last asked what others have changed: what it remembers is not older.
    pub(crate) changes_read_seconds_ago: f64,
    /// When it was last told of a change; `null` when it never was.
    pub(crate) last_change_seconds_ago: Option<f64>,
    /// Whether other nodes can tell it of something at once.
    pub(crate) listening: bool,
    /// Endpoints, in parts of 1,024.
    pub(crate) partitions: Partitions,
    /// All nodes that are known.
    pub(crate) nodes: Vec<Node>,
}

/// How many parts of the endpoints there are for this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partitions {
    /// It sends to these, except those that are leaving.
    pub(crate) owned: u16,
    /// It is about to leave these to others.
    pub(crate) leaving: u16,
    /// It should have these.
    pub(crate) wanted: u16,
    /// Nobody has these, as far as this node knows.
    pub(crate) unowned: u16,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    /// Its number.
    pub(crate) number: i64,
    /// What its ids carry.
    pub(crate) slot: u16,
    /// What it is called.
    pub(crate) name: String,
    /// What it does.
    pub(crate) roles: Vec<String>,
    /// When it was last heard of.
    pub(crate) seen_seconds_ago: f64,
    /// Whether it is taken for dead.
    pub(crate) fenced: bool,
    /// How many parts of the endpoints it has.
    pub(crate) partitions: u16,
}

impl Lag {
    /// What dispatch says at `now`.
    pub(super) fn of(pulse: &Pulse, now: Timestamp) -> Self {
        Self {
            oldest_due_seconds: pulse.oldest_due().map_or(0.0, |due| now.since(due).as_secs_f64()),
            unsettled: pulse.unsettled(),
            in_flight: pulse.in_flight(),
        }
    }
}

impl Cluster {
    /// What the store says; `None` where a process is alone.
    pub(super) fn of(cluster: &postrider_store::cluster::Cluster) -> Option<Self> {
        if !cluster.is_shared() {
            return None;
        }
        let view = cluster.view();
        let View { owned, leaving, wanted, unowned, .. } = *view;
        Some(Self {
            node: view.me?,
            in_lease: view.in_lease,
            last_beat_seconds_ago: seconds(view.last_beat_ago),
            changes_read_seconds_ago: seconds(view.changes_read_ago),
            last_change_seconds_ago: view.last_change_ago.map(seconds),
            listening: view.listening,
            partitions: Partitions { owned, leaving, wanted, unowned },
            nodes: view.nodes.iter().map(Node::of).collect(),
        })
    }

    /// Sets the metrics of the same.
    pub(super) fn record(&self) {
        let live = self.nodes.iter().filter(|node| !node.fenced).count();
        metrics::gauge!("postrider_cluster_nodes").set(live as f64);
        metrics::gauge!("postrider_cluster_partitions_owned").set(self.partitions.owned);
        metrics::gauge!("postrider_cluster_partitions_leaving").set(self.partitions.leaving);
        metrics::gauge!("postrider_cluster_partitions_wanted").set(self.partitions.wanted);
        metrics::gauge!("postrider_cluster_in_lease").set(u8::from(self.in_lease));
        metrics::gauge!("postrider_cluster_listening").set(u8::from(self.listening));
        metrics::gauge!("postrider_cluster_last_beat_seconds").set(self.last_beat_seconds_ago);
    }
}

impl Node {
    fn of(view: &NodeView) -> Self {
        let NodeView { holder, slot, name, roles, seen_ago, fenced, partitions } = view;
        let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned);
        Self {
            number: *holder,
            slot: *slot,
            name: name.clone(),
            roles: roles.collect(),
            seen_seconds_ago: seconds(*seen_ago),
            fenced: *fenced,
            partitions: *partitions,
        }
    }
}

/// With milliseconds: more is noise.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

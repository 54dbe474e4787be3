//! The life of this node among the others: its beat, and what follows from what it sees with each.
//!
//! A beat gives the sign of life and sees who is there; from the moment at which it was begun the lease holds again.
//! Then those who were silent for too long are fenced, partitions that this node should own are taken when they are free,
//! those that it should not own are said to be leaving, and what has changed is read. What may take longer than a beat
//! is the [upkeep]'s, beside it: the beat must never be late because of somebody else's mess.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::changes::Position;
use super::connection::Connection;
use super::lanes;
use super::node::{self, Member};
use super::session::Shared;
use super::wire::Heard;
use crate::Error;
use crate::cluster::{Changed, NodeView, Notice};
use crate::partition::{LANE_PARTITIONS, Partitions};

pub(super) use calls::Calls;

mod calls;
pub(super) mod upkeep;

/// Beats in the time of a lease: one may be late without harm.
const BEATS_PER_LEASE: u32 = 5;
/// The least time between two rounds, however often somebody wants one.
const REST: Duration = Duration::from_millis(10);
/// Rounds after which the partitions of each node are counted again.
const COUNT_EVERY: u32 = 5;

/// Acts on what was heard.
pub(super) fn hear(shared: &Shared, heard: Heard) {
    match heard {
        Heard::Up => {
            shared.calls.members();
            shared.cluster.tell(Notice::Look);
        }
        Heard::Waiting(lanes) => shared.cluster.tell(Notice::Waiting(lanes)),
        Heard::Look => shared.cluster.tell(Notice::Look),
        Heard::Changed => shared.calls.changes(),
        Heard::Members => shared.calls.members(),
    }
}

/// What a node knows from beat to beat.
pub(super) struct Life {
    shared: Arc<Shared>,
    lease: Duration,
    dispatches: bool,
    position: Position,
    /// Since when no beat was missed.
    steady_since: Instant,
    beaten_at: Instant,
    /// Nodes that were there at the last beat, with whether they were fenced.
    known: Vec<(i64, bool)>,
    rounds: u32,
}

impl Life {
    pub(super) async fn new(shared: &Arc<Shared>, lease: Duration, roles: &str) -> Result<Self, Error> {
        let conn = shared.pools.writer().await?;
        let now = Instant::now();
        Ok(Self {
            shared: Arc::clone(shared),
            lease,
            dispatches: node::dispatches(roles),
            position: Position::now(&conn).await?,
            steady_since: now,
            beaten_at: now,
            known: Vec::new(),
            rounds: 0,
        })
    }

    /// Beats until this node is out.
    pub(super) async fn run(mut self) {
        let mut ticks = interval(self.beat_every());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one comes at once, and this node has just been seen.
        ticks.tick().await;
        let shared = Arc::clone(&self.shared);
        loop {
            let whole = tokio::select! {
                _ = ticks.tick() => true,
                () = shared.calls.round.notified() => shared.calls.wants_members(),
            };
            let done = if whole { self.round().await } else { self.read_changes().await };
            match done {
                // It has written, so there is room.
                Ok(()) if whole => shared.status.set_full(false),
                Ok(()) => {}
                Err(Error::Broken(reason)) => {
                    shared.cluster.out();
                    return shared.status.set_broken(&reason);
                }
                Err(Error::Closed) => return,
                Err(error) => tracing::warn!(error = %error, "failed to give a sign of life to the database"),
            }
            sleep(REST).await;
        }
    }

    fn beat_every(&self) -> Duration {
        (self.lease / BEATS_PER_LEASE).max(Duration::from_millis(10))
    }

    /// One beat and all that follows.
    pub(super) async fn round(&mut self) -> Result<(), Error> {
        let conn = self.shared.pools.writer().await?;
        // A connection that does not answer in the time of a lease is of no use, and must not be used again.
        conn.set_in_transaction(true);
        let done = timeout(self.lease.min(Duration::from_secs(10)), self.follow(&conn)).await;
        conn.set_in_transaction(done.is_err());
        done.unwrap_or(Err(super::fault::OVERLOADED))
    }

    async fn follow(&mut self, conn: &Connection) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let began = Instant::now();
        let Some(mut members) = node::beat(conn, shared.holder).await? else {
            return Err(Error::Broken(
                "this node was fenced: it gave no sign of life for too long".to_owned(),
            ));
        };
        shared.cluster.renew(began + self.lease.saturating_sub(self.beat_every()));
        if began.duration_since(self.beaten_at) > self.lease / 2 {
            self.steady_since = began;
        }
        self.beaten_at = began;
        shared.returns.try_again();
        node::fence(conn, &mut members, began.duration_since(self.steady_since)).await?;
        let is_new = self.notice(&members);
        let moved = self.share(conn, &members).await?;
        self.rounds = self.rounds.wrapping_add(1);
        let counts = if is_new || moved || self.rounds % COUNT_EVERY == 1 {
            Some(lanes::counts(conn).await?)
        } else {
            None
        };
        shared.cluster.see(|view| {
            view.age();
            view.last_beat_ago = began.elapsed();
            if let Some(counts) = &counts {
                let owned: u16 = counts.values().sum();
                view.unowned = LANE_PARTITIONS.saturating_sub(owned);
            }
            view.nodes = members.iter().map(|member| show(member, &view.nodes, counts.as_ref())).collect();
        });
        self.read(conn).await
    }

    /// Takes note of who came and went. `true` when that is somebody.
    fn notice(&mut self, members: &[Member]) -> bool {
        let now: Vec<_> = members.iter().map(|member| (member.holder, member.fenced)).collect();
        if now.iter().any(|(_, fenced)| *fenced) || now != self.known {
            self.shared.calls.upkeep.notify_one();
        }
        let is_new = now != self.known;
        self.known = now;
        is_new
    }

    /// Takes what this node should own and gives up what it should not. `true` when something moved.
    async fn share(&self, conn: &Connection, members: &[Member]) -> Result<bool, Error> {
        let shared = &self.shared;
        let owners: Vec<_> =
            members.iter().filter(|member| member.dispatches()).map(|member| member.holder).collect();
        let wanted = if self.dispatches { lanes::wanted(shared.holder, &owners) } else { Partitions::NONE };
        shared.wire.set_owners(&owners);
        shared.cluster.see(|view| view.wanted = wanted.len());
        let (owned, _) = shared.cluster.parts();
        let left = shared.cluster.leave(&owned.without(&wanted));
        let missing = wanted.without(&owned);
        let taken = if missing.is_empty() {
            Partitions::NONE
        } else {
            lanes::take(conn, shared.holder, &missing).await?
        };
        if !taken.is_empty() {
            shared.cluster.gain(&taken);
        }
        if !left.is_empty() || !taken.is_empty() {
            tracing::info!(
                taken = taken.len(),
                leaving = left.len(),
                nodes = owners.len(),
                "lane partitions move"
            );
        }
        Ok(!left.is_empty() || !taken.is_empty())
    }

    async fn read_changes(&mut self) -> Result<(), Error> {
        let conn = self.shared.pools.writer().await?;
        conn.set_in_transaction(true);
        let done = timeout(self.lease.min(Duration::from_secs(10)), self.read(&conn)).await;
        conn.set_in_transaction(done.is_err());
        done.unwrap_or(Err(super::fault::OVERLOADED))
    }

    async fn read(&mut self, conn: &Connection) -> Result<(), Error> {
        let began = Instant::now();
        let changes = self.position.read(conn).await?;
        let any = !changes.is_empty();
        for changed in changes {
            if let Changed::Everything = changed {
                tracing::debug!("more has changed than could be followed");
            }
            self.shared.cluster.tell(Notice::Changed(changed));
        }
        self.shared.cluster.see(|view| {
            view.age();
            view.changes_read_ago = began.elapsed();
            if any {
                view.last_change_ago = Some(Duration::ZERO);
            }
        });
        Ok(())
    }
}

/// A node as people see it. Its partitions are those of the last count.
fn show(
    member: &Member,
    before: &[NodeView],
    counts: Option<&std::collections::HashMap<i64, u16>>,
) -> NodeView {
    let partitions = counts.map_or_else(
        || before.iter().find(|node| node.holder == member.holder).map_or(0, |node| node.partitions),
        |counts| counts.get(&member.holder).copied().unwrap_or(0),
    );
    NodeView {
        holder: member.holder,
        slot: member.slot,
        name: member.name.clone(),
        roles: member.roles.clone(),
        seen_ago: member.seen_ago,
        fenced: member.fenced,
        partitions,
    }
}

/// Watches the clock of the lease, which goes on while nothing else does.
pub(super) async fn watch_lease(shared: Arc<Shared>) {
    const MAX: Duration = Duration::from_secs(1);
    loop {
        sleep(shared.cluster.lapse().min(MAX)).await;
    }
}

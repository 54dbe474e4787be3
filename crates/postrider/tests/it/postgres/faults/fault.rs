//! What can happen to nodes and to their database, each for a few seconds.

use std::fmt;
use std::time::{Duration, Instant};

use postrider_core::rng::{Rng as _, TestRng};
use tokio::time::sleep;

use super::fleet::{ATTEMPT_MAX, Fleet, LEASE};
use super::proxy::Way;
use super::publisher::Books;
use super::server::{Postgres, Stop, USER};

/// Nodes that are not dead are out of their lease after this.
const LONG_MS: (u64, u64) = (LEASE.as_millis() as u64 + 800, 800);
/// No node is out of its lease after this: it has four fifths of it, of which a fifth may have gone by.
const SHORT_MS: (u64, u64) = (500, 2_000);
/// Added to every round trip to the database while it is slow.
const DELAY: Duration = Duration::from_millis(500);
/// For so long it is slow, or takes no connections.
const SPELL: Duration = Duration::from_secs(3);
/// What a node had written to a receiver when it was killed or stopped is read within this.
const READ_MAX: Duration = Duration::from_secs(1);

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// A node is killed, and started again soon.
    Kill,
    /// A node is stopped for longer than its lease, and goes on where it was.
    StopLong,
    /// The same for less than its lease.
    StopShort,
    /// A node's connections to the database break, for longer than its lease.
    CutOff,
    /// A node gets no answers from the database, for longer than its lease.
    Hang,
    /// All nodes are restarted in turn, in good order.
    Rolling,
    /// The database is restarted in good order.
    Restart,
    /// The database crashes and recovers.
    Crash,
    /// The database takes no more connections, and those of the nodes break.
    Full,
    /// The database is slow.
    Slow,
    /// The first database is lost, and its standby takes over.
    Failover,
}

/// What has happened.
pub(super) struct Happened {
    /// When it began.
    pub(super) at: Instant,
    /// The number of the first message that was published after that.
    pub(super) first: u64,
    /// Until when deliveries could be under way at the node that the others took for dead; `None` where nobody is.
    pub(super) under_way_until: Option<Instant>,
}

impl Fault {
    /// All that needs no standby.
    pub(super) const ALL: [Self; 10] = [
        Self::Kill,
        Self::StopLong,
        Self::StopShort,
        Self::CutOff,
        Self::Hang,
        Self::Rolling,
        Self::Restart,
        Self::Crash,
        Self::Full,
        Self::Slow,
    ];

    /// Whether the others take over from the node that it happens to. Otherwise nothing may come twice.
    pub(super) fn is_taken_over(self) -> bool {
        matches!(self, Self::Kill | Self::StopLong | Self::CutOff | Self::Hang)
    }

    /// Lets it happen, to this node if it happens to one, and ends it.
    pub(super) async fn happen(
        self,
        (fleet, victim): (&mut Fleet, usize),
        servers: &[Postgres],
        books: &Books,
        rng: &TestRng,
    ) -> Happened {
        let chosen = |(least, more): (u64, u64)| Duration::from_millis(least + rng.below(more));
        let (long, short, server) = (chosen(LONG_MS), chosen(SHORT_MS), &servers[0]);
        let begun = || (Instant::now(), books.next());
        let (mut until, (mut at, mut first)) = (None, begun());
        match self {
            Self::Kill => {
                fleet.kill(victim);
                (at, first) = begun();
                until = Some(at + READ_MAX);
                sleep(short).await;
                fleet.start_again(victim);
            }
            Self::StopLong | Self::StopShort => {
                fleet.freeze(victim);
                (at, first) = begun();
                sleep(if self == Self::StopLong { long } else { short }).await;
                fleet.resume(victim);
                until = (self == Self::StopLong).then(|| Instant::now() + READ_MAX);
            }
            Self::CutOff | Self::Hang => {
                fleet.set_way(victim, if self == Self::CutOff { Way::Shut } else { Way::Hanging });
                (at, first) = begun();
                until = Some(at + LEASE + ATTEMPT_MAX);
                sleep(long).await;
                fleet.set_way(victim, Way::Open);
            }
            Self::Rolling => {
                for node in 0..fleet.len() {
                    fleet.restart(node).await;
                }
            }
            Self::Restart | Self::Crash => {
                server.stop(if self == Self::Restart { Stop::Fast } else { Stop::Immediate }).await;
                sleep(short / 2).await;
                server.start_again().await;
            }
            Self::Full => fill(server).await,
            Self::Slow => {
                fleet.set_ways(Way::Slow(DELAY));
                sleep(SPELL).await;
                fleet.set_ways(Way::Open);
            }
            Self::Failover => {
                server.stop(Stop::Immediate).await;
                servers[1].promote().await;
            }
        }
        Happened { at, first, under_way_until: until }
    }
}

/// Takes all connections that there are, breaks those of the nodes, and takes their places.
async fn fill(server: &Postgres) {
    let (owner, began) = (server.client().await, Instant::now());
    let (mut taken, mut is_full) = (Vec::new(), false);
    while began.elapsed() < SPELL {
        match server.client_as_user().await {
            Ok(client) => taken.push(client),
            Err(_) if is_full => sleep(Duration::from_millis(5)).await,
            Err(_) => {
                is_full = true;
                let nodes = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE usename = '{USER}' AND application_name = 'postrider'"
                );
                owner.batch_execute(&nodes).await.unwrap();
            }
        }
    }
    assert!(is_full, "{} connections were taken, and there were more", taken.len());
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "node killed",
            Self::StopLong => "node stopped for long",
            Self::StopShort => "node stopped for a moment",
            Self::CutOff => "node cut off",
            Self::Hang => "node without answers",
            Self::Rolling => "rolling restart",
            Self::Restart => "database restarted",
            Self::Crash => "database crashed",
            Self::Full => "database out of connections",
            Self::Slow => "database slow",
            Self::Failover => "failover to the standby",
        })
    }
}

//! The load: publish messages over a few connections, as fast as they are taken or at a rate.
//!
//! Each connection publishes one message at a time and waits for the answer. At a rate, message `n` is due `n
//! / rate` seconds after the start; how far behind that each one began is reported, so that a stalled server
//! cannot hide its stall by slowing the generator down.
//!
//! Deliberately absent: repeating a publish that broke off. Nobody knows whether it was accepted, and
//! publishing it again would count one message twice.

mod connection;
mod plan;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::task::JoinSet;

pub use self::plan::{Aim, Plan, PlanError};
use crate::{
    marker::Epoch,
    timings::{Quantiles, Timings},
};

/// What became of the publishing.
#[derive(Debug)]
pub struct Published {
    /// When the first message was due, in nanoseconds of the epoch.
    pub started_ns: u64,
    /// From the start to the last answer.
    pub elapsed_ns: u64,
    /// Messages answered with 2xx, by aim.
    pub accepted: Vec<u64>,
    /// Messages answered with anything else.
    pub refused: u64,
    /// Messages with no answer: the connection failed or the answer took too long.
    pub broken: u64,
    /// The first answer that was no 2xx, for a person to read.
    pub first_refusal: Option<String>,
    /// From the request to its answer, of accepted messages.
    pub acks: Quantiles,
    /// How long after it was due each message began; all zero without a rate.
    pub behind: Quantiles,
}

/// The books of a running load.
struct Progress {
    next: AtomicU64,
    accepted: Vec<AtomicU64>,
    refused: AtomicU64,
    broken: AtomicU64,
    first_refusal: OnceLock<String>,
    acks: Timings,
    behind: Timings,
}

/// Publishes all messages of a plan. A connection that keeps failing gives up; its share is taken by the
/// others.
pub async fn run(plan: Arc<Plan>, run: u64, epoch: Epoch) -> Published {
    let progress = Arc::new(Progress {
        next: AtomicU64::new(0),
        accepted: plan.aims().iter().map(|_| AtomicU64::new(0)).collect(),
        refused: AtomicU64::new(0),
        broken: AtomicU64::new(0),
        first_refusal: OnceLock::new(),
        acks: Timings::new(),
        behind: Timings::new(),
    });
    let started_ns = epoch.now_ns();
    let mut connections = JoinSet::new();
    for connection in 0..plan.connections {
        let task = connection::Task {
            plan: Arc::clone(&plan),
            address: plan.address_of(connection),
            progress: Arc::clone(&progress),
            run,
            epoch,
            started_ns,
        };
        connections.spawn(task.publish());
    }
    connections.join_all().await;
    Published {
        started_ns,
        elapsed_ns: epoch.now_ns() - started_ns,
        accepted: progress.accepted.iter().map(|count| count.load(Relaxed)).collect(),
        refused: progress.refused.load(Relaxed),
        broken: progress.broken.load(Relaxed),
        first_refusal: progress.first_refusal.get().cloned(),
        acks: progress.acks.quantiles(),
        behind: progress.behind.quantiles(),
    }
}

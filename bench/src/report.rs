//! What a run found, as a table for people and as JSON for programs.

use std::fmt;

use serde::Serialize;

use crate::{
    load::{Plan, Published},
    receiver::{Counts, Round},
    timings::Quantiles,
};

/// One run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The publishing side.
    pub publish: PublishReport,
    /// The receiving side.
    pub delivery: DeliveryReport,
}

/// What the generator saw.
#[derive(Debug, Serialize)]
pub struct PublishReport {
    /// Messages answered with 2xx.
    pub accepted: u64,
    /// Messages answered otherwise.
    pub refused: u64,
    /// Messages without an answer.
    pub broken: u64,
    /// The first answer that was no 2xx.
    pub first_refusal: Option<String>,
    /// From the start to the last answer.
    pub seconds: f64,
    /// Accepted messages a second.
    pub per_second: f64,
    /// Request to answer.
    pub ack: Quantiles,
    /// How far behind the rate the messages began.
    pub behind: Quantiles,
}

/// What the receiver saw.
#[derive(Debug, Serialize)]
pub struct DeliveryReport {
    /// Accepted messages times their fan-out.
    pub expected: u64,
    /// What arrived.
    #[serde(flatten)]
    pub counts: Counts,
    /// From the start of the publishing to the last first arrival.
    pub seconds: f64,
    /// Unique deliveries a second.
    pub per_second: f64,
    /// From just before the publish request to the whole delivery read.
    pub latency: Quantiles,
}

impl Report {
    /// Brings both sides together.
    #[must_use]
    pub fn new(plan: &Plan, published: &Published, round: &Round) -> Self {
        let accepted = published.accepted.iter().sum();
        let seconds = seconds(published.elapsed_ns);
        let arriving = seconds_between(published.started_ns, round.last_ns());
        let counts = round.counts();
        Self {
            publish: PublishReport {
                accepted,
                refused: published.refused,
                broken: published.broken,
                seconds,
                per_second: per_second(accepted, seconds),
                ack: published.acks,
                behind: published.behind,
                first_refusal: published.first_refusal.clone(),
            },
            delivery: DeliveryReport {
                expected: expected(plan, published),
                seconds: arriving,
                per_second: per_second(counts.unique, arriving),
                latency: round.latency(),
                counts,
            },
        }
    }

    /// Whether every message was accepted and every delivery arrived, signed if that was asked.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.publish.refused + self.publish.broken + self.delivery.counts.forged == 0
            && self.delivery.counts.unique == self.delivery.expected
    }
}

/// Deliveries that the accepted messages must lead to.
#[must_use]
pub fn expected(plan: &Plan, published: &Published) -> u64 {
    plan.aims().iter().zip(&published.accepted).map(|(aim, accepted)| accepted * u64::from(aim.fanout)).sum()
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn seconds_between(from_ns: u64, to_ns: u64) -> f64 {
    seconds(to_ns.saturating_sub(from_ns))
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { publish, delivery } = self;
        let counts = &delivery.counts;
        writeln!(
            out,
            "accepted   {:>10}  in {:.2} s = {:.0}/s  (refused {}, broken {})",
            publish.accepted, publish.seconds, publish.per_second, publish.refused, publish.broken
        )?;
        writeln!(
            out,
            "delivered  {:>10}  in {:.2} s = {:.0}/s  \
             (of {}, repeated {}, failed on purpose {}, strays {}, forged {})",
            counts.unique,
            delivery.seconds,
            delivery.per_second,
            delivery.expected,
            counts.repeated,
            counts.failed,
            counts.strays,
            counts.forged
        )?;
        writeln!(out, "{:<10} {:>10} {:>10} {:>10} {:>10}", "ms", "p50", "p95", "p99", "max")?;
        line(out, "answer", &publish.ack)?;
        if publish.behind.count > 0 {
            line(out, "behind", &publish.behind)?;
        }
        line(out, "delivery", &delivery.latency)?;
        match &publish.first_refusal {
            Some(refusal) => writeln!(out, "first refusal:\n{refusal}"),
            None => Ok(()),
        }
    }
}

fn line(out: &mut fmt::Formatter<'_>, name: &str, times: &Quantiles) -> fmt::Result {
    let Quantiles { p50_ms, p95_ms, p99_ms, max_ms, .. } = times;
    writeln!(out, "{name:<10} {p50_ms:>10.2} {p95_ms:>10.2} {p99_ms:>10.2} {max_ms:>10.2}")
}

//! Which acceptances of a batch are refused, and where the deliveries of the others are put.

use std::collections::HashMap;

use postrider_core::time::Timestamp;

use super::super::idempotency;
use super::look::Seen;
use super::{Acceptable, Outcome};
use crate::cluster::Cluster;
use crate::{AcceptError, Acceptance, Accepted, Idempotency, NewDelivery, Placement};

/// Decides all of `jobs` in turn: each finds what was seen before the batch, and what those before it do. Only what
/// `cluster` owns is put into the caller's hands.
pub(super) fn all(jobs: &[impl Acceptable], mut seen: Seen, cluster: &Cluster) -> Vec<Outcome> {
    let mut asked = HashMap::new();
    jobs.iter().enumerate().map(|(index, job)| one(index, job, &mut seen, &mut asked, cluster)).collect()
}

fn one<'j>(
    index: usize,
    job: &'j impl Acceptable,
    seen: &mut Seen,
    asked: &mut HashMap<[u8; 32], &'j Idempotency>,
    cluster: &Cluster,
) -> Outcome {
    let (scope, acceptance) = (job.scope(), job.acceptance());
    if let Some(repeat) = seen.repeats.remove(&index) {
        return Err(AcceptError::Repeated(repeat));
    }
    if let Some(second) = &acceptance.idempotency
        && let Some(first) = asked.get(&second.key)
    {
        return Err(AcceptError::Repeated(idempotency::repeat(first, second)));
    }
    if !seen.apps.contains(&(scope.environment(), scope.app())) {
        return Err(AcceptError::NoApp);
    }
    if let Some(event_id) = &acceptance.message.event_id
        && !seen.event_ids.insert((scope.app().row(), event_id.clone()))
    {
        return Err(AcceptError::EventIdTaken);
    }
    if let Some(first) = &acceptance.idempotency {
        asked.insert(first.key, first);
    }
    let due = due(acceptance);
    let deliveries = acceptance.deliveries.iter();
    let placements: Vec<_> = deliveries
        .clone()
        .map(|delivery| {
            let may_hold = delivery.hold && due <= acceptance.now && cluster.owns(delivery.endpoint);
            place(delivery, due, may_hold, seen)
        })
        .collect();
    let held = deliveries.zip(&placements).filter(|(_, placement)| **placement == Placement::Held);
    let held = held.map(|(delivery, _)| (acceptance.message.id.row(), delivery.endpoint.row())).collect();
    Ok((Accepted { placements }, held))
}

/// When the deliveries of an acceptance are due.
pub(super) fn due(acceptance: &Acceptance) -> Timestamp {
    acceptance.message.deliver_at.map_or(acceptance.now, |time| time.max(acceptance.now))
}

fn place(delivery: &NewDelivery, due: Timestamp, may_hold: bool, seen: &mut Seen) -> Placement {
    if let Some(order) = delivery.order
        && !seen.busy.insert((delivery.endpoint.row(), order))
    {
        return Placement::Parked;
    }
    if may_hold { Placement::Held } else { Placement::Waiting { due } }
}

//! Retention: what is old enough goes, in short passes behind the traffic.
//!
//! Every part keeps its place between passes, so that rows which must stay (a message with an unfinished delivery)
//! never keep a pass from the ones behind them. What is lost with a restart is only the place.
//!
//! A message goes with its deliveries and attempts, and only when all its deliveries are finished. A payload with an
//! unfinished delivery is never dropped. Deleted applications and endpoints are marked, and stay as graves until nothing
//! refers to them and whoever might still act on what it read before has long forgotten it.

use std::time::Duration;

use postrider_core::time::Timestamp;

use super::idempotency;
use super::session::Session;
use crate::{Error, Retained, crash};

mod ages;
mod graves;
mod payloads;

/// How long the grave of an application or endpoint stays at least: far longer than a request takes.
const GRAVE_AGE: Duration = Duration::from_secs(3600);

/// Where each part goes on, and which have come to their end in this round.
#[derive(Debug, Default)]
pub(super) struct Position {
    payloads: payloads::Position,
    graves: graves::Position,
    ages: ages::Position,
    ended: [bool; 4],
}

/// One pass over at most `limit` rows of each kind. A round is as many passes as it takes until every part has come to
/// its end once; there is more to do until the round is over.
pub(super) fn retain(session: &mut Session<'_>, now: Timestamp, limit: usize) -> Result<Retained, Error> {
    let mut retained = Retained::default();
    let [answers, payloads, graves, ages] = session.retention.ended;
    let ended = [
        answers || idempotency::forget(session, now, limit, &mut retained)?,
        payloads || payloads::expire(session, now, limit, &mut retained)?,
        graves || graves::tend(session, now, limit, &mut retained)?,
        ages || ages::remove(session, now, limit, &mut retained)?,
    ];
    retained.more = ended.contains(&false);
    session.retention.ended = if retained.more { ended } else { Default::default() };
    crash::point("retain.batch");
    Ok(retained)
}

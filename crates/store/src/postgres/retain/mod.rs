//! Retention: what is old enough goes, in short passes behind the traffic.
//!
//! Whole [days] go by dropping their partitions; what must go sooner, or stays behind in a day, goes row by row
//! ([ages]). Every part keeps its place between passes, so that rows which must stay (a message with an unfinished
//! delivery) never keep a pass from the ones behind them. What is lost with a restart is only the place.
//!
//! A message goes with its deliveries and attempts, and only when all its deliveries are finished. A payload with an
//! unfinished delivery is never dropped. Whoever makes a delivery for a message (a person who sends it again) locks the
//! message, and so do these passes before they look for unfinished deliveries: neither can miss the other. Deleted
//! applications and endpoints are marked, and stay as graves until nothing refers to them and whoever might still act on
//! what it read before has long forgotten it.
//!
//! Several nodes may do this at the same time; they skip the rows that another one has locked.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::time::Timestamp;

use super::session::{Session, Shared};
use super::{environments, idempotency};
use crate::{Error, Retained, crash};

mod ages;
mod days;
mod graves;
mod payloads;

/// How long the grave of an application or endpoint stays at least: far longer than a request takes.
const GRAVE_AGE: Duration = Duration::from_secs(3600);

/// Pages of a day's messages from which on it is dropped as a whole rather than emptied: a gigabyte.
const LARGE_PAGES: i32 = 131_072;

/// Where each part goes on, and which have come to their end in this round.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    days: days::Position,
    payloads: payloads::Position,
    graves: graves::Position,
    ages: ages::Position,
    /// Days, answers, payloads, graves, ages.
    ended: [bool; 5],
}

/// The first part of a pass, in transactions of its own: makes the partitions of the coming days, and drops those whose
/// time is over.
pub(super) async fn days(
    shared: &Arc<Shared>,
    position: &mut Position,
    now: Timestamp,
    limit: usize,
) -> Result<Retained, Error> {
    let conn = shared.pools.writer().await?;
    shared.partitions.make_ahead(&conn, now).await?;
    let mut retained = Retained::default();
    if !position.ended[0] {
        position.ended[0] =
            days::drop_old(shared, conn, &mut position.days, now, limit, &mut retained).await?;
    }
    Ok(retained)
}

/// The second part: one pass over at most `limit` rows of each kind. A round is as many passes as it takes until every
/// part has come to its end once; there is more to do until the round is over.
pub(super) async fn rows(
    session: &Session,
    mut position: Position,
    now: Timestamp,
    limit: usize,
) -> Result<(Retained, Position), Error> {
    let mut retained = Retained::default();
    let [days, answers, payloads, graves, ages] = position.ended;
    let ended = [
        days,
        answers || forget(session, now, limit, &mut retained).await?,
        payloads || payloads::expire(session, &mut position.payloads, now, limit, &mut retained).await?,
        graves || graves::tend(session, &mut position.graves, now, limit, &mut retained).await?,
        // What a day takes with it need not be removed row by row.
        ages || (days && ages::remove(session, &mut position.ages, now, limit, &mut retained).await?),
    ];
    retained.more = ended.contains(&false);
    position.ended = if retained.more { ended } else { Default::default() };
    crash::point("retain.batch");
    Ok((retained, position))
}

async fn forget(
    session: &Session,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let forgotten = idempotency::forget(&session.conn, now, limit).await?;
    retained.answers += forgotten;
    Ok(forgotten < limit as u64)
}

/// Before which time nothing is kept, by the row of the environment.
async fn cutoffs(
    conn: &super::connection::Connection,
    now: Timestamp,
) -> Result<std::collections::HashMap<i64, Timestamp>, Error> {
    let cutoff = |environment: postrider_core::environment::Environment| {
        let days = u64::from(environment.settings.retention_days);
        (environment.id.row(), now.before(Duration::from_secs(days * 24 * 3600)))
    };
    Ok(environments::all(conn).await?.into_iter().map(cutoff).collect())
}

//! Days older than every environment's retention: their partitions are dropped.
//!
//! First the deliveries of the day's messages are deleted in batches, part after part; if none is left, the event ids go
//! in the same way, and then the day. A day with an unfinished delivery stays, and its other messages go
//! [row by row](super::ages). Dropping waits only shortly for whoever still reads the day: there is always
//! another round.

use postrider_core::time::Timestamp;

use super::super::connection::Connection;
use super::super::partitions::{self, Day, TABLES};
use super::super::session::Shared;
use super::{LARGE_PAGES, cutoffs};
use crate::{Error, Retained};

/// Parts of a day that are emptied one after another. Dead rows are seen again by the batches of their own part only.
const PARTS: i64 = 144;
/// An hour of rows. A single attempt at a message that came earlier in its day than this is taken to be of the same day.
const LATE: i64 = 3_600 << 32;

/// The day that is being emptied, and what comes next.
#[derive(Debug, Clone, Default)]
pub(super) struct Position(Option<(Day, Step)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// From this part on.
    Deliveries(i64),
    /// From this part on.
    EventIds(i64),
    /// There is nothing more to do about it in this round.
    Done,
}

/// `false` when the limit ended the pass.
pub(super) async fn drop_old(
    shared: &Shared,
    conn: Connection,
    position: &mut Position,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let Some(cutoff) = cutoffs(&conn, now).await?.into_values().min() else { return Ok(true) };
    let mut budget = limit as u64;
    for day in days(&conn).await? {
        if day >= Day::of(cutoff) {
            break;
        }
        let mut next = match position.0 {
            Some((at, _)) if day < at => continue,
            Some((at, next)) if day == at => next,
            _ => Step::Deliveries(0),
        };
        while next != Step::Done {
            if budget == 0 {
                return Ok(false);
            }
            next = step(shared, &conn, day, next, &mut budget, retained).await?;
            position.0 = Some((day, next));
        }
    }
    *position = Position::default();
    Ok(true)
}

/// The days that have partitions, oldest first.
async fn days(conn: &Connection) -> Result<Vec<Day>, Error> {
    let rows = conn
        .rows(
            "-- retain::days::days
             SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'message'::regclass",
            &[],
        )
        .await?;
    let mut days = Vec::with_capacity(rows.len());
    for row in &rows {
        days.extend(Day::of_partition("message", row.try_get(0)?));
    }
    days.sort_unstable();
    Ok(days)
}

/// Does a part of what is to be done about the day, and says what comes next.
async fn step(
    shared: &Shared,
    conn: &Connection,
    day: Day,
    step: Step,
    budget: &mut u64,
    retained: &mut Retained,
) -> Result<Step, Error> {
    Ok(match step {
        Step::Deliveries(PARTS) => Step::EventIds(0),
        Step::Deliveries(part) => {
            let span = part_of(day, part);
            if !delete_deliveries(conn, day, span, budget).await? {
                step
            } else if has_deliveries(conn, span).await? {
                Step::Done
            } else {
                Step::Deliveries(part + 1)
            }
        }
        Step::EventIds(PARTS) => {
            if let Some(messages) = drop(shared, conn, day).await? {
                retained.messages += messages;
            }
            Step::Done
        }
        Step::EventIds(part) => {
            if delete_event_ids(conn, part_of(day, part), budget).await? {
                Step::EventIds(part + 1)
            } else {
                step
            }
        }
        Step::Done => Step::Done,
    })
}

/// The rows of a part of the day.
fn part_of(day: Day, part: i64) -> (i64, i64) {
    let rows = day.rows();
    let length = (rows.end - rows.start) / PARTS;
    let end = if part + 1 == PARTS { rows.end } else { rows.start + (part + 1) * length };
    (rows.start + part * length, end)
}

/// Deletes deliveries of finished messages, and the attempts at them that were made on later days. `false` when the
/// budget ended it.
async fn delete_deliveries(
    conn: &Connection,
    day: Day,
    (from, to): (i64, i64),
    budget: &mut u64,
) -> Result<bool, Error> {
    let gone = conn
        .rows(
            "-- retain::days::delete_deliveries
             DELETE FROM delivery g USING
                 (SELECT d.app_row, d.message_row, d.endpoint_row FROM delivery d
                   WHERE d.message_row >= $1 AND d.message_row < $2 AND d.state >= 3
                     AND NOT EXISTS (SELECT 1 FROM delivery u
                                      WHERE u.app_row = d.app_row AND u.message_row = d.message_row AND u.state < 3)
                   LIMIT $3) AS old
              WHERE g.app_row = old.app_row AND g.message_row = old.message_row AND g.endpoint_row = old.endpoint_row
                AND g.state >= 3
             RETURNING g.app_row, g.message_row, g.attempts > 1 OR g.message_row >= $4",
            &[&from, &to, &(*budget as i64), &(day.rows().end - LATE)],
        )
        .await?;
    let (mut apps, mut messages) = (Vec::<i64>::new(), Vec::<i64>::new());
    for row in &gone {
        if row.try_get(2)? {
            apps.push(row.try_get(0)?);
            messages.push(row.try_get(1)?);
        }
    }
    if !apps.is_empty() {
        conn.run(
            "-- retain::days::delete_deliveries
             DELETE FROM attempt t USING
                 (SELECT unnest($1::bigint[]) AS app_row, unnest($2::bigint[]) AS message_row, $3::bigint AS since) AS gone
              WHERE t.app_row = gone.app_row AND t.message_row = gone.message_row AND t.row >= gone.since",
            &[&apps, &messages, &day.rows().end],
        )
        .await?;
    }
    let ended = (gone.len() as u64) < *budget;
    *budget = budget.saturating_sub(gone.len() as u64);
    Ok(ended)
}

/// Whether a message of these rows has a delivery.
async fn has_deliveries(conn: &Connection, (from, to): (i64, i64)) -> Result<bool, Error> {
    Ok(conn
        .exists(
            "-- retain::days::has_deliveries
             SELECT 1 FROM delivery WHERE message_row >= $1 AND message_row < $2 LIMIT 1",
            &[&from, &to],
        )
        .await?)
}

/// Deletes the event ids of messages that are about to go. `false` when the budget ended it.
async fn delete_event_ids(
    conn: &Connection,
    (from, to): (i64, i64),
    budget: &mut u64,
) -> Result<bool, Error> {
    let gone = conn
        .run(
            "-- retain::days::delete_event_ids
             DELETE FROM message_event_id g USING
                 (SELECT app_row, event_id FROM message_event_id WHERE row >= $1 AND row < $2 LIMIT $3) AS old
              WHERE g.app_row = old.app_row AND g.event_id = old.event_id",
            &[&from, &to, &(*budget as i64)],
        )
        .await?;
    let ended = gone < *budget;
    *budget = budget.saturating_sub(gone);
    Ok(ended)
}

/// Drops the partitions of the day unless somebody has made a delivery meanwhile, or still uses them. The number of
/// messages that went.
async fn drop(shared: &Shared, conn: &Connection, day: Day) -> Result<Option<u64>, Error> {
    conn.set_in_transaction(true);
    conn.batch("BEGIN; SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '3s'").await?;
    let dropped = drop_in_transaction(conn, day).await;
    conn.batch(if matches!(dropped, Ok(Some(_))) { "COMMIT" } else { "ROLLBACK" }).await?;
    conn.set_in_transaction(false);
    shared.partitions.forget();
    match dropped {
        Err(Error::Overloaded { .. }) => {
            tracing::info!(day = ?day, "failed to drop an old day: it is still being read");
            Ok(None)
        }
        dropped => dropped,
    }
}

async fn drop_in_transaction(conn: &Connection, day: Day) -> Result<Option<u64>, Error> {
    partitions::lock(conn).await?;
    let Some(messages) = count(conn, &day.partition("message")).await? else { return Ok(None) };
    let partitions = there(conn, &TABLES.map(|table| day.partition(table))).await?.join(", ");
    // Whoever makes a delivery for a message has locked the message, and so its partition: after this nobody does.
    conn.batch(&format!("LOCK TABLE {partitions} IN ACCESS EXCLUSIVE MODE")).await?;
    let rows = day.rows();
    if has_deliveries(conn, (rows.start, rows.end)).await? {
        return Ok(None);
    }
    conn.batch(&format!("DROP TABLE {partitions}")).await?;
    Ok(Some(messages))
}

/// Those of the partitions that are there: a day may be older than one of the tables.
async fn there(conn: &Connection, names: &[String]) -> Result<Vec<String>, Error> {
    let rows = conn
        .rows(
            "-- retain::days::there
             SELECT name FROM unnest($1::text[]) AS asked (name) WHERE to_regclass(name) IS NOT NULL",
            &[&names],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How many messages a partition has, roughly where it is large; `None` when it is not there.
async fn count(conn: &Connection, partition: &str) -> Result<Option<u64>, Error> {
    let known = conn
        .row(
            "-- retain::days::count
             SELECT CASE WHEN relpages >= $2 THEN reltuples::bigint END FROM pg_class WHERE oid = to_regclass($1)",
            &[&partition, &LARGE_PAGES],
        )
        .await?;
    let Some(known) = known else { return Ok(None) };
    if let Some(about) = known.try_get::<_, Option<i64>>(0)? {
        return Ok(Some(about.unsigned_abs()));
    }
    let exact = conn.row(&format!("SELECT count(*) FROM {partition}"), &[]).await?;
    let exact: i64 = exact.expect("an aggregate gives one row").try_get(0)?;
    Ok(Some(exact.unsigned_abs()))
}

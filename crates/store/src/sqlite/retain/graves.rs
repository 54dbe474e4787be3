//! Deleted endpoints: what waits for them is canceled, and their grave is removed when nothing refers to it.
//!
//! What the dispatcher holds for one is left to it: it settles it or puts it back, and then it is canceled here.

use postrider_core::time::Timestamp;

use super::super::session::Session;
use super::GRAVE_AGE;
use crate::{Error, Retained};

/// The last grave that is done: when it was deleted, and its row.
#[derive(Debug, Default)]
pub(super) struct Position(Option<(i64, i64)>);

/// `false` when the limit ended the pass.
pub(super) fn tend(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let after = session.retention.graves.0.unwrap_or((i64::MIN, i64::MIN));
    let graves: Vec<(i64, i64)> = session
        .conn
        .prepare_cached(
            "-- retain::graves::tend
             SELECT deleted_at, row FROM endpoint INDEXED BY endpoint_deleted
              WHERE deleted_at IS NOT NULL AND (deleted_at, row) > (?, ?) ORDER BY deleted_at, row LIMIT ?",
        )?
        .query_map((after.0, after.1, limit as i64), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut left = limit;
    for grave in &graves {
        let canceled = cancel(session, grave.1, left)?;
        retained.canceled += canceled as u64;
        left -= canceled;
        if left == 0 {
            return Ok(false);
        }
        if grave.0 < now.before(GRAVE_AGE).as_micros() {
            remove(session, grave.1)?;
        }
        session.retention.graves.0 = Some(*grave);
    }
    let ended = graves.len() < limit;
    if ended {
        session.retention.graves.0 = None;
    }
    Ok(ended)
}

/// Cancels what waits for the endpoint, at most `limit`. Orders need no care: all of each is canceled.
fn cancel(session: &Session<'_>, endpoint_row: i64, limit: usize) -> Result<usize, Error> {
    let waiting = session
        .conn
        .prepare_cached(
            "-- retain::graves::cancel
             UPDATE delivery SET state = 5, due = NULL WHERE endpoint_row = ?1 AND message_row IN
                 (SELECT message_row FROM delivery INDEXED BY delivery_due
                   WHERE endpoint_row = ?1 AND state = 0 LIMIT ?2)",
        )?
        .execute((endpoint_row, limit as i64))?;
    let parked = session
        .conn
        .prepare_cached(
            "-- retain::graves::cancel
             UPDATE delivery SET state = 5, due = NULL WHERE endpoint_row = ?1 AND message_row IN
                 (SELECT message_row FROM delivery INDEXED BY delivery_order
                   WHERE endpoint_row = ?1 AND ord IS NOT NULL AND state < 3 AND state = 2 LIMIT ?2)",
        )?
        .execute((endpoint_row, (limit - waiting) as i64))?;
    Ok(waiting + parked)
}

fn remove(session: &Session<'_>, endpoint_row: i64) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- retain::graves::remove
             DELETE FROM endpoint WHERE row = ?1
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE endpoint_row = ?1)
                AND NOT EXISTS (SELECT 1 FROM attempt WHERE endpoint_row = ?1)",
        )?
        .execute([endpoint_row])?;
    Ok(())
}

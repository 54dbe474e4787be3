//! Deleted endpoints: what waits for them is canceled, and their grave is removed when nothing refers to it.
//!
//! What the dispatcher holds for one is left to it: it settles it or puts it back, and then it is canceled here.

use postrider_core::time::Timestamp;

use super::super::connection::Connection;
use super::super::session::Session;
use super::GRAVE_AGE;
use crate::{Error, Retained};

/// The last grave that is done: when it was deleted, and its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Position(Option<(i64, i64)>);

/// `false` when the limit ended the pass.
pub(super) async fn tend(
    session: &Session,
    position: &mut Position,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let after = position.0.unwrap_or((i64::MIN, i64::MIN));
    let graves = session
        .conn
        .rows(
            "-- retain::graves::tend
             SELECT deleted_at, row, app_row FROM endpoint
              WHERE deleted_at IS NOT NULL AND (deleted_at, row) > ($1, $2) ORDER BY deleted_at, row LIMIT $3",
            &[&after.0, &after.1, &(limit as i64)],
        )
        .await?;
    let mut left = limit as u64;
    for grave in &graves {
        let (deleted_at, row, app_row): (i64, i64, i64) =
            (grave.try_get(0)?, grave.try_get(1)?, grave.try_get(2)?);
        let canceled = cancel(&session.conn, row, left).await?;
        retained.canceled += canceled;
        left = left.saturating_sub(canceled);
        if left == 0 {
            return Ok(false);
        }
        if deleted_at < now.before(GRAVE_AGE).as_micros() {
            remove(&session.conn, app_row, row).await?;
        }
        position.0 = Some((deleted_at, row));
    }
    let ended = graves.len() < limit;
    if ended {
        position.0 = None;
    }
    Ok(ended)
}

/// Cancels what waits for the endpoint, at most `limit`. Orders need no care: all of each is canceled.
async fn cancel(conn: &Connection, endpoint_row: i64, limit: u64) -> Result<u64, Error> {
    let waiting = conn
        .run(
            "-- retain::graves::cancel
             UPDATE delivery SET state = 5, due = NULL WHERE endpoint_row = $1 AND message_row = ANY(ARRAY(
                 SELECT message_row FROM delivery WHERE endpoint_row = $1 AND state = 0
                  LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&endpoint_row, &(limit as i64)],
        )
        .await?;
    let parked = conn
        .run(
            "-- retain::graves::cancel
             UPDATE delivery SET state = 5, due = NULL WHERE endpoint_row = $1 AND message_row = ANY(ARRAY(
                 SELECT message_row FROM delivery
                  WHERE endpoint_row = $1 AND ord IS NOT NULL AND state < 3 AND state = 2
                  LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&endpoint_row, &(limit.saturating_sub(waiting) as i64)],
        )
        .await?;
    Ok(waiting + parked)
}

async fn remove(conn: &Connection, app_row: i64, endpoint_row: i64) -> Result<(), Error> {
    conn.run(
        "-- retain::graves::remove
         DELETE FROM endpoint WHERE app_row = $1 AND row = $2
            AND NOT EXISTS (SELECT 1 FROM delivery WHERE endpoint_row = $2)
            AND NOT EXISTS (SELECT 1 FROM attempt WHERE app_row = $1 AND endpoint_row = $2)",
        &[&app_row, &endpoint_row],
    )
    .await?;
    Ok(())
}

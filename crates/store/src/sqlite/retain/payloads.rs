//! Payloads whose own time has come, before their message's.

use postrider_core::time::Timestamp;

use super::super::messages;
use super::super::session::Session;
use crate::{Error, Retained};

/// The last one looked at: when it expired, and its row.
#[derive(Debug, Default)]
pub(super) struct Position(Option<(i64, i64)>);

/// `false` when the limit ended the pass.
pub(super) fn expire(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let after = session.retention.payloads.0.unwrap_or((i64::MIN, i64::MIN));
    let expired: Vec<(i64, i64)> = session
        .conn
        .prepare_cached(
            "-- retain::payloads::expire
             SELECT expire_at, row FROM message INDEXED BY message_expiring
              WHERE expire_at IS NOT NULL AND payload IS NOT NULL AND (expire_at, row) > (?, ?) AND expire_at <= ?
              ORDER BY expire_at, row LIMIT ?",
        )?
        .query_map((after.0, after.1, now.as_micros(), limit as i64), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (_, row) in &expired {
        if !messages::is_unfinished(session.conn, *row)? {
            messages::drop_payload(session.conn, *row)?;
            retained.payloads += 1;
        }
    }
    let full = expired.len() == limit;
    session.retention.payloads.0 = expired.last().copied().filter(|_| full);
    Ok(!full)
}

//! Payloads whose own time has come, before their message's.

use postrider_core::time::Timestamp;

use super::super::session::Session;
use crate::{Error, Retained};

/// The last one looked at: when it expired, and its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Position(Option<(i64, i64)>);

/// `false` when the limit ended the pass.
pub(super) async fn expire(
    session: &Session,
    position: &mut Position,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let after = position.0.unwrap_or((i64::MIN, i64::MIN));
    let expired = session
        .conn
        .rows(
            "-- retain::payloads::expire
             SELECT expire_at, row FROM message
              WHERE expire_at IS NOT NULL AND payload IS NOT NULL AND (expire_at, row) > ($1, $2) AND expire_at <= $3
              ORDER BY expire_at, row LIMIT $4 FOR UPDATE SKIP LOCKED",
            &[&after.0, &after.1, &now.as_micros(), &(limit as i64)],
        )
        .await?;
    let mut rows: Vec<i64> = Vec::with_capacity(expired.len());
    let mut last = None;
    for row in &expired {
        last = Some((row.try_get(0)?, row.try_get(1)?));
        rows.push(row.try_get(1)?);
    }
    if !rows.is_empty() {
        // In a statement of its own: it sees the deliveries that were made before the messages were locked.
        retained.payloads += session
            .conn
            .run(
                "-- retain::payloads::expire
                 UPDATE message m SET payload = NULL, raw = NULL
                  WHERE m.row = ANY($1)
                    AND NOT EXISTS (SELECT 1 FROM delivery d
                                     WHERE d.app_row = m.app_row AND d.message_row = m.row AND d.state < 3)",
                &[&rows],
            )
            .await?;
    }
    let full = expired.len() == limit;
    position.0 = last.filter(|_| full);
    Ok(!full)
}

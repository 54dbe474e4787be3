//! Issues fold: hours that are not told apart any more become one count, and what was not seen for long goes.

use postrider_core::issue::{self, Failures, Fingerprint, HOURS_KEPT, Issue, Last, State};
use postrider_core::rollup::{Width, bucket_of};
use postrider_core::time::Timestamp;

use super::super::session::Session;
use super::add::add_count;
use super::{count, failures, last, read, select};
use crate::Error;
use crate::rollup::Folded;
use crate::tally::FailureKey;

/// One pass: folds hours that are not told apart any more, removes issues that were not seen for long, and resolves
/// those that somebody has looked after and that are quiet.
pub(in crate::sqlite) fn fold(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    let hours = fold_hours(session, now, limit)?;
    let removed = remove_old(session, now.before(issue::KEPT), limit)?;
    resolve_quiet(session, now, limit)?;
    folded.folded += hours as u64;
    folded.removed += removed as u64;
    folded.more |= hours >= limit || removed >= limit;
    Ok(())
}

fn fold_hours(session: &Session<'_>, now: Timestamp, limit: usize) -> Result<usize, Error> {
    let until = bucket_of(now.before(HOURS_KEPT), Width::Hour).as_micros();
    let old: Vec<(FailureKey, i64, Failures, Last)> = session
        .conn
        .prepare_cached(
            "-- issues::fold_hours
             SELECT app_row, endpoint_row, fingerprint, hour, shard, attempts, deliveries, given_up, last_seen,
                    last_attempt, last_message
               FROM issue_count INDEXED BY issue_count_hour WHERE hour > 0 AND hour < ? ORDER BY hour LIMIT ?",
        )?
        .query_map((until, limit as i64), |row| {
            let fingerprint = Fingerprint::from_bytes(row.get(2)?);
            let (app_row, endpoint_row, hour) = (row.get(0)?, row.get(1)?, row.get(3)?);
            let key = FailureKey { app_row, endpoint_row, fingerprint, hour };
            Ok((key, row.get(4)?, failures(row, 5)?, last(row, 8)?))
        })?
        .collect::<Result<_, _>>()?;
    for (key, shard, failures, last) in &old {
        session
            .conn
            .prepare_cached(
                "-- issues::fold_hours
                 DELETE FROM issue_count
                  WHERE app_row = ? AND endpoint_row = ? AND fingerprint = ? AND hour = ? AND shard = ?",
            )?
            .execute((key.app_row, key.endpoint_row, key.fingerprint.as_bytes(), key.hour, shard))?;
        add_count(session.conn, &FailureKey { hour: 0, ..*key }, *failures, *last)?;
    }
    Ok(old.len())
}

fn remove_old(session: &mut Session<'_>, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let old: Vec<(i64, i64, [u8; 16])> = session
        .conn
        .prepare_cached(
            "-- issues::remove_old
             SELECT app_row, endpoint_row, fingerprint FROM issue_count c INDEXED BY issue_count_old
              WHERE hour = 0 AND last_seen < ? AND NOT EXISTS
                    (SELECT 1 FROM issue_count l WHERE l.app_row = c.app_row AND l.endpoint_row = c.endpoint_row
                        AND l.fingerprint = c.fingerprint AND l.hour > 0)
              LIMIT ?",
        )?
        .query_map((before.as_micros(), limit as i64), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (app_row, endpoint_row, fingerprint) in &old {
        session
            .conn
            .prepare_cached(
                "-- issues::remove_old
                 DELETE FROM issue_count WHERE app_row = ? AND endpoint_row = ? AND fingerprint = ?",
            )?
            .execute((app_row, endpoint_row, fingerprint))?;
        session
            .conn
            .prepare_cached(
                "-- issues::remove_old
                 DELETE FROM issue WHERE endpoint_row = ? AND fingerprint = ?",
            )?
            .execute((endpoint_row, fingerprint))?;
    }
    if !old.is_empty() {
        session.known.clear();
    }
    Ok(old.len())
}

/// Whoever looks after an issue that is over has done so: should it come again, it is open.
fn resolve_quiet(session: &Session<'_>, now: Timestamp, limit: usize) -> Result<(), Error> {
    let acknowledged: Vec<(Issue, Fingerprint)> = session
        .conn
        .prepare_cached(select!("resolve_quiet", "i.said = 1 LIMIT ?"))?
        .query_and_then([limit as i64], read)?
        .collect::<Result<_, _>>()?;
    for found in acknowledged {
        let issue = count(session.conn, found)?;
        if issue.state(now) == State::Resolved {
            session
                .conn
                .prepare_cached(
                    "-- issues::resolve_quiet
                     UPDATE issue SET said = 3, said_at = ? WHERE row = ?",
                )?
                .execute((now.as_micros(), issue.id.row()))?;
        }
    }
    Ok(())
}

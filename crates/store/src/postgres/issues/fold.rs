//! Issues fold: hours that are not told apart any more become one count, and what was not seen for long goes.

use std::collections::BTreeMap;

use postrider_core::issue::{self, Failures, HOURS_KEPT, Last, State};
use postrider_core::rollup::{Width, bucket_of};
use postrider_core::time::Timestamp;

use super::super::session::Session;
use super::super::tally::{self, fingerprint};
use super::{count, failures, last, read, select};
use crate::Error;
use crate::rollup::Folded;
use crate::tally::FailureKey;

/// One pass: folds hours that are not told apart any more, removes issues that were not seen for long, and resolves
/// those that somebody has looked after and that are quiet.
pub(in crate::postgres) async fn fold(
    session: &Session,
    now: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    let hours = fold_hours(session, now, limit).await?;
    let removed = remove_old(session, now.before(issue::KEPT), limit).await?;
    resolve_quiet(session, now, limit).await?;
    folded.folded += hours as u64;
    folded.removed += removed as u64;
    folded.more |= hours >= limit || removed >= limit;
    Ok(())
}

async fn fold_hours(session: &Session, now: Timestamp, limit: usize) -> Result<usize, Error> {
    let until = bucket_of(now.before(HOURS_KEPT), Width::Hour).as_micros();
    let old = session
        .conn
        .rows(
            "-- issues::fold_hours
             SELECT app_row, endpoint_row, fingerprint, hour, shard, attempts, deliveries, given_up, last_seen,
                    last_attempt, last_message
               FROM issue_count WHERE hour > 0 AND hour < $1 ORDER BY hour LIMIT $2 FOR UPDATE SKIP LOCKED",
            &[&until, &(limit as i64)],
        )
        .await?;
    // One row for each issue: a statement cannot add to a row twice.
    let mut sums: BTreeMap<FailureKey, (Failures, Last)> = BTreeMap::new();
    for row in &old {
        let fingerprint = fingerprint(row, 2)?;
        let (app_row, endpoint_row) = (row.try_get(0)?, row.try_get(1)?);
        let (hour, shard): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
        session
            .conn
            .run(
                "-- issues::fold_hours
                 DELETE FROM issue_count
                  WHERE app_row = $1 AND endpoint_row = $2 AND fingerprint = $3 AND hour = $4 AND shard = $5",
                &[&app_row, &endpoint_row, &fingerprint.as_bytes().as_slice(), &hour, &shard],
            )
            .await?;
        let key = FailureKey { app_row, endpoint_row, fingerprint, hour: 0 };
        let (failures, last) = (failures(row, 5)?, last(row, 8)?);
        let sum = sums.entry(key).or_insert((Failures::default(), last));
        sum.0.add(failures);
        if last.seen >= sum.1.seen {
            sum.1 = last;
        }
    }
    let mut counts = tally::Counts::default();
    for (key, sum) in sums {
        counts.push(&key, tally::FOLDED, sum);
    }
    let (sql, params) = counts.statement();
    session.conn.run(sql, &params).await?;
    Ok(old.len())
}

async fn remove_old(session: &Session, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let old = session
        .conn
        .rows(
            "-- issues::remove_old
             SELECT app_row, endpoint_row, fingerprint FROM issue_count c
              WHERE hour = 0 AND last_seen < $1 AND NOT EXISTS
                    (SELECT 1 FROM issue_count l WHERE l.app_row = c.app_row AND l.endpoint_row = c.endpoint_row
                        AND l.fingerprint = c.fingerprint AND (l.hour > 0 OR l.last_seen >= $1))
              ORDER BY last_seen LIMIT $2",
            &[&before.as_micros(), &(limit as i64)],
        )
        .await?;
    for row in &old {
        let fingerprint = fingerprint(row, 2)?;
        let (app_row, endpoint_row): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        session
            .conn
            .run(
                "-- issues::remove_old
                 DELETE FROM issue_count WHERE app_row = $1 AND endpoint_row = $2 AND fingerprint = $3",
                &[&app_row, &endpoint_row, &fingerprint.as_bytes().as_slice()],
            )
            .await?;
        session
            .conn
            .run(
                "-- issues::remove_old
                 DELETE FROM issue WHERE app_row = $1 AND endpoint_row = $2 AND fingerprint = $3",
                &[&app_row, &endpoint_row, &fingerprint.as_bytes().as_slice()],
            )
            .await?;
    }
    if !old.is_empty() {
        session.shared.known.lock().clear();
    }
    Ok(old.len())
}

/// Whoever looks after an issue that is over has done so: should it come again, it is open.
async fn resolve_quiet(session: &Session, now: Timestamp, limit: usize) -> Result<(), Error> {
    let sql = select!("resolve_quiet", "i.said = 1 LIMIT $1");
    let acknowledged = session.conn.rows(sql, &[&(limit as i64)]).await?;
    let found = acknowledged.iter().map(|row| read(row, 0)).collect::<Result<_, _>>()?;
    for issue in count(&session.conn, found).await? {
        if issue.state(now) == State::Resolved {
            session
                .conn
                .run(
                    "-- issues::resolve_quiet
                     UPDATE issue SET said = 3, said_at = $3 WHERE app_row = $1 AND row = $2 AND said = 1",
                    &[&issue.app.row(), &issue.id.row(), &now.as_micros()],
                )
                .await?;
        }
    }
    Ok(())
}

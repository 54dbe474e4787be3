//! Rollups fold: buckets of five minutes become hours, and hours go.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_core::rollup::{Counts, Width, bucket_of};
use postrider_core::time::Timestamp;
use rusqlite::params;

use super::super::issues;
use super::super::session::Session;
use super::{counts, pending};
use crate::rollup::{COLUMNS, Folded};
use crate::tally::Added;
use crate::{Error, crash};

/// One pass: folds buckets of five minutes into hours, removes hours, and does the same for issues.
pub(in crate::sqlite) fn fold(
    session: &mut Session<'_>,
    now: Timestamp,
    kept: Duration,
    limit: usize,
) -> Result<Folded, Error> {
    let mut folded = Folded::default();
    pending::add_up(session)?;
    fold_fine(session, now, limit, &mut folded)?;
    remove_old(session, now.before(kept), limit, &mut folded)?;
    issues::fold(session, now, limit, &mut folded)?;
    crash::point("fold.pass");
    Ok(folded)
}

/// A row's key without its width, and what it counts.
type Fine = (i64, i64, i64, String, i64, Counts);

fn fold_fine(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    // Whole hours: what is folded into one is all there is of it, but for what settles very late.
    let until = bucket_of(now.before(Width::FINE_KEPT), Width::Hour).as_micros();
    let fine: Vec<Fine> = session
        .conn
        .prepare_cached(&format!(
            "-- rollups::fold_fine
             SELECT owner_row, bucket, endpoint_row, event_type, shard, {}
               FROM rollup INDEXED BY rollup_age WHERE width = 300 AND bucket < ? ORDER BY bucket LIMIT ?",
            *COLUMNS
        ))?
        .query_map((until, limit as i64), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, counts(row, 5)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut hours: BTreeMap<(i64, i64, i64, &str), Counts> = BTreeMap::new();
    for (owner_row, bucket, endpoint_row, event_type, shard, counts) in &fine {
        let hour = bucket_of(Timestamp::from_micros(*bucket), Width::Hour).as_micros();
        hours.entry((*owner_row, hour, *endpoint_row, event_type)).or_default().merge(counts);
        session
            .conn
            .prepare_cached(
                "-- rollups::fold_fine
                 DELETE FROM rollup WHERE owner_row = ? AND bucket = ? AND width = 300 AND endpoint_row = ?
                    AND event_type = ? AND shard = ?",
            )?
            .execute(params![owner_row, bucket, endpoint_row, event_type, shard])?;
    }
    for ((owner_row, bucket, endpoint_row, event_type), counts) in hours {
        let width = Width::Hour;
        session.rollups.add(&Added { owner_row, bucket, width, endpoint_row, event_type, counts })?;
    }
    folded.folded += fine.len() as u64;
    folded.more |= fine.len() >= limit;
    Ok(())
}

fn remove_old(
    session: &Session<'_>,
    before: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    let removed = session
        .conn
        .prepare_cached(
            "-- rollups::remove_old
             DELETE FROM rollup WHERE (owner_row, bucket, width, endpoint_row, event_type, shard) IN
                 (SELECT owner_row, bucket, width, endpoint_row, event_type, shard
                    FROM rollup INDEXED BY rollup_age WHERE width = 3600 AND bucket < ? LIMIT ?)",
        )?
        .execute((before.as_micros(), limit as i64))?;
    folded.removed += removed as u64;
    folded.more |= removed >= limit;
    Ok(())
}

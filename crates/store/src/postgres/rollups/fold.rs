//! Rollups fold: buckets of five minutes become hours, and hours go.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_core::rollup::{Counts, Width, bucket_of};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::super::session::Session;
use super::super::{issues, tally};
use super::counts;
use crate::rollup::{COLUMNS, Folded};
use crate::tally::Added;
use crate::{Error, crash};

/// One pass: folds buckets of five minutes into hours, removes hours, and does the same for issues.
pub(in crate::postgres) async fn fold(
    session: &Session,
    now: Timestamp,
    kept: Duration,
    limit: usize,
) -> Result<Folded, Error> {
    let mut folded = Folded::default();
    fold_fine(session, now, limit, &mut folded).await?;
    remove_old(session, now.before(kept), limit, &mut folded).await?;
    issues::fold(session, now, limit, &mut folded).await?;
    crash::point("fold.pass");
    Ok(folded)
}

/// Rows by their key.
#[derive(Default)]
struct Keys {
    owner_row: Vec<i64>,
    bucket: Vec<i64>,
    endpoint_row: Vec<i64>,
    event_type: Vec<String>,
    shard: Vec<i64>,
}

impl Keys {
    /// Those of rows that begin with them.
    fn of(rows: &[Row]) -> Result<Self, Error> {
        let mut keys = Self::default();
        for row in rows {
            keys.owner_row.push(row.try_get(0)?);
            keys.bucket.push(row.try_get(1)?);
            keys.endpoint_row.push(row.try_get(2)?);
            keys.event_type.push(row.try_get(3)?);
            keys.shard.push(row.try_get(4)?);
        }
        Ok(keys)
    }

    async fn delete(&self, session: &Session, width: Width) -> Result<u64, Error> {
        let deleted = session
            .conn
            .run(
            "-- rollups::delete
             DELETE FROM rollup r
              USING (SELECT unnest($1::bigint[]) AS owner_row, unnest($2::bigint[]) AS bucket, $6::smallint AS width,
                            unnest($3::bigint[]) AS endpoint_row, unnest($4::text[]) AS event_type,
                            unnest($5::bigint[]) AS shard) k
              WHERE r.owner_row = k.owner_row AND r.bucket = k.bucket AND r.width = k.width
                AND r.endpoint_row = k.endpoint_row AND r.event_type = k.event_type AND r.shard = k.shard",
            &[
                &self.owner_row,
                &self.bucket,
                &self.endpoint_row,
                &self.event_type,
                &self.shard,
                &(width as i16),
            ],
        )
            .await?;
        Ok(deleted)
    }
}

async fn fold_fine(
    session: &Session,
    now: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    // Whole hours: what is folded into one is all there is of it, but for what settles very late.
    let until = bucket_of(now.before(Width::FINE_KEPT), Width::Hour).as_micros();
    let sql = format!(
        "-- rollups::fold_fine
         SELECT owner_row, bucket, endpoint_row, event_type, shard, {} FROM rollup
          WHERE width = 300 AND bucket < $1 ORDER BY bucket LIMIT $2 FOR UPDATE SKIP LOCKED",
        *COLUMNS
    );
    let fine = session.conn.rows(&sql, &[&until, &(limit as i64)]).await?;
    let keys = Keys::of(&fine)?;
    let mut hours: BTreeMap<(i64, i64, i64, &str), Counts> = BTreeMap::new();
    for (at, row) in fine.iter().enumerate() {
        let hour = bucket_of(Timestamp::from_micros(keys.bucket[at]), Width::Hour).as_micros();
        let key = (keys.owner_row[at], hour, keys.endpoint_row[at], keys.event_type[at].as_str());
        hours.entry(key).or_default().merge(&counts(row, 5)?);
    }
    keys.delete(session, Width::FiveMinutes).await?;
    let added: Vec<_> = hours
        .into_iter()
        .map(|((owner_row, bucket, endpoint_row, event_type), counts)| Added {
            owner_row,
            bucket,
            width: Width::Hour,
            endpoint_row,
            event_type,
            counts,
        })
        .collect();
    tally::add_folded(session, &added).await?;
    folded.folded += fine.len() as u64;
    folded.more |= fine.len() >= limit;
    Ok(())
}

async fn remove_old(
    session: &Session,
    before: Timestamp,
    limit: usize,
    folded: &mut Folded,
) -> Result<(), Error> {
    let old = session
        .conn
        .rows(
            "-- rollups::remove_old
             SELECT owner_row, bucket, endpoint_row, event_type, shard FROM rollup
              WHERE width = 3600 AND bucket < $1 ORDER BY bucket LIMIT $2 FOR UPDATE SKIP LOCKED",
            &[&before.as_micros(), &(limit as i64)],
        )
        .await?;
    folded.removed += Keys::of(&old)?.delete(session, Width::Hour).await?;
    folded.more |= old.len() >= limit;
    Ok(())
}

//! Which node owns which lane partition: taking those that nobody has, and giving one up.
//!
//! Nobody is asked: each node knows by [the rule](crate::partition::owner) what it should own, and takes it when it is
//! free. A partition is free when it was given up, or when its node is fenced or gone; that a number is never given
//! twice, and that nobody comes back from being fenced, makes this safe.

use std::collections::HashMap;

use super::connection::Connection;
use crate::Error;
use crate::partition::{LANE_PARTITIONS, Partitions, owner};

/// Partitions that the node with this number should own.
pub(super) fn wanted(me: i64, nodes: &[i64]) -> Partitions {
    (0..LANE_PARTITIONS).filter(|part| owner(*part, nodes) == Some(me)).collect()
}

fn numbers(parts: &Partitions) -> Vec<i16> {
    parts.iter().map(|part| part as i16).collect()
}

/// Takes those of `wanted` that are free. Who is dead is seen before anything is locked: somebody who takes a partition
/// at the same time is not in that list, even if this statement has to wait for them and then sees their number.
pub(super) async fn take(conn: &Connection, holder: i64, wanted: &Partitions) -> Result<Partitions, Error> {
    let taken = conn
        .rows(
            "-- lanes::take
             UPDATE lane_partition SET holder = $1
              WHERE part = ANY($2)
                AND (holder IS NULL OR holder = $1 OR holder = ANY(ARRAY(
                        SELECT p.holder FROM lane_partition p
                         WHERE p.part = ANY($2)
                           AND NOT EXISTS (SELECT 1 FROM node n WHERE n.holder = p.holder AND NOT n.fenced))))
                AND EXISTS (SELECT 1 FROM node n WHERE n.holder = $1 AND NOT n.fenced)
             RETURNING part",
            &[&holder, &numbers(wanted)],
        )
        .await?;
    taken.iter().map(|row| Ok(row.try_get::<_, i16>(0)?.unsigned_abs())).collect()
}

/// Gives partitions up; those that are not this node's are left alone.
pub(super) async fn give_up(conn: &Connection, holder: i64, parts: &Partitions) -> Result<(), Error> {
    conn.run(
        "-- lanes::give_up
         UPDATE lane_partition SET holder = NULL WHERE part = ANY($2) AND holder = $1",
        &[&holder, &numbers(parts)],
    )
    .await?;
    Ok(())
}

/// How many partitions each node has; those that are nobody's are not counted.
pub(super) async fn counts(conn: &Connection) -> Result<HashMap<i64, u16>, Error> {
    let counted = conn
        .rows(
            "-- lanes::counts
             SELECT holder, count(*)::integer FROM lane_partition WHERE holder IS NOT NULL GROUP BY holder",
            &[],
        )
        .await?;
    counted.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<_, i32>(1)? as u16))).collect()
}

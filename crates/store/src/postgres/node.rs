//! This process among the others that use the database: its entry, its sign of life, and the fencing of the dead.
//!
//! Only the clock of the database counts here. A node that was not seen for a lease is fenced: marked for good, so that
//! it learns of it with its next beat and stops, and what it held is put back to waiting. Its row stays for a while
//! after that, so that its slot is not given to another one while it may still be running.
//!
//! Deliberately absent: who owns which lane partition. Deliveries are protected by their holder alone.

use std::time::Duration;

use postrider_core::time::Timestamp;

use super::connection::Connection;
use super::open::{OpenError, Options};
use crate::Error;

/// Nodes that a cluster can have: as many as fit into the rows of ids.
const SLOTS: u16 = 1024;
/// How long the row of a fenced node stays after its last sign of life.
const GRAVE_AGE: Duration = Duration::from_secs(60);

/// A node's place in the cluster.
pub(super) struct Entry {
    /// What its deliveries carry.
    pub(super) holder: i64,
    /// What its ids carry.
    pub(super) slot: u16,
    /// The database's time.
    pub(super) now: Timestamp,
}

/// Enters the cluster with the lowest free slot.
pub(super) async fn enter(conn: &Connection, options: &Options) -> Result<Entry, OpenError> {
    conn.batch("BEGIN; LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE").await?;
    let entered = conn
        .row(
            "-- node::enter
             INSERT INTO node (slot, name, roles)
             SELECT free.slot, $1, $2 FROM generate_series(0, $3::integer) AS free (slot)
              WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.slot = free.slot)
              ORDER BY free.slot LIMIT 1
             RETURNING holder, slot, (extract(epoch FROM seen_at) * 1000000)::bigint",
            &[&options.node, &options.roles, &i32::from(SLOTS - 1)],
        )
        .await;
    conn.batch(if matches!(entered, Ok(Some(_))) { "COMMIT" } else { "ROLLBACK" }).await?;
    let row = entered?.ok_or(OpenError::NoSlot(SLOTS))?;
    Ok(Entry {
        holder: row.try_get(0)?,
        slot: row.try_get::<_, i16>(1)?.unsigned_abs(),
        now: Timestamp::from_micros(row.try_get(2)?),
    })
}

/// Gives the sign of life. `false` when this node was fenced: it is out, and must write no more.
pub(super) async fn beat(conn: &Connection, holder: i64) -> Result<bool, Error> {
    let seen = conn
        .run(
            "-- node::beat
             UPDATE node SET seen_at = clock_timestamp() WHERE holder = $1 AND NOT fenced",
            &[&holder],
        )
        .await?;
    Ok(seen == 1)
}

/// Fences the nodes that were not seen for `lease`, forgets those that are long gone, and says whether any fenced one
/// is there.
pub(super) async fn fence(conn: &Connection, holder: i64, lease: Duration) -> Result<bool, Error> {
    let fenced = conn
        .rows(
            "-- node::fence
             UPDATE node SET fenced = true
              WHERE holder <> $1 AND NOT fenced AND seen_at < clock_timestamp() - make_interval(secs => $2)
             RETURNING holder, name",
            &[&holder, &lease.as_secs_f64()],
        )
        .await?;
    for node in fenced {
        let (holder, name): (i64, &str) = (node.try_get(0)?, node.try_get(1)?);
        tracing::warn!(node.holder = holder, node.name = name, "fenced a node that gave no sign of life");
    }
    conn.run(
        "-- node::fence
         DELETE FROM node n
          WHERE n.fenced AND n.seen_at < clock_timestamp() - make_interval(secs => $1)
            AND NOT EXISTS (SELECT 1 FROM delivery d WHERE CASE state WHEN 1 THEN d.holder END = n.holder)",
        &[&GRAVE_AGE.as_secs_f64()],
    )
    .await?;
    let graves = conn
        .exists(
            "-- node::fence
             SELECT 1 FROM node WHERE fenced LIMIT 1",
            &[],
        )
        .await?;
    Ok(graves)
}

/// Leaves the cluster. Where something is still held the row stays behind, fenced, and others put that back.
pub(super) async fn leave(conn: &Connection, holder: i64) -> Result<(), Error> {
    let left = conn
        .run(
            "-- node::leave
             DELETE FROM node n WHERE n.holder = $1
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE CASE state WHEN 1 THEN d.holder END = n.holder)",
            &[&holder],
        )
        .await?;
    if left == 0 {
        conn.run(
            "-- node::leave
             UPDATE node SET fenced = true WHERE holder = $1",
            &[&holder],
        )
        .await?;
    }
    Ok(())
}

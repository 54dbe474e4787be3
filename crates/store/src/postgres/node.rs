//! This process among the others that use the database: its entry, its sign of life, and the fencing of the dead.
//!
//! Only the clock of the database counts here. A node that was not seen for its lease is fenced: marked for good, so that
//! it learns of it with its next beat and stops; what it held is put back to waiting, and its [partitions](super::lanes)
//! go to others. Its row stays for a while after that, so that its slot is not given to another one while it may still
//! be running.

use std::time::Duration;

use postrider_core::time::Timestamp;

use super::connection::Connection;
use super::open::{OpenError, Options};
use crate::Error;

/// Nodes that a cluster can have: as many as fit into the rows of ids.
pub(super) const SLOTS: u16 = 1024;
/// How long the row of a fenced node stays after its last sign of life.
pub(super) const GRAVE_AGE: Duration = Duration::from_secs(60);

/// A node's place in the cluster.
pub(super) struct Entry {
    /// What its deliveries carry.
    pub(super) holder: i64,
    /// What its ids carry.
    pub(super) slot: u16,
    /// The database's time.
    pub(super) now: Timestamp,
}

/// A node as its row tells.
pub(super) struct Member {
    pub(super) holder: i64,
    pub(super) slot: u16,
    pub(super) name: String,
    pub(super) roles: String,
    pub(super) fenced: bool,
    pub(super) seen_ago: Duration,
    lease: Duration,
}

impl Member {
    /// Whether it may own partitions.
    pub(super) fn dispatches(&self) -> bool {
        !self.fenced && dispatches(&self.roles)
    }

    /// Whether it was silent for too long, and somebody who has been there for `steady` may say so: one that was cut off
    /// itself, as by a restart of the database, must let the others come back first.
    fn is_overdue(&self, steady: Duration) -> bool {
        !self.fenced && self.seen_ago > self.lease && steady >= self.lease
    }
}

/// Whether a node with these roles sends.
pub(super) fn dispatches(roles: &str) -> bool {
    roles.split(',').any(|role| role.trim() == "dispatch")
}

/// Enters the cluster with the lowest free slot.
pub(super) async fn enter(conn: &Connection, options: &Options) -> Result<Entry, OpenError> {
    conn.batch("BEGIN; LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE").await?;
    let entered = conn
        .row(
            "-- node::enter
             INSERT INTO node (slot, name, roles, lease_ms)
             SELECT free.slot, $1, $2, $4 FROM generate_series(0, $3::integer) AS free (slot)
              WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.slot = free.slot)
              ORDER BY free.slot LIMIT 1
             RETURNING holder, slot, (extract(epoch FROM seen_at) * 1000000)::bigint",
            &[&options.node, &options.roles, &i32::from(SLOTS - 1), &(options.lease.as_millis() as i64)],
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

/// Gives the sign of life and looks who is there. `None` when this node was fenced: it is out, and must write no more.
pub(super) async fn beat(conn: &Connection, holder: i64) -> Result<Option<Vec<Member>>, Error> {
    let rows = conn
        .rows(
            "-- node::beat
             WITH seen AS (
                 UPDATE node SET seen_at = clock_timestamp() WHERE holder = $1 AND NOT fenced RETURNING holder
             )
             SELECT n.holder, n.slot, n.name, n.roles, n.fenced, n.lease_ms,
                    (extract(epoch FROM clock_timestamp() - n.seen_at) * 1000)::bigint,
                    n.holder = $1 AND EXISTS (SELECT 1 FROM seen)
               FROM node n ORDER BY n.slot",
            &[&holder],
        )
        .await?;
    let (mut members, mut is_in) = (Vec::with_capacity(rows.len()), false);
    for row in &rows {
        let is_me: bool = row.try_get(7)?;
        is_in |= is_me;
        let millis =
            |column| Ok::<_, Error>(Duration::from_millis(row.try_get::<_, i64>(column)?.max(0) as u64));
        members.push(Member {
            holder: row.try_get(0)?,
            slot: row.try_get::<_, i16>(1)?.unsigned_abs(),
            name: row.try_get(2)?,
            roles: row.try_get(3)?,
            fenced: row.try_get(4)?,
            lease: millis(5)?,
            seen_ago: if is_me { Duration::ZERO } else { millis(6)? },
        });
    }
    Ok(is_in.then_some(members))
}

/// Fences those of `members` that were silent for too long, as somebody who has been there for `steady` sees them.
pub(super) async fn fence(conn: &Connection, members: &mut [Member], steady: Duration) -> Result<(), Error> {
    let overdue = members.iter().filter(|member| member.is_overdue(steady));
    let overdue: Vec<i64> = overdue.map(|member| member.holder).collect();
    if overdue.is_empty() {
        return Ok(());
    }
    let fenced = conn
        .rows(
            "-- node::fence
             UPDATE node SET fenced = true
              WHERE holder = ANY($1) AND NOT fenced
                AND seen_at < clock_timestamp() - make_interval(secs => lease_ms / 1000.0)
             RETURNING holder",
            &[&overdue],
        )
        .await?;
    for row in fenced {
        let holder: i64 = row.try_get(0)?;
        for member in members.iter_mut().filter(|member| member.holder == holder) {
            member.fenced = true;
            tracing::warn!(
                node.holder = holder,
                node.name = member.name,
                "fenced a node that gave no sign of life"
            );
        }
    }
    Ok(())
}

/// Forgets fenced nodes that are long gone and hold nothing any more.
pub(super) async fn bury(conn: &Connection) -> Result<(), Error> {
    conn.run(
        "-- node::bury
         DELETE FROM node n
          WHERE n.fenced AND n.seen_at < clock_timestamp() - make_interval(secs => $1)
            AND NOT EXISTS (SELECT 1 FROM delivery d WHERE CASE state WHEN 1 THEN d.holder END = n.holder)",
        &[&GRAVE_AGE.as_secs_f64()],
    )
    .await?;
    conn.run(
        "-- node::bury
         DELETE FROM witness w WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.holder = w.holder)",
        &[],
    )
    .await?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_send_own_partitions() {
        for (roles, owns) in
            [("api, dispatch", true), ("dispatch", true), ("api,dispatch", true), ("api", false), ("", false)]
        {
            assert_eq!(dispatches(roles), owns, "{roles}");
        }
    }

    #[test]
    fn one_that_is_overdue_is_fenced_by_those_who_could_have_seen_it() {
        let [short, lease, long] = [4, 5, 6].map(Duration::from_secs);
        for (seen_ago, fenced, steady, overdue) in [
            (long, false, long, true),
            (long, false, short, false),
            (lease, false, long, false),
            (long, true, long, false),
        ] {
            let (name, roles) = (String::new(), String::new());
            let member = Member { holder: 1, slot: 0, name, roles, fenced, seen_ago, lease };
            assert_eq!(member.is_overdue(steady), overdue, "{seen_ago:?} {fenced} {steady:?}");
        }
    }
}

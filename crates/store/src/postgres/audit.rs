//! The audit log.

use postrider_core::audit::{Actor, ActorKind, Entry};
use postrider_core::id::{AuditId, EnvironmentId, first_row_at};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::{Record, is_text, json_unless_empty};
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use crate::audit::{AuditFilter, AuditScope};
use crate::failure::corrupt;
use crate::{Error, Listed, Order, Page};

/// What [`read`] reads.
const COLUMNS: &str =
    "row, id, environment_id, actor_kind, actor_id, actor_name, action, targets, changes, status,
                         address, at";

/// By the actor `$5`, of the operation `$6`, about the thing with the id `$7`.
const MATCHES: &str = "($5::text IS NULL OR actor_id = $5) AND ($6::text IS NULL OR action = $6)
                         AND ($7::text IS NULL OR targets::jsonb @> jsonb_build_array(jsonb_build_object('id', $7::text)))";

/// All entries.
pub(super) const ALL: List =
    List { name: "audit::list", key: "row", columns: COLUMNS, from: "audit WHERE TRUE", matches: MATCHES };

/// The entries about the environment `$8`.
pub(super) const LIST: List = List { from: "audit WHERE environment_id = $8", ..ALL };

fn read(row: &Row, at: usize) -> Result<Entry, Error> {
    let key = row.try_get(at)?;
    let mut record = Record::new(row, "audit", key, at + 1);
    Ok(Entry {
        id: AuditId::from_bytes(record.id("id")?),
        environment: record.id_or_none("environment_id")?.map(EnvironmentId::from_bytes),
        actor: Actor {
            kind: record.number("actor_kind", ActorKind::of_number)?,
            id: record.get("actor_id")?,
            name: record.get("actor_name")?,
        },
        action: record.get("action")?,
        targets: record.json("targets")?,
        changes: record.json("changes")?,
        status: u16::try_from(record.get::<i32>("status")?)
            .map_err(|error| corrupt("audit", "status", key, &error))?,
        address: record.get("address")?,
        at: record.time("at")?,
    })
}

pub(super) async fn record(session: &Session, entry: &Entry) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- audit::record
             INSERT INTO audit (row, id, environment_id, actor_kind, actor_id, actor_name, action, targets, changes,
                                status, address, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                &entry.id.row(),
                &entry.id.as_bytes().as_slice(),
                &entry.environment.as_ref().map(|environment| environment.as_bytes().as_slice()),
                &(entry.actor.kind as i16),
                &entry.actor.id,
                &entry.actor.name,
                &entry.action,
                &json_unless_empty(&entry.targets, entry.targets.is_empty()),
                &json_unless_empty(&entry.changes, entry.changes.is_empty()),
                &i32::from(entry.status),
                &entry.address,
                &entry.at.as_micros(),
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn list(
    conn: &Connection,
    scope: AuditScope,
    filter: &AuditFilter,
    page: &Page<AuditId>,
) -> Result<Listed<Entry, AuditId>, Error> {
    let Ok(environment) = filter.walked(scope) else { return Ok(Listed { rows: Vec::new(), next: None }) };
    let mut walk = Walk::rows(page, Order::Descending, AuditId::row).between(None, filter.until);
    if let Some(since) = filter.since {
        walk = walk.above(first_row_at(since) - 1);
    }
    let read = |row: &Row| {
        let entry = read(row, scan::COLUMNS)?;
        Ok((entry.id, entry))
    };
    let AuditFilter { actor, action, target, .. } = filter;
    if [actor, action, target].into_iter().flatten().any(|text| !is_text(text)) {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    match &environment {
        None => gather(conn, &ALL, walk, &[actor, action, target], read).await,
        Some(environment) => {
            let environment = environment.as_bytes().as_slice();
            gather(conn, &LIST, walk, &[actor, action, target, &environment], read).await
        }
    }
}

/// Removes entries made before `before`, at most `limit`.
pub(super) async fn forget(session: &Session, before: Timestamp, limit: usize) -> Result<u64, Error> {
    let removed = session
        .conn
        .run(
            "-- audit::forget
             DELETE FROM audit WHERE row = ANY(ARRAY(
                 SELECT row FROM audit WHERE row < $1 ORDER BY row LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&first_row_at(before), &(limit as i64)],
        )
        .await?;
    Ok(removed)
}

//! The audit log.

use postrider_core::audit::{Actor, ActorKind, Entry};
use postrider_core::id::{AuditId, EnvironmentId, first_row_at};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::record::{Record, json_unless_empty};
use super::scan::{Walk, gather};
use super::session::Session;
use crate::audit::{AuditFilter, AuditScope};
use crate::failure::corrupt;
use crate::{Error, Listed, Order, Page};

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- audit::",
            $name,
            "\nSELECT row, id, environment_id, actor_kind, actor_id, actor_name, action, targets, changes, status, address,
                      at
               FROM audit ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Entry, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "audit", key, 1);
    Ok(Entry {
        id: AuditId::from_bytes(record.id("id")?),
        environment: record.get::<Option<_>>("environment_id")?.map(EnvironmentId::from_bytes),
        actor: Actor {
            kind: record.number("actor_kind", ActorKind::of_number)?,
            id: record.get("actor_id")?,
            name: record.get("actor_name")?,
        },
        action: record.get("action")?,
        targets: record.json("targets")?,
        changes: record.json("changes")?,
        status: u16::try_from(record.get::<i64>("status")?)
            .map_err(|error| corrupt("audit", "status", key, &error))?,
        address: record.get("address")?,
        at: record.time("at")?,
    })
}

pub(super) fn record(session: &mut Session<'_>, entry: &Entry) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- audit::record
             INSERT INTO audit (row, id, environment_id, actor_kind, actor_id, actor_name, action, targets, changes,
                                status, address, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            entry.id.row(),
            entry.id.as_bytes(),
            entry.environment.as_ref().map(EnvironmentId::as_bytes),
            entry.actor.kind as u8,
            entry.actor.id,
            entry.actor.name,
            entry.action,
            json_unless_empty(&entry.targets, entry.targets.is_empty()),
            json_unless_empty(&entry.changes, entry.changes.is_empty()),
            entry.status,
            entry.address,
            entry.at.as_micros(),
        ])?;
    Ok(())
}

pub(super) fn list(
    conn: &Connection,
    scope: AuditScope,
    filter: &AuditFilter,
    page: &Page<AuditId>,
) -> Result<Listed<Entry, AuditId>, Error> {
    let Ok(environment) = filter.walked(scope) else { return Ok(Listed { rows: Vec::new(), next: None }) };
    let mut walk = Walk::rows(page, Order::Descending, AuditId::row).between(None, filter.until);
    walk.low = walk.low.max(filter.since.map_or(i64::MIN, |since| first_row_at(since) - 1));
    let base = match environment {
        Some(_) => select!("list", "WHERE environment_id = ?3 AND row > ?1 AND row < ?2"),
        None => select!("list", "WHERE ?3 IS NULL AND row > ?1 AND row < ?2"),
    };
    let mut statement = conn.prepare_cached(&format!("{base} ORDER BY row {}", walk.order))?;
    let environment = environment.as_ref().map(EnvironmentId::as_bytes);
    let rows = statement.query(params![walk.low, walk.high, environment])?;
    gather(&walk, rows, |row| {
        let entry = read(row)?;
        let wanted = filter.actor.as_ref().is_none_or(|actor| entry.actor.id == *actor)
            && filter.action.as_ref().is_none_or(|action| entry.action == *action)
            && filter.target.as_ref().is_none_or(|id| entry.targets.iter().any(|target| target.id == *id));
        Ok((entry.id, wanted.then_some(entry)))
    })
}

/// Removes entries made before `before`, at most `limit`.
pub(super) fn forget(session: &mut Session<'_>, before: Timestamp, limit: usize) -> Result<u64, Error> {
    let removed = session
        .conn
        .prepare_cached(
            "-- audit::forget
             DELETE FROM audit WHERE row IN (SELECT row FROM audit WHERE row < ? ORDER BY row LIMIT ?)",
        )?
        .execute((first_row_at(before), limit as i64))?;
    Ok(removed as u64)
}

//! Event types.

use postrider_core::event_type::EventType;
use postrider_core::id::{EnvironmentId, EventTypeId};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::idempotency;
use super::record::{Record, json, json_unless_empty};
use super::scan::{Walk, gather};
use super::session::Session;
use crate::{Change, CreateError, Error, Idempotency, Listed, Order, Page};

/// A name above all names.
const LAST_NAME: &str = "\u{10ffff}";

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- event_types::",
            $name,
            "\nSELECT row, id, name, description, archived, deprecated, schemas, group_name, feature_flags,
                      retry_schedule, created_at, updated_at
               FROM event_type WHERE environment_row = ?1 ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<EventType, Error> {
    let mut record = Record::new(row, "event_type", row.get(0)?, 1);
    Ok(EventType {
        id: EventTypeId::from_bytes(record.id("id")?),
        name: record.get("name")?,
        description: record.get("description")?,
        archived: record.get("archived")?,
        deprecated: record.get("deprecated")?,
        schemas: record.get("schemas")?,
        group_name: record.get("group_name")?,
        feature_flags: record.json("feature_flags")?,
        retry_schedule: record.json_or_none("retry_schedule")?,
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

pub(super) fn find(
    conn: &Connection,
    environment: EnvironmentId,
    name: &str,
) -> Result<Option<EventType>, Error> {
    let mut statement = conn.prepare_cached(select!("find", "AND name = ?2"))?;
    statement.query_and_then((environment.row(), name), read)?.next().transpose()
}

pub(super) fn list(
    conn: &Connection,
    environment: EnvironmentId,
    include_archived: bool,
    page: &Page<String>,
) -> Result<Listed<EventType, String>, Error> {
    let ends = (String::new(), LAST_NAME.to_owned());
    let walk = Walk::new(page, Order::Ascending, ends, String::clone);
    let mut statement = conn.prepare_cached(&format!(
        "{} ORDER BY name {}",
        select!("list", "AND name > ?2 AND name < ?3"),
        walk.order
    ))?;
    let rows = statement.query((environment.row(), &walk.low, &walk.high))?;
    gather(&walk, rows, |row| {
        let event_type = read(row)?;
        let shown = include_archived || !event_type.archived;
        Ok((event_type.name.clone(), shown.then_some(event_type)))
    })
}

pub(super) fn create(
    session: &mut Session<'_>,
    environment: EnvironmentId,
    event_type: &EventType,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<EventType>> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(CreateError::Repeated(repeat));
    }
    if let Some(taken) = find(session.conn, environment, &event_type.name)? {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    session
        .conn
        .prepare_cached(
            "-- event_types::create
             INSERT INTO event_type
                 (row, id, environment_row, name, description, archived, deprecated, schemas, group_name,
                  feature_flags, retry_schedule, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            event_type.id.row(),
            event_type.id.as_bytes(),
            environment.row(),
            event_type.name,
            event_type.description,
            event_type.archived,
            event_type.deprecated,
            event_type.schemas,
            event_type.group_name,
            json_unless_empty(&event_type.feature_flags, event_type.feature_flags.is_empty()),
            event_type.retry_schedule.as_ref().map(json),
            event_type.created_at.as_micros(),
            event_type.updated_at.as_micros(),
        ])?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

pub(super) fn change(
    session: &mut Session<'_>,
    environment: EnvironmentId,
    name: &str,
    change: &Change<EventType>,
    now: Timestamp,
) -> Result<Option<EventType>, Error> {
    let Some(mut event_type) = find(session.conn, environment, name)? else { return Ok(None) };
    change(&mut event_type);
    event_type.updated_at = now;
    session
        .conn
        .prepare_cached(
            "-- event_types::change
             UPDATE event_type
                SET description = ?2, archived = ?3, deprecated = ?4, schemas = ?5, group_name = ?6,
                    feature_flags = ?7, retry_schedule = ?8, updated_at = ?9
              WHERE row = ?1",
        )?
        .execute(params![
            event_type.id.row(),
            event_type.description,
            event_type.archived,
            event_type.deprecated,
            event_type.schemas,
            event_type.group_name,
            json_unless_empty(&event_type.feature_flags, event_type.feature_flags.is_empty()),
            event_type.retry_schedule.as_ref().map(json),
            event_type.updated_at.as_micros(),
        ])?;
    Ok(Some(event_type))
}

pub(super) fn delete(
    session: &mut Session<'_>,
    environment: EnvironmentId,
    name: &str,
) -> Result<bool, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- event_types::delete
         DELETE FROM event_type WHERE environment_row = ? AND name = ?",
    )?;
    Ok(statement.execute((environment.row(), name))? == 1)
}

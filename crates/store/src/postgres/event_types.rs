//! Event types.

use postrider_core::event_type::EventType;
use postrider_core::id::{EnvironmentId, EventTypeId};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::record::{Record, is_text, json, json_unless_empty};
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{changes, idempotency};
use crate::cluster::Changed;
use crate::{Change, CreateError, Error, Idempotency, Listed, Order, Page};

/// A name above all names.
const LAST_NAME: &str = "\u{10ffff}";

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "row, id, name, description, archived, deprecated, schemas, group_name, feature_flags, retry_schedule,
         created_at, updated_at"
    };
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- event_types::",
            $name,
            "\nSELECT ",
            columns!(),
            " FROM event_type WHERE environment_row = $1 AND name = $2 ",
            $rest
        )
    };
}

/// The event types of the environment with the row `$5`; archived ones too if `$6`.
pub(super) const LIST: List = List {
    name: "event_types::list",
    key: "name",
    columns: columns!(),
    from: "event_type WHERE environment_row = $5",
    matches: "$6 OR NOT archived",
};

fn read(row: &Row, at: usize) -> Result<EventType, Error> {
    let mut record = Record::new(row, "event_type", row.try_get(at)?, at + 1);
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

async fn one(
    conn: &Connection,
    sql: &str,
    environment: EnvironmentId,
    name: &str,
) -> Result<Option<EventType>, Error> {
    if !is_text(name) {
        return Ok(None);
    }
    conn.row(sql, &[&environment.row(), &name]).await?.map(|row| read(&row, 0)).transpose()
}

pub(super) async fn find(
    conn: &Connection,
    environment: EnvironmentId,
    name: &str,
) -> Result<Option<EventType>, Error> {
    one(conn, select!("find", ""), environment, name).await
}

pub(super) async fn list(
    conn: &Connection,
    environment: EnvironmentId,
    include_archived: bool,
    page: &Page<String>,
) -> Result<Listed<EventType, String>, Error> {
    let ends = (String::new(), LAST_NAME.to_owned());
    let walk = Walk::new(page, Order::Ascending, ends, |name| place(name));
    let params: Params<'_> = &[&environment.row(), &include_archived];
    gather(conn, &LIST, walk, params, |row| {
        let event_type = read(row, scan::COLUMNS)?;
        Ok((event_type.name.clone(), event_type))
    })
    .await
}

/// Where a name from outside stands among names: what PostgreSQL cannot hold is replaced by what stands in the same place,
/// since names have no control characters.
fn place(name: &str) -> String {
    name.replace('\0', "\u{1}")
}

pub(super) async fn create(
    session: &Session,
    environment: EnvironmentId,
    event_type: &EventType,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<EventType>> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(CreateError::Repeated(repeat));
    }
    if let Some(taken) = find(&session.conn, environment, &event_type.name).await? {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    session
        .conn
        .run(
            "-- event_types::create
             INSERT INTO event_type
                 (row, id, environment_row, name, description, archived, deprecated, schemas, group_name,
                  feature_flags, retry_schedule, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                &event_type.id.row(),
                &event_type.id.as_bytes().as_slice(),
                &environment.row(),
                &event_type.name,
                &event_type.description,
                &event_type.archived,
                &event_type.deprecated,
                &event_type.schemas,
                &event_type.group_name,
                &json_unless_empty(&event_type.feature_flags, event_type.feature_flags.is_empty()),
                &event_type.retry_schedule.as_ref().map(json),
                &event_type.created_at.as_micros(),
                &event_type.updated_at.as_micros(),
            ],
        )
        .await?;
    changes::note(session, &Changed::EventType(environment, event_type.name.clone())).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

pub(super) async fn change(
    session: &Session,
    environment: EnvironmentId,
    name: &str,
    change: &Change<EventType>,
    now: Timestamp,
) -> Result<Option<EventType>, Error> {
    let found = one(&session.conn, select!("change", "FOR UPDATE"), environment, name).await?;
    let Some(mut event_type) = found else { return Ok(None) };
    change(&mut event_type);
    event_type.updated_at = now;
    session
        .conn
        .run(
            "-- event_types::change
             UPDATE event_type
                SET description = $2, archived = $3, deprecated = $4, schemas = $5, group_name = $6,
                    feature_flags = $7, retry_schedule = $8, updated_at = $9
              WHERE row = $1",
            &[
                &event_type.id.row(),
                &event_type.description,
                &event_type.archived,
                &event_type.deprecated,
                &event_type.schemas,
                &event_type.group_name,
                &json_unless_empty(&event_type.feature_flags, event_type.feature_flags.is_empty()),
                &event_type.retry_schedule.as_ref().map(json),
                &event_type.updated_at.as_micros(),
            ],
        )
        .await?;
    changes::note(session, &Changed::EventType(environment, event_type.name.clone())).await?;
    Ok(Some(event_type))
}

pub(super) async fn delete(session: &Session, environment: EnvironmentId, name: &str) -> Result<bool, Error> {
    if !is_text(name) {
        return Ok(false);
    }
    let deleted = session
        .conn
        .run(
            "-- event_types::delete
             DELETE FROM event_type WHERE environment_row = $1 AND name = $2",
            &[&environment.row(), &name],
        )
        .await?;
    if deleted == 1 {
        changes::note(session, &Changed::EventType(environment, name.to_owned())).await?;
    }
    Ok(deleted == 1)
}

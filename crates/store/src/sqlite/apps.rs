//! Applications.

use postrider_core::app::{App, Ref};
use postrider_core::id::{AppId, EnvironmentId, SourceId};
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, ToSql, params};

use super::idempotency;
use super::record::{Record, json_unless_empty};
use super::scan::{Walk, gather};
use super::session::Session;
use crate::{AppFilter, Change, ChangeError, CreateError, Error, Idempotency, Listed, Order, Page};

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- apps::",
            $name,
            "\nSELECT a.row, a.id, e.id, a.uid, a.name, a.throttle_rate, a.metadata, a.source_id, a.created_at, a.updated_at
               FROM app a JOIN environment e ON e.row = a.environment_row
              WHERE a.deleted_at IS NULL ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<App, Error> {
    let mut record = Record::new(row, "app", row.get(0)?, 1);
    Ok(App {
        id: AppId::from_bytes(record.id("id")?),
        environment: EnvironmentId::from_bytes(record.id("environment")?),
        uid: record.get("uid")?,
        name: record.get("name")?,
        throttle_rate: record.get("throttle_rate")?,
        metadata: record.json("metadata")?,
        source: record.get::<Option<_>>("source_id")?.map(SourceId::from_bytes),
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

fn one(conn: &Connection, sql: &str, key: impl rusqlite::Params) -> Result<Option<App>, Error> {
    conn.prepare_cached(sql)?.query_and_then(key, read)?.next().transpose()
}

pub(super) fn find(
    conn: &Connection,
    environment: EnvironmentId,
    app: &Ref<AppId>,
) -> Result<Option<App>, Error> {
    match app {
        Ref::Id(id) => one(
            conn,
            select!("find", "AND a.source_id IS NULL AND a.row = ? AND a.id = ? AND a.environment_row = ?"),
            (id.row(), id.as_bytes(), environment.row()),
        ),
        Ref::Uid(uid) => {
            one(conn, select!("find", "AND a.environment_row = ? AND a.uid = ?"), (environment.row(), uid))
        }
    }
}

pub(super) fn by_id(conn: &Connection, id: AppId) -> Result<Option<App>, Error> {
    one(conn, select!("by_id", "AND a.row = ? AND a.id = ?"), (id.row(), id.as_bytes()))
}

pub(super) fn list(
    conn: &Connection,
    environment: EnvironmentId,
    filter: AppFilter,
    page: &Page<AppId>,
) -> Result<Listed<App, AppId>, Error> {
    let walk = Walk::rows(page, Order::Ascending, AppId::row);
    let mut statement = conn.prepare_cached(&format!(
        "{} ORDER BY a.row {}",
        select!("list", "AND a.source_id IS NULL AND a.environment_row = ? AND a.row > ? AND a.row < ?"),
        walk.order
    ))?;
    let rows = statement.query((environment.row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let app = read(row)?;
        let matches = has_endpoints(conn, app.id.row(), filter)?;
        Ok((app.id, matches.then_some(app)))
    })
}

fn has_endpoints(conn: &Connection, app_row: i64, filter: AppFilter) -> Result<bool, Error> {
    if !filter.with_endpoints && !filter.with_enabled_endpoints {
        return Ok(true);
    }
    let mut statement = conn.prepare_cached(
        "-- apps::has_endpoints
         SELECT 1 FROM endpoint WHERE app_row = ?1 AND deleted_at IS NULL AND (disabled_at IS NULL OR NOT ?2)",
    )?;
    Ok(statement.exists((app_row, filter.with_enabled_endpoints))?)
}

pub(super) fn create(
    session: &mut Session<'_>,
    app: &App,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<App>> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(CreateError::Repeated(repeat));
    }
    if let Some(uid) = &app.uid
        && let Some(taken) = find(session.conn, app.environment, &Ref::Uid(uid.clone()))?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    insert(session.conn, app)?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

pub(super) fn insert(conn: &Connection, app: &App) -> Result<(), Error> {
    conn.prepare_cached(
            "-- apps::insert
             INSERT INTO app
                 (row, id, environment_row, uid, name, throttle_rate, metadata, source_id, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            app.id.row(),
            app.id.as_bytes(),
            app.environment.row(),
            app.uid,
            app.name,
            app.throttle_rate,
            json_unless_empty(&app.metadata, app.metadata.is_empty()),
            app.source.as_ref().map(SourceId::as_bytes),
            app.created_at.as_micros(),
            app.updated_at.as_micros(),
        ])?;
    Ok(())
}

pub(super) fn change(
    session: &mut Session<'_>,
    scope: AppScope,
    change: &Change<App>,
    now: Timestamp,
) -> Result<Option<App>, ChangeError> {
    let found = find(session.conn, scope.environment(), &Ref::Id(scope.app()))?;
    let Some(mut app) = found else { return Ok(None) };
    change(&mut app);
    app.updated_at = now;
    if let Some(uid) = &app.uid
        && find(session.conn, app.environment, &Ref::Uid(uid.clone()))?
            .is_some_and(|other| other.id != app.id)
    {
        return Err(ChangeError::Taken);
    }
    session
        .conn
        .prepare_cached(
            "-- apps::change
             UPDATE app SET uid = ?2, name = ?3, throttle_rate = ?4, metadata = ?5, updated_at = ?6 WHERE row = ?1",
        )?
        .execute(params![
            app.id.row(),
            app.uid,
            app.name,
            app.throttle_rate,
            json_unless_empty(&app.metadata, app.metadata.is_empty()),
            app.updated_at.as_micros(),
        ])?;
    Ok(Some(app))
}

/// Marks the application and all its endpoints as deleted, frees their uids, and ends its portal sessions: their tokens
/// would go on to read what is the environment's. Its endpoints and sessions are few enough
/// (`limits::APP_ENDPOINTS`, `limits::PORTAL_SESSIONS`) for one transaction; its messages may not be.
pub(super) fn delete(session: &mut Session<'_>, scope: AppScope, now: Timestamp) -> Result<bool, Error> {
    if !session.has_app(scope)? {
        return Ok(false);
    }
    let app_row = scope.app().row();
    session.apps.forget(app_row);
    let run = |sql, args: &[&dyn ToSql]| session.conn.prepare_cached(sql)?.execute(args);
    run(
        "-- apps::delete
         UPDATE app SET deleted_at = ?2, uid = NULL WHERE row = ?1",
        &[&app_row, &now.as_micros()],
    )?;
    run(
        "-- apps::delete
         UPDATE endpoint SET deleted_at = ?2, uid = NULL WHERE app_row = ?1 AND deleted_at IS NULL",
        &[&app_row, &now.as_micros()],
    )?;
    run(
        "-- apps::delete
         DELETE FROM portal_session WHERE app_row = ?1",
        &[&app_row],
    )?;
    Ok(true)
}

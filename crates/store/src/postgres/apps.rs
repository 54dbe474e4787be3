//! Applications.

use postrider_core::app::{App, Ref};
use postrider_core::id::{AppId, EnvironmentId, SourceId};
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::record::{Record, integer, is_text, json_unless_empty};
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{changes, idempotency};
use crate::cluster::Changed;
use crate::{AppFilter, Change, ChangeError, CreateError, Error, Idempotency, Listed, Order, Page};

/// The condition that the application of a scope is there: what every statement about its things begins with. Given are
/// the parameters of its row, its environment's row and its id.
macro_rules! is_live {
    ($row:literal, $environment_row:literal, $id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM app WHERE row = ",
            $row,
            " AND environment_row = ",
            $environment_row,
            " AND id = ",
            $id,
            " AND deleted_at IS NULL)"
        )
    };
}
pub(super) use is_live;

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "a.row, a.id, e.id, a.uid, a.name, a.throttle_rate, a.metadata, a.source_id, a.created_at,
         a.updated_at"
    };
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- apps::",
            $name,
            "\nSELECT ",
            columns!(),
            " FROM app a JOIN environment e ON e.row = a.environment_row WHERE a.deleted_at IS NULL ",
            $rest
        )
    };
}

/// The applications of the environment with the row `$5`: those with endpoints if `$6`, with enabled ones if `$7`.
pub(super) const LIST: List = List {
    name: "apps::list",
    key: "a.row",
    columns: columns!(),
    from: "app a JOIN environment e ON e.row = a.environment_row
            WHERE a.environment_row = $5 AND a.deleted_at IS NULL AND a.source_id IS NULL",
    // Not EXISTS, which the planner might answer from a hash of the endpoints of all applications.
    matches: "NOT ($6 OR $7) OR
        (SELECT true FROM endpoint p
          WHERE p.app_row = a.row AND p.deleted_at IS NULL AND (p.disabled_at IS NULL OR NOT $7) LIMIT 1)",
};

fn read(row: &Row, at: usize) -> Result<App, Error> {
    let mut record = Record::new(row, "app", row.try_get(at)?, at + 1);
    Ok(App {
        id: AppId::from_bytes(record.id("id")?),
        environment: EnvironmentId::from_bytes(record.id("environment")?),
        uid: record.get("uid")?,
        name: record.get("name")?,
        throttle_rate: record.count_or_none("throttle_rate")?,
        metadata: record.json("metadata")?,
        source: record.id_or_none("source_id")?.map(SourceId::from_bytes),
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

async fn one(conn: &Connection, sql: &str, key: Params<'_>) -> Result<Option<App>, Error> {
    conn.row(sql, key).await?.map(|row| read(&row, 0)).transpose()
}

pub(super) async fn find(
    conn: &Connection,
    environment: EnvironmentId,
    app: &Ref<AppId>,
) -> Result<Option<App>, Error> {
    match app {
        Ref::Id(id) => {
            let sql = select!(
                "find",
                "AND a.row = $1 AND a.id = $2 AND a.environment_row = $3 AND a.source_id IS NULL"
            );
            one(conn, sql, &[&id.row(), &id.as_bytes().as_slice(), &environment.row()]).await
        }
        Ref::Uid(uid) if !is_text(uid) => Ok(None),
        Ref::Uid(uid) => {
            let sql = select!("find", "AND a.environment_row = $1 AND a.uid = $2");
            one(conn, sql, &[&environment.row(), uid]).await
        }
    }
}

pub(super) async fn by_id(conn: &Connection, id: AppId) -> Result<Option<App>, Error> {
    let sql = select!("by_id", "AND a.row = $1 AND a.id = $2");
    one(conn, sql, &[&id.row(), &id.as_bytes().as_slice()]).await
}

pub(super) async fn list(
    conn: &Connection,
    environment: EnvironmentId,
    filter: AppFilter,
    page: &Page<AppId>,
) -> Result<Listed<App, AppId>, Error> {
    let walk = Walk::rows(page, Order::Ascending, AppId::row);
    let params: Params<'_> = &[&environment.row(), &filter.with_endpoints, &filter.with_enabled_endpoints];
    gather(conn, &LIST, walk, params, |row| {
        let app = read(row, scan::COLUMNS)?;
        Ok((app.id, app))
    })
    .await
}

pub(super) async fn create(
    session: &Session,
    app: &App,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<App>> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(CreateError::Repeated(repeat));
    }
    if let Some(uid) = &app.uid
        && let Some(taken) = find(&session.conn, app.environment, &Ref::Uid(uid.clone())).await?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    insert(session, app).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

/// Adds the row, and notes that.
pub(super) async fn insert(session: &Session, app: &App) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- apps::insert
             INSERT INTO app
                 (row, id, environment_row, uid, name, throttle_rate, metadata, source_id, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &app.id.row(),
                &app.id.as_bytes().as_slice(),
                &app.environment.row(),
                &app.uid,
                &app.name,
                &app.throttle_rate.map(integer),
                &json_unless_empty(&app.metadata, app.metadata.is_empty()),
                &app.source.as_ref().map(|source| source.as_bytes().as_slice()),
                &app.created_at.as_micros(),
                &app.updated_at.as_micros(),
            ],
        )
        .await?;
    changes::note(session, &Changed::App(app.id)).await
}

pub(super) async fn change(
    session: &Session,
    scope: AppScope,
    change: &Change<App>,
    now: Timestamp,
) -> Result<Option<App>, ChangeError> {
    let (id, environment) = (scope.app(), scope.environment());
    let sql = select!(
        "change",
        "AND a.row = $1 AND a.id = $2 AND a.environment_row = $3 AND a.source_id IS NULL FOR UPDATE OF a"
    );
    let key: Params<'_> = &[&id.row(), &id.as_bytes().as_slice(), &environment.row()];
    let Some(mut app) = one(&session.conn, sql, key).await? else { return Ok(None) };
    change(&mut app);
    app.updated_at = now;
    if let Some(uid) = &app.uid
        && find(&session.conn, environment, &Ref::Uid(uid.clone())).await?.is_some_and(|other| other.id != id)
    {
        return Err(ChangeError::Taken);
    }
    session
        .conn
        .run(
            "-- apps::change
             UPDATE app SET uid = $2, name = $3, throttle_rate = $4, metadata = $5, updated_at = $6 WHERE row = $1",
            &[
                &id.row(),
                &app.uid,
                &app.name,
                &app.throttle_rate.map(integer),
                &json_unless_empty(&app.metadata, app.metadata.is_empty()),
                &app.updated_at.as_micros(),
            ],
        )
        .await?;
    changes::note(session, &Changed::App(id)).await?;
    Ok(Some(app))
}

/// Marks the application and all its endpoints as deleted, frees their uids, and ends its portal sessions: their tokens
/// would go on to read what is the environment's. Its endpoints and sessions are few enough
/// (`limits::APP_ENDPOINTS`, `limits::PORTAL_SESSIONS`) for one transaction; its messages may not be.
///
/// Statements of their own, because the later ones must see the endpoints and sessions of those who held the application's row before the first
/// got it.
pub(super) async fn delete(session: &Session, scope: AppScope, now: Timestamp) -> Result<bool, Error> {
    let (id, at) = (scope.app(), now.as_micros());
    let deleted = session
        .conn
        .run(
            "-- apps::delete
             UPDATE app SET deleted_at = $4, uid = NULL
              WHERE row = $1 AND environment_row = $2 AND id = $3 AND deleted_at IS NULL",
            &[&id.row(), &scope.environment().row(), &id.as_bytes().as_slice(), &at],
        )
        .await?;
    if deleted == 0 {
        return Ok(false);
    }
    session
        .conn
        .run(
            "-- apps::delete
             UPDATE endpoint SET deleted_at = $2, uid = NULL WHERE app_row = $1 AND deleted_at IS NULL",
            &[&id.row(), &at],
        )
        .await?;
    let ended = session
        .conn
        .run(
            "-- apps::delete
             DELETE FROM portal_session WHERE app_row = $1",
            &[&id.row()],
        )
        .await?;
    if ended > 0 {
        changes::note(session, &Changed::Keys).await?;
    }
    changes::note(session, &Changed::App(id)).await?;
    Ok(true)
}

/// Keeps the application of `scope` from being deleted, and others who ask for the same waiting, until the transaction
/// ends. `false` when it is not there.
pub(super) async fn lock(session: &Session, scope: AppScope) -> Result<bool, Error> {
    let id = scope.app();
    let found = session
        .conn
        .exists(
            "-- apps::lock
             SELECT 1 FROM app
              WHERE row = $1 AND environment_row = $2 AND id = $3 AND deleted_at IS NULL FOR NO KEY UPDATE",
            &[&id.row(), &scope.environment().row(), &id.as_bytes().as_slice()],
        )
        .await?;
    Ok(found)
}

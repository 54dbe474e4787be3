//! Endpoints.

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::idempotency;
use super::scan::{Walk, gather};
use super::session::{Session, is_live};
use crate::seal::Sealer;
use crate::{Change, ChangeError, CreateError, EndpointMark, Error, Idempotency, Listed, Mark, Order, Page};

mod row;

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- endpoints::",
            $name,
            "\nSELECT ",
            row::columns!(),
            " FROM endpoint e WHERE e.app_row = ?1 AND e.deleted_at IS NULL ",
            $rest
        )
    };
}

pub(super) fn find(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    endpoint: &Ref<EndpointId>,
) -> Result<Option<Endpoint>, Error> {
    if !is_live(conn, scope)? {
        return Ok(None);
    }
    let app = scope.app();
    let read = |row: &rusqlite::Row<'_>| row::read(row, app, sealer);
    match endpoint {
        Ref::Id(id) => conn
            .prepare_cached(select!("find", "AND e.row = ?2 AND e.id = ?3"))?
            .query_and_then((app.row(), id.row(), id.as_bytes()), read)?
            .next()
            .transpose(),
        Ref::Uid(uid) => conn
            .prepare_cached(select!("find", "AND e.uid = ?2"))?
            .query_and_then((app.row(), uid), read)?
            .next()
            .transpose(),
    }
}

/// Whether the endpoint is there: what whoever works on its deliveries begins with.
pub(super) fn exists(conn: &Connection, scope: AppScope, endpoint: EndpointId) -> Result<bool, Error> {
    if !is_live(conn, scope)? {
        return Ok(false);
    }
    let mut statement = conn.prepare_cached(
        "-- endpoints::exists
         SELECT 1 FROM endpoint WHERE row = ? AND id = ? AND app_row = ? AND deleted_at IS NULL",
    )?;
    Ok(statement.exists((endpoint.row(), endpoint.as_bytes(), scope.app().row()))?)
}

pub(super) fn list(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    page: &Page<EndpointId>,
) -> Result<Listed<Endpoint, EndpointId>, Error> {
    if !is_live(conn, scope)? {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let walk = Walk::rows(page, Order::Descending, EndpointId::row);
    let mut statement = conn.prepare_cached(&format!(
        "{} ORDER BY e.row {}",
        select!("list", "AND e.row > ?2 AND e.row < ?3"),
        walk.order
    ))?;
    let rows = statement.query((scope.app().row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let endpoint = row::read(row, scope.app(), sealer)?;
        Ok((endpoint.id, Some(endpoint)))
    })
}

pub(super) fn all(conn: &Connection, sealer: &Sealer, scope: AppScope) -> Result<Vec<Endpoint>, Error> {
    if !is_live(conn, scope)? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(select!("all", "ORDER BY e.row"))?;
    statement.query_and_then([scope.app().row()], |row| row::read(row, scope.app(), sealer))?.collect()
}

pub(super) fn create(
    session: &mut Session<'_>,
    scope: AppScope,
    endpoint: &Endpoint,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<Endpoint>> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(CreateError::Repeated(repeat));
    }
    if !session.has_app(scope)? {
        return Err(CreateError::NoApp);
    }
    if let Some(uid) = &endpoint.uid
        && let Some(taken) = find(session.conn, &session.sealer, scope, &Ref::Uid(uid.clone()))?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    let there: i64 = session
        .conn
        .prepare_cached(
            "-- endpoints::create
             SELECT count(*) FROM endpoint WHERE app_row = ? AND deleted_at IS NULL",
        )?
        .query_row([scope.app().row()], |row| row.get(0))?;
    if there >= limits::APP_ENDPOINTS as i64 {
        return Err(CreateError::TooMany { limit: limits::APP_ENDPOINTS });
    }
    let mut statement = session.conn.prepare_cached(
        "-- endpoints::create
         INSERT INTO endpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
    )?;
    row::write(&mut statement, endpoint, &session.sealer)?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

pub(super) fn change(
    session: &mut Session<'_>,
    scope: AppScope,
    id: EndpointId,
    change: &Change<Endpoint>,
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Endpoint>, ChangeError> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(ChangeError::Repeated(repeat));
    }
    let found = find(session.conn, &session.sealer, scope, &Ref::Id(id))?;
    let Some(mut endpoint) = found else { return Ok(None) };
    change(&mut endpoint);
    endpoint.updated_at = now;
    if let Some(uid) = &endpoint.uid
        && is_taken(session.conn, scope, id, uid)?
    {
        return Err(ChangeError::Taken);
    }
    let mut statement = session.conn.prepare_cached(
        "-- endpoints::change
         UPDATE endpoint
            SET uid = ?4, url = ?5, description = ?6, event_types = ?7, channels = ?8, throttle_rate = ?9,
                disabled_at = ?10, disabled_reason = ?11, metadata = ?12, headers = ?13, keys = ?14,
                timeout_ms = ?15, ordering = ?16, retry_schedule = ?17, failing_since = ?18, updated_at = ?20
          WHERE row = ?1 AND id = ?2 AND app_row = ?3 AND created_at = ?19",
    )?;
    let changed = row::write(&mut statement, &endpoint, &session.sealer)?;
    debug_assert_eq!(changed, 1, "a change leaves id, owner and creation time alone");
    idempotency::remember(session, idempotency)?;
    Ok(Some(endpoint))
}

fn is_taken(conn: &Connection, scope: AppScope, by_other_than: EndpointId, uid: &str) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "-- endpoints::is_taken
         SELECT row FROM endpoint WHERE app_row = ? AND uid = ?",
    )?;
    let owner: Option<i64> = statement.query_row((scope.app().row(), uid), |row| row.get(0)).optional()?;
    Ok(owner.is_some_and(|row| row != by_other_than.row()))
}

pub(super) fn delete(
    session: &mut Session<'_>,
    scope: AppScope,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- endpoints::delete
         UPDATE endpoint SET deleted_at = ?4, uid = NULL
          WHERE row = ?1 AND id = ?2 AND app_row = ?3 AND deleted_at IS NULL",
    )?;
    let args = (endpoint.row(), endpoint.as_bytes(), scope.app().row(), now.as_micros());
    Ok(session.has_app(scope)? && statement.execute(args)? == 1)
}

/// Notes a change of an endpoint's health.
pub(super) fn mark(session: &mut Session<'_>, mark: &EndpointMark) -> Result<(), Error> {
    let row = mark.endpoint.row();
    match mark.mark {
        Mark::Failing { since } => session
            .conn
            .prepare_cached(
                "-- endpoints::mark
                 UPDATE endpoint SET failing_since = ?2
                  WHERE row = ?1 AND (failing_since IS NULL OR failing_since > ?2)",
            )?
            .execute((row, since.as_micros()))?,
        Mark::Recovered => session
            .conn
            .prepare_cached(
                "-- endpoints::mark
                 UPDATE endpoint SET failing_since = NULL WHERE row = ?1",
            )?
            .execute([row])?,
        Mark::Disabled { at, reason } => session
            .conn
            .prepare_cached(
                "-- endpoints::mark
                 UPDATE endpoint SET disabled_at = ?2, disabled_reason = ?3 WHERE row = ?1 AND disabled_at IS NULL",
            )?
            .execute((row, at.as_micros(), row::reason_number(reason)))?,
    };
    Ok(())
}

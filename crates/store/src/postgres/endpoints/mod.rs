//! Endpoints.

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;

use super::connection::{Connection, Params};
use super::record::is_text;
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{apps, changes, idempotency};
use crate::cluster::Changed;
use crate::seal::Sealer;
use crate::{Change, ChangeError, CreateError, EndpointMark, Error, Idempotency, Listed, Mark, Order, Page};

mod row;

/// The condition that an endpoint of an application is there. Given are the parameters of the application's row and of
/// the endpoint's row and id.
macro_rules! is_live {
    ($app_row:literal, $row:literal, $id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM endpoint WHERE app_row = ",
            $app_row,
            " AND row = ",
            $row,
            " AND id = ",
            $id,
            " AND deleted_at IS NULL)"
        )
    };
}
pub(super) use is_live;

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- endpoints::",
            $name,
            "\nSELECT ",
            row::columns!(),
            " FROM endpoint e WHERE e.app_row = $1 AND e.deleted_at IS NULL AND ",
            apps::is_live!("$1", "$2", "$3"),
            $rest
        )
    };
}

/// The endpoints of the application of the scope `$5` to `$7`.
pub(super) const LIST: List = List {
    name: "endpoints::list",
    key: "e.row",
    columns: row::columns!(),
    from: concat!(
        "endpoint e WHERE e.app_row = $5 AND e.deleted_at IS NULL AND ",
        apps::is_live!("$5", "$6", "$7")
    ),
    matches: "true",
};

pub(super) async fn find(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    endpoint: &Ref<EndpointId>,
) -> Result<Option<Endpoint>, Error> {
    let (app, environment_row) = (scope.app(), scope.environment().row());
    let (app_row, app_id) = (app.row(), app.as_bytes().as_slice());
    let found = match endpoint {
        Ref::Id(id) => {
            let sql = select!("find", " AND e.row = $4 AND e.id = $5");
            let params: Params<'_> =
                &[&app_row, &environment_row, &app_id, &id.row(), &id.as_bytes().as_slice()];
            conn.row(sql, params).await?
        }
        Ref::Uid(uid) if !is_text(uid) => None,
        Ref::Uid(uid) => {
            let sql = select!("find", " AND e.uid = $4");
            conn.row(sql, &[&app_row, &environment_row, &app_id, uid]).await?
        }
    };
    found.map(|row| row::read(&row, 0, app, sealer)).transpose()
}

/// Whether the endpoint is there: what whoever works on its deliveries begins with.
pub(super) async fn exists(conn: &Connection, scope: AppScope, endpoint: EndpointId) -> Result<bool, Error> {
    let found = conn
        .exists(
            concat!(
                "-- endpoints::exists\nSELECT 1 WHERE ",
                apps::is_live!("$1", "$2", "$3"),
                " AND ",
                is_live!("$1", "$4", "$5")
            ),
            &[
                &scope.app().row(),
                &scope.environment().row(),
                &scope.app().as_bytes().as_slice(),
                &endpoint.row(),
                &endpoint.as_bytes().as_slice(),
            ],
        )
        .await?;
    Ok(found)
}

pub(super) async fn list(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    page: &Page<EndpointId>,
) -> Result<Listed<Endpoint, EndpointId>, Error> {
    let walk = Walk::rows(page, Order::Descending, EndpointId::row);
    let app = scope.app();
    let params: Params<'_> = &[&app.row(), &scope.environment().row(), &app.as_bytes().as_slice()];
    gather(conn, &LIST, walk, params, |row| {
        let endpoint = row::read(row, scan::COLUMNS, app, sealer)?;
        Ok((endpoint.id, endpoint))
    })
    .await
}

pub(super) async fn all(conn: &Connection, sealer: &Sealer, scope: AppScope) -> Result<Vec<Endpoint>, Error> {
    let app = scope.app();
    let params: Params<'_> = &[&app.row(), &scope.environment().row(), &app.as_bytes().as_slice()];
    let rows = conn.rows(select!("all", " ORDER BY e.row"), params).await?;
    rows.iter().map(|row| row::read(row, 0, app, sealer)).collect()
}

/// Those who add endpoints to one application take turns, so that they count each other's.
pub(super) async fn create(
    session: &Session,
    scope: AppScope,
    endpoint: &Endpoint,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<Endpoint>> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(CreateError::Repeated(repeat));
    }
    if !apps::lock(session, scope).await? {
        return Err(CreateError::NoApp);
    }
    let (conn, sealer) = (&session.conn, session.sealer());
    if let Some(uid) = &endpoint.uid
        && let Some(taken) = find(conn, sealer, scope, &Ref::Uid(uid.clone())).await?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    if count(conn, scope).await? >= limits::APP_ENDPOINTS as i64 {
        return Err(CreateError::TooMany { limit: limits::APP_ENDPOINTS });
    }
    let sql = "-- endpoints::create
        INSERT INTO endpoint
            (app_row, row, id, uid, url, description, event_types, channels, throttle_rate, disabled_at,
             disabled_reason, metadata, headers, keys, timeout_ms, ordering, retry_schedule, failing_since,
             created_at, updated_at)
        VALUES
            ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    row::write(conn, sql, endpoint, sealer).await?;
    changes::note(session, &Changed::App(scope.app())).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

async fn count(conn: &Connection, scope: AppScope) -> Result<i64, Error> {
    let counted = conn
        .row(
            "-- endpoints::count
             SELECT count(*) FROM endpoint WHERE app_row = $1 AND deleted_at IS NULL",
            &[&scope.app().row()],
        )
        .await?;
    Ok(counted.expect("an aggregate without groups gives one row").try_get(0)?)
}

pub(super) async fn change(
    session: &Session,
    scope: AppScope,
    id: EndpointId,
    change: &Change<Endpoint>,
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Endpoint>, ChangeError> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(ChangeError::Repeated(repeat));
    }
    let (conn, sealer) = (&session.conn, session.sealer());
    let Some(mut endpoint) = find_to_change(conn, sealer, scope, id).await? else { return Ok(None) };
    change(&mut endpoint);
    endpoint.updated_at = now;
    if let Some(uid) = &endpoint.uid
        && is_taken(conn, scope, id, uid).await?
    {
        return Err(ChangeError::Taken);
    }
    let sql = "-- endpoints::change
        UPDATE endpoint
           SET uid = $4, url = $5, description = $6, event_types = $7, channels = $8, throttle_rate = $9,
               disabled_at = $10, disabled_reason = $11, metadata = $12, headers = $13, keys = $14,
               timeout_ms = $15, ordering = $16, retry_schedule = $17, failing_since = $18, updated_at = $20
         WHERE app_row = $1 AND row = $2 AND id = $3 AND created_at = $19";
    let changed = row::write(conn, sql, &endpoint, sealer).await?;
    debug_assert_eq!(changed, 1, "a change leaves id, owner and creation time alone");
    changes::note(session, &Changed::App(scope.app())).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(Some(endpoint))
}

/// The endpoint, which nobody else changes until the transaction ends.
async fn find_to_change(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    id: EndpointId,
) -> Result<Option<Endpoint>, Error> {
    let sql = select!("find_to_change", " AND e.row = $4 AND e.id = $5 FOR UPDATE OF e");
    let app = scope.app();
    let params: Params<'_> = &[
        &app.row(),
        &scope.environment().row(),
        &app.as_bytes().as_slice(),
        &id.row(),
        &id.as_bytes().as_slice(),
    ];
    conn.row(sql, params).await?.map(|row| row::read(&row, 0, app, sealer)).transpose()
}

async fn is_taken(
    conn: &Connection,
    scope: AppScope,
    by_other_than: EndpointId,
    uid: &str,
) -> Result<bool, Error> {
    let taken = conn
        .exists(
            "-- endpoints::is_taken
             SELECT 1 FROM endpoint WHERE app_row = $1 AND uid = $2 AND row <> $3",
            &[&scope.app().row(), &uid, &by_other_than.row()],
        )
        .await?;
    Ok(taken)
}

pub(super) async fn delete(
    session: &Session,
    scope: AppScope,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<bool, Error> {
    let deleted = session
        .conn
        .run(
            concat!(
                "-- endpoints::delete
                 UPDATE endpoint SET deleted_at = $6, uid = NULL
                  WHERE app_row = $1 AND row = $4 AND id = $5 AND deleted_at IS NULL AND ",
                apps::is_live!("$1", "$2", "$3")
            ),
            &[
                &scope.app().row(),
                &scope.environment().row(),
                &scope.app().as_bytes().as_slice(),
                &endpoint.row(),
                &endpoint.as_bytes().as_slice(),
                &now.as_micros(),
            ],
        )
        .await?;
    if deleted == 1 {
        changes::note(session, &Changed::App(scope.app())).await?;
    }
    Ok(deleted == 1)
}

/// Notes a change of an endpoint's health.
pub(super) async fn mark(session: &Session, mark: &EndpointMark) -> Result<(), Error> {
    let (conn, row) = (&session.conn, mark.endpoint.row());
    match mark.mark {
        Mark::Failing { since } => {
            let sql = "-- endpoints::mark
                UPDATE endpoint SET failing_since = $2
                 WHERE row = $1 AND (failing_since IS NULL OR failing_since > $2)";
            conn.run(sql, &[&row, &since.as_micros()]).await?;
        }
        Mark::Recovered => {
            let sql = "-- endpoints::mark
                UPDATE endpoint SET failing_since = NULL WHERE row = $1";
            conn.run(sql, &[&row]).await?;
        }
        Mark::Disabled { at, reason } => {
            let sql = "-- endpoints::mark
                UPDATE endpoint SET disabled_at = $2, disabled_reason = $3
                 WHERE row = $1 AND disabled_at IS NULL";
            conn.run(sql, &[&row, &at.as_micros(), &row::reason_number(reason)]).await?;
        }
    }
    changes::note_endpoint(session, row).await
}

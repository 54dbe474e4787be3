//! Sources and their tokens.

use postrider_core::app::{App, Ref};
use postrider_core::id::{AppId, EnvironmentId, SourceId};
use postrider_core::key::TokenHash;
use postrider_core::limits;
use postrider_core::scope::EnvironmentScope;
use postrider_core::source::Source;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::record::{Record, is_text, json, json_unless_empty};
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{apps, changes, idempotency};
use crate::cluster::Changed;
use crate::receive::{open, private_at, seal};
use crate::seal::Sealer;
use crate::{Change, ChangeError, CreateError, Error, Firing, Idempotency, Listed, Order, Page};

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "s.row, s.id, e.id, s.app_id, s.uid, s.name, s.kind, s.metadata, s.settings, s.private, s.next_firing,
         s.created_at, s.updated_at"
    };
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- sources::",
            $name,
            "\nSELECT ",
            columns!(),
            " FROM source s JOIN environment e ON e.row = s.environment_row WHERE ",
            $rest
        )
    };
}

/// The sources of the environment with the row `$5`.
pub(super) const LIST: List = List {
    name: "sources::list",
    key: "s.row",
    columns: columns!(),
    from: "source s JOIN environment e ON e.row = s.environment_row WHERE s.environment_row = $5",
    matches: "true",
};

fn read(row: &Row, at: usize, sealer: &Sealer) -> Result<Source, Error> {
    let key = row.try_get(at)?;
    let mut record = Record::new(row, "source", key, at + 1);
    Ok(Source {
        id: SourceId::from_bytes(record.id("id")?),
        environment: EnvironmentId::from_bytes(record.id("environment")?),
        app: AppId::from_bytes(record.id("app_id")?),
        uid: record.get("uid")?,
        name: record.get("name")?,
        kind: record.get("kind")?,
        metadata: record.json("metadata")?,
        settings: record.json("settings")?,
        private: open(sealer, private_at(key), &record.bytes("private")?)?,
        next_firing: record.time_or_none("next_firing")?,
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

async fn one(
    conn: &Connection,
    sealer: &Sealer,
    sql: &str,
    key: Params<'_>,
) -> Result<Option<Source>, Error> {
    conn.row(sql, key).await?.map(|row| read(&row, 0, sealer)).transpose()
}

pub(super) async fn find(
    conn: &Connection,
    sealer: &Sealer,
    environment: EnvironmentId,
    source: &Ref<SourceId>,
) -> Result<Option<Source>, Error> {
    match source {
        Ref::Id(id) => {
            let sql = select!("find", "s.row = $1 AND s.id = $2 AND s.environment_row = $3");
            one(conn, sealer, sql, &[&id.row(), &id.as_bytes().as_slice(), &environment.row()]).await
        }
        Ref::Uid(uid) if !is_text(uid) => Ok(None),
        Ref::Uid(uid) => {
            let sql = select!("find", "s.environment_row = $1 AND s.uid = $2");
            one(conn, sealer, sql, &[&environment.row(), uid]).await
        }
    }
}

pub(super) async fn by_app(conn: &Connection, sealer: &Sealer, app: AppId) -> Result<Option<Source>, Error> {
    let sql = select!("by_app", "s.app_row = $1 AND s.app_id = $2");
    one(conn, sealer, sql, &[&app.row(), &app.as_bytes().as_slice()]).await
}

/// The application of the source that a token leads to.
pub(super) async fn app_of_token(conn: &Connection, hash: TokenHash) -> Result<Option<AppId>, Error> {
    let found = conn
        .row(
            "-- sources::app_of_token
             SELECT s.row, s.app_id FROM source_token t JOIN source s ON s.row = t.source_row WHERE t.hash = $1",
            &[&hash.0.as_slice()],
        )
        .await?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(AppId::from_bytes(Record::new(&row, "source", row.try_get(0)?, 1).id("app_id")?)))
}

pub(super) async fn list(
    conn: &Connection,
    sealer: &Sealer,
    environment: EnvironmentId,
    page: &Page<SourceId>,
) -> Result<Listed<Source, SourceId>, Error> {
    let walk = Walk::rows(page, Order::Descending, SourceId::row);
    gather(conn, &LIST, walk, &[&environment.row()], |row| {
        let source = read(row, scan::COLUMNS, sealer)?;
        Ok((source.id, source))
    })
    .await
}

pub(super) async fn create(
    session: &Session,
    source: &Source,
    app: &App,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<Source>> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(CreateError::Repeated(repeat));
    }
    let conn = &session.conn;
    if let Some(uid) = &source.uid
        && let Some(taken) = find(conn, session.sealer(), source.environment, &Ref::Uid(uid.clone())).await?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    let there = conn
        .row(
            "-- sources::create
             SELECT count(*) FROM source WHERE environment_row = $1",
            &[&source.environment.row()],
        )
        .await?;
    let there: i64 = there.expect("an aggregate gives one row").try_get(0)?;
    if there >= limits::SOURCES as i64 {
        return Err(CreateError::TooMany { limit: limits::SOURCES });
    }
    apps::insert(session, app).await?;
    conn.run(
        "-- sources::create
         INSERT INTO source
             (row, id, environment_row, app_row, app_id, uid, name, kind, metadata, settings, private, next_firing,
              created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            &source.id.row(),
            &source.id.as_bytes().as_slice(),
            &source.environment.row(),
            &source.app.row(),
            &source.app.as_bytes().as_slice(),
            &source.uid,
            &source.name,
            &source.kind,
            &json_unless_empty(&source.metadata, source.metadata.is_empty()),
            &json(&source.settings),
            &seal(session.sealer(), private_at(source.id.row()), &source.private),
            &source.next_firing.map(Timestamp::as_micros),
            &source.created_at.as_micros(),
            &source.updated_at.as_micros(),
        ],
    )
    .await?;
    write_tokens(conn, source).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

pub(super) async fn change(
    session: &Session,
    scope: EnvironmentScope,
    id: SourceId,
    change: &Change<Source>,
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Source>, ChangeError> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(ChangeError::Repeated(repeat));
    }
    let (conn, environment) = (&session.conn, scope.environment());
    let sql = select!("change", "s.row = $1 AND s.id = $2 AND s.environment_row = $3 FOR UPDATE OF s");
    let key: Params<'_> = &[&id.row(), &id.as_bytes().as_slice(), &environment.row()];
    let Some(mut source) = one(conn, session.sealer(), sql, key).await? else { return Ok(None) };
    change(&mut source);
    source.updated_at = now;
    if let Some(uid) = &source.uid
        && find(conn, session.sealer(), environment, &Ref::Uid(uid.clone()))
            .await?
            .is_some_and(|other| other.id != id)
    {
        return Err(ChangeError::Taken);
    }
    conn.run(
        "-- sources::change
         UPDATE source
            SET uid = $2, name = $3, kind = $4, metadata = $5, settings = $6, private = $7, next_firing = $8,
                updated_at = $9
          WHERE row = $1",
        &[
            &source.id.row(),
            &source.uid,
            &source.name,
            &source.kind,
            &json_unless_empty(&source.metadata, source.metadata.is_empty()),
            &json(&source.settings),
            &seal(session.sealer(), private_at(source.id.row()), &source.private),
            &source.next_firing.map(Timestamp::as_micros),
            &source.updated_at.as_micros(),
        ],
    )
    .await?;
    write_tokens(conn, &source).await?;
    changes::note(session, &Changed::App(source.app)).await?;
    idempotency::remember(session, idempotency).await?;
    Ok(Some(source))
}

/// Removes the source with its tokens and refusals at once; its application is marked, and goes as others do.
pub(super) async fn delete(
    session: &Session,
    scope: EnvironmentScope,
    id: SourceId,
    now: Timestamp,
) -> Result<bool, Error> {
    let (conn, environment) = (&session.conn, scope.environment());
    let sql = select!("delete", "s.row = $1 AND s.id = $2 AND s.environment_row = $3 FOR UPDATE OF s");
    let key: Params<'_> = &[&id.row(), &id.as_bytes().as_slice(), &environment.row()];
    let found = one(conn, session.sealer(), sql, key).await?;
    let Some(app) = found.and_then(|source| scope.source(&source)) else { return Ok(false) };
    apps::delete(session, app, now).await?;
    for sql in [
        "-- sources::delete
         DELETE FROM source_token WHERE source_row = $1",
        "-- sources::delete
         DELETE FROM refusal WHERE source_row = $1",
        "-- sources::delete
         DELETE FROM source WHERE row = $1",
    ] {
        conn.run(sql, &[&id.row()]).await?;
    }
    Ok(true)
}

/// Sources whose schedule has come, oldest first: their applications, and when they were due.
pub(super) async fn firings(
    conn: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(AppId, Timestamp)>, Error> {
    let rows = conn
        .rows(
            "-- sources::firings
             SELECT row, app_id, next_firing FROM source
              WHERE next_firing IS NOT NULL AND next_firing <= $1 ORDER BY next_firing LIMIT $2",
            &[&now.as_micros(), &(limit as i64)],
        )
        .await?;
    let read = |row: &Row| {
        let mut record = Record::new(row, "source", row.try_get(0)?, 1);
        Ok((AppId::from_bytes(record.id("app_id")?), record.time("next_firing")?))
    };
    rows.iter().map(read).collect()
}

/// Takes a firing of the source with this application. `false` when somebody else has, or the schedule was changed.
pub(super) async fn fire(session: &Session, app: AppId, firing: Firing) -> Result<bool, Error> {
    let fired = session
        .conn
        .run(
            "-- sources::fire
             UPDATE source SET next_firing = $3 WHERE app_row = $1 AND next_firing = $2",
            &[&app.row(), &firing.due.as_micros(), &firing.next.map(Timestamp::as_micros)],
        )
        .await?;
    Ok(fired == 1)
}

async fn write_tokens(conn: &Connection, source: &Source) -> Result<(), Error> {
    conn.run(
        "-- sources::write_tokens
         DELETE FROM source_token WHERE source_row = $1",
        &[&source.id.row()],
    )
    .await?;
    let hashes: Vec<_> = source.private.tokens.iter().map(|token| token.token.hash().0.to_vec()).collect();
    conn.run(
        "-- sources::write_tokens
         INSERT INTO source_token (hash, source_row) SELECT hash, $2 FROM unnest($1::bytea[]) AS new (hash)",
        &[&hashes, &source.id.row()],
    )
    .await?;
    Ok(())
}

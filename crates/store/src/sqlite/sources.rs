//! Sources and their tokens.

use postrider_core::app::{App, Ref};
use postrider_core::id::{AppId, EnvironmentId, SourceId};
use postrider_core::key::TokenHash;
use postrider_core::limits;
use postrider_core::scope::EnvironmentScope;
use postrider_core::source::Source;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::record::{Record, json, json_unless_empty};
use super::scan::{Walk, gather};
use super::session::Session;
use super::{apps, idempotency};
use crate::receive::{open, private_at, seal};
use crate::seal::Sealer;
use crate::{Change, ChangeError, CreateError, Error, Idempotency, Listed, Order, Page};

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- sources::",
            $name,
            "\nSELECT s.row, s.id, e.id, s.app_id, s.uid, s.name, s.kind, s.metadata, s.settings, s.private,
                      s.next_firing, s.created_at, s.updated_at
               FROM source s CROSS JOIN environment e ON e.row = s.environment_row WHERE ",
            $rest
        )
    };
}

fn read(row: &Row<'_>, sealer: &Sealer) -> Result<Source, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "source", key, 1);
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

fn one(
    conn: &Connection,
    sealer: &Sealer,
    sql: &str,
    key: impl rusqlite::Params,
) -> Result<Option<Source>, Error> {
    conn.prepare_cached(sql)?.query_and_then(key, |row| read(row, sealer))?.next().transpose()
}

pub(super) fn find(
    conn: &Connection,
    sealer: &Sealer,
    environment: EnvironmentId,
    source: &Ref<SourceId>,
) -> Result<Option<Source>, Error> {
    match source {
        Ref::Id(id) => one(
            conn,
            sealer,
            select!("find", "s.row = ? AND s.id = ? AND s.environment_row = ?"),
            (id.row(), id.as_bytes(), environment.row()),
        ),
        Ref::Uid(uid) => one(
            conn,
            sealer,
            select!("find", "s.environment_row = ? AND s.uid = ?"),
            (environment.row(), uid),
        ),
    }
}

pub(super) fn by_app(conn: &Connection, sealer: &Sealer, app: AppId) -> Result<Option<Source>, Error> {
    one(conn, sealer, select!("by_app", "s.app_row = ? AND s.app_id = ?"), (app.row(), app.as_bytes()))
}

/// The application of the source that a token leads to.
pub(super) fn app_of_token(conn: &Connection, hash: TokenHash) -> Result<Option<AppId>, Error> {
    let mut statement = conn.prepare_cached(
        "-- sources::app_of_token
         SELECT s.row, s.app_id FROM source_token t CROSS JOIN source s ON s.row = t.source_row WHERE t.hash = ?",
    )?;
    let read =
        |row: &Row<'_>| Ok(AppId::from_bytes(Record::new(row, "source", row.get(0)?, 1).id("app_id")?));
    statement.query_and_then([&hash.0[..]], read)?.next().transpose()
}

pub(super) fn list(
    conn: &Connection,
    sealer: &Sealer,
    environment: EnvironmentId,
    page: &Page<SourceId>,
) -> Result<Listed<Source, SourceId>, Error> {
    let walk = Walk::rows(page, Order::Descending, SourceId::row);
    let mut statement = conn.prepare_cached(&format!(
        "{} ORDER BY s.row {}",
        select!("list", "s.environment_row = ? AND s.row > ? AND s.row < ?"),
        walk.order
    ))?;
    let rows = statement.query((environment.row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let source = read(row, sealer)?;
        Ok((source.id, Some(source)))
    })
}

pub(super) fn create(
    session: &mut Session<'_>,
    source: &Source,
    app: &App,
    idempotency: Option<&Idempotency>,
) -> Result<(), CreateError<Source>> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(CreateError::Repeated(repeat));
    }
    if let Some(uid) = &source.uid
        && let Some(taken) = find(session.conn, &session.sealer, source.environment, &Ref::Uid(uid.clone()))?
    {
        return Err(CreateError::Taken(Box::new(taken)));
    }
    let there: i64 = session
        .conn
        .prepare_cached(
            "-- sources::create
             SELECT count(*) FROM source WHERE environment_row = ?",
        )?
        .query_row([source.environment.row()], |row| row.get(0))?;
    if there >= limits::SOURCES as i64 {
        return Err(CreateError::TooMany { limit: limits::SOURCES });
    }
    apps::insert(session.conn, app)?;
    session
        .conn
        .prepare_cached(
            "-- sources::create
             INSERT INTO source
                 (row, id, environment_row, app_row, app_id, uid, name, kind, metadata, settings, private, next_firing,
                  created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            source.id.row(),
            source.id.as_bytes(),
            source.environment.row(),
            source.app.row(),
            source.app.as_bytes(),
            source.uid,
            source.name,
            source.kind,
            json_unless_empty(&source.metadata, source.metadata.is_empty()),
            json(&source.settings),
            seal(&session.sealer, private_at(source.id.row()), &source.private),
            source.next_firing.map(Timestamp::as_micros),
            source.created_at.as_micros(),
            source.updated_at.as_micros(),
        ])?;
    write_tokens(session.conn, source)?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

pub(super) fn change(
    session: &mut Session<'_>,
    scope: EnvironmentScope,
    id: SourceId,
    change: &Change<Source>,
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Source>, ChangeError> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(ChangeError::Repeated(repeat));
    }
    let found = find(session.conn, &session.sealer, scope.environment(), &Ref::Id(id))?;
    let Some(mut source) = found else { return Ok(None) };
    change(&mut source);
    source.updated_at = now;
    if let Some(uid) = &source.uid
        && find(session.conn, &session.sealer, source.environment, &Ref::Uid(uid.clone()))?
            .is_some_and(|other| other.id != id)
    {
        return Err(ChangeError::Taken);
    }
    session
        .conn
        .prepare_cached(
            "-- sources::change
             UPDATE source
                SET uid = ?2, name = ?3, kind = ?4, metadata = ?5, settings = ?6, private = ?7, next_firing = ?8,
                    updated_at = ?9
              WHERE row = ?1",
        )?
        .execute(params![
            source.id.row(),
            source.uid,
            source.name,
            source.kind,
            json_unless_empty(&source.metadata, source.metadata.is_empty()),
            json(&source.settings),
            seal(&session.sealer, private_at(source.id.row()), &source.private),
            source.next_firing.map(Timestamp::as_micros),
            source.updated_at.as_micros(),
        ])?;
    write_tokens(session.conn, &source)?;
    idempotency::remember(session, idempotency)?;
    Ok(Some(source))
}

/// Removes the source with its tokens and refusals at once; its application is marked, and goes as others do.
pub(super) fn delete(
    session: &mut Session<'_>,
    scope: EnvironmentScope,
    id: SourceId,
    now: Timestamp,
) -> Result<bool, Error> {
    let found = find(session.conn, &session.sealer, scope.environment(), &Ref::Id(id))?;
    let Some(app) = found.and_then(|source| scope.source(&source)) else { return Ok(false) };
    apps::delete(session, app, now)?;
    session
        .conn
        .prepare_cached(
            "-- sources::delete
             DELETE FROM source_token WHERE source_row = ?",
        )?
        .execute([id.row()])?;
    session
        .conn
        .prepare_cached(
            "-- sources::delete
             DELETE FROM refusal WHERE source_row = ?",
        )?
        .execute([id.row()])?;
    session
        .conn
        .prepare_cached(
            "-- sources::delete
             DELETE FROM source WHERE row = ?",
        )?
        .execute([id.row()])?;
    Ok(true)
}

/// Sources whose schedule has come, oldest first: their applications, and when they were due.
pub(super) fn firings(
    conn: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(AppId, Timestamp)>, Error> {
    let mut statement = conn.prepare_cached(
        "-- sources::firings
         SELECT row, app_id, next_firing FROM source
          WHERE next_firing IS NOT NULL AND next_firing <= ? ORDER BY next_firing LIMIT ?",
    )?;
    let read = |row: &Row<'_>| {
        let mut record = Record::new(row, "source", row.get(0)?, 1);
        Ok((AppId::from_bytes(record.id("app_id")?), record.time("next_firing")?))
    };
    statement.query_and_then((now.as_micros(), limit as i64), read)?.collect()
}

/// Takes a firing of the source with this application. `false` when somebody else has, or the schedule was changed.
pub(super) fn fire(conn: &Connection, app: AppId, firing: crate::Firing) -> Result<bool, Error> {
    let fired = conn
        .prepare_cached(
            "-- sources::fire
             UPDATE source SET next_firing = ?3 WHERE app_row = ?1 AND next_firing = ?2",
        )?
        .execute((app.row(), firing.due.as_micros(), firing.next.map(Timestamp::as_micros)))?;
    Ok(fired == 1)
}

fn write_tokens(conn: &Connection, source: &Source) -> Result<(), Error> {
    conn.prepare_cached(
        "-- sources::write_tokens
         DELETE FROM source_token WHERE source_row = ?",
    )?
    .execute([source.id.row()])?;
    let mut statement = conn.prepare_cached(
        "-- sources::write_tokens
         INSERT INTO source_token (hash, source_row) VALUES (?, ?)",
    )?;
    for token in &source.private.tokens {
        statement.execute((&token.token.hash().0[..], source.id.row()))?;
    }
    Ok(())
}

//! API keys.

use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, TokenHash};
use postrider_core::scope::{Identity, Reach};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::record::Record;
use super::session::Session;
use crate::Error;
use crate::failure::corrupt;

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- keys::",
            $name,
            "\nSELECT row, id, environment_id, app_id, name, hint, created_at, expires_at, revoked_at FROM api_key ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Key, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "api_key", key, 1);
    let id = KeyId::from_bytes(record.id("id")?);
    let environment = record.get::<Option<_>>("environment_id")?.map(EnvironmentId::from_bytes);
    let app = record.get::<Option<_>>("app_id")?.map(AppId::from_bytes);
    let identity = match (environment, app) {
        (None, None) => Identity::instance_key(),
        (Some(environment), None) => Identity::environment_key(environment),
        (Some(environment), Some(app)) => Identity::app_key(environment, app),
        (None, Some(_)) => return Err(corrupt("api_key", "environment_id", key, &"is NULL")),
    };
    Ok(Key {
        id,
        identity,
        name: record.get("name")?,
        hint: record.get("hint")?,
        created_at: record.time("created_at")?,
        expires_at: record.time_or_none("expires_at")?,
        revoked_at: record.time_or_none("revoked_at")?,
        portal: None,
    })
}

pub(super) fn create(session: &mut Session<'_>, key: &Key, hash: TokenHash) -> Result<(), Error> {
    let reach = key.identity.reach();
    let (environment, app) = match &reach {
        Reach::Instance => (None, None),
        Reach::Environment(environment) => (Some(environment.as_bytes()), None),
        Reach::App(environment, app) => (Some(environment.as_bytes()), Some(app.as_bytes())),
    };
    session
        .conn
        .prepare_cached(
            "-- keys::create
             INSERT INTO api_key
                 (row, id, hash, environment_id, app_id, name, hint, created_at, expires_at, revoked_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
        )?
        .execute(params![
            key.id.row(),
            key.id.as_bytes(),
            hash.0,
            environment,
            app,
            key.name,
            key.hint,
            key.created_at.as_micros(),
            key.expires_at.map(Timestamp::as_micros),
            key.revoked_at.map(Timestamp::as_micros),
        ])?;
    Ok(())
}

/// Adds the key unless there is one.
pub(super) fn create_first(session: &mut Session<'_>, key: &Key, hash: TokenHash) -> Result<bool, Error> {
    if !all(session.conn)?.is_empty() {
        return Ok(false);
    }
    create(session, key, hash)?;
    Ok(true)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Key>, Error> {
    conn.prepare_cached(select!("all", "ORDER BY row"))?.query_and_then([], read)?.collect()
}

pub(super) fn identify(conn: &Connection, hash: TokenHash) -> Result<Option<Key>, Error> {
    let mut statement = conn.prepare_cached(select!("identify", "WHERE hash = ?"))?;
    statement.query_and_then([hash.0], read)?.next().transpose()
}

pub(super) fn revoke(session: &mut Session<'_>, id: KeyId, now: Timestamp) -> Result<Option<Key>, Error> {
    session
        .conn
        .prepare_cached(
            "-- keys::revoke
             UPDATE api_key SET revoked_at = ?3 WHERE row = ?1 AND id = ?2 AND revoked_at IS NULL",
        )?
        .execute((id.row(), id.as_bytes(), now.as_micros()))?;
    let mut statement = session.conn.prepare_cached(select!("revoke", "WHERE row = ? AND id = ?"))?;
    statement.query_and_then((id.row(), id.as_bytes()), read)?.next().transpose()
}

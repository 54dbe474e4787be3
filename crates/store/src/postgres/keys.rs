//! API keys.

use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, TokenHash};
use postrider_core::scope::{Identity, Reach};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::changes;
use super::connection::Connection;
use super::record::Record;
use super::session::Session;
use crate::Error;
use crate::cluster::Changed;
use crate::failure::corrupt;

macro_rules! columns {
    () => {
        "row, id, environment_id, app_id, name, hint, created_at, expires_at, revoked_at"
    };
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!("-- keys::", $name, "\nSELECT ", columns!(), " FROM api_key ", $rest)
    };
}

fn read(row: &Row) -> Result<Key, Error> {
    let key = row.try_get(0)?;
    let mut record = Record::new(row, "api_key", key, 1);
    let id = KeyId::from_bytes(record.id("id")?);
    let environment = record.id_or_none("environment_id")?.map(EnvironmentId::from_bytes);
    let app = record.id_or_none("app_id")?.map(AppId::from_bytes);
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

pub(super) async fn create(session: &Session, key: &Key, hash: TokenHash) -> Result<(), Error> {
    let reach = key.identity.reach();
    let (environment, app) = match &reach {
        Reach::Instance => (None, None),
        Reach::Environment(environment) => (Some(environment.as_bytes().as_slice()), None),
        Reach::App(environment, app) => {
            (Some(environment.as_bytes().as_slice()), Some(app.as_bytes().as_slice()))
        }
    };
    session
        .conn
        .run(
            "-- keys::create
             INSERT INTO api_key
                 (row, id, hash, environment_id, app_id, name, hint, created_at, expires_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (hash) DO NOTHING",
            &[
                &key.id.row(),
                &key.id.as_bytes().as_slice(),
                &hash.0.as_slice(),
                &environment,
                &app,
                &key.name,
                &key.hint,
                &key.created_at.as_micros(),
                &key.expires_at.map(Timestamp::as_micros),
                &key.revoked_at.map(Timestamp::as_micros),
            ],
        )
        .await?;
    changes::note(session, &Changed::Keys).await?;
    Ok(())
}

/// Adds the key unless there is one. Whoever does so takes turns.
pub(super) async fn create_first(session: &Session, key: &Key, hash: TokenHash) -> Result<bool, Error> {
    session.lock_firsts().await?;
    if !all(&session.conn).await?.is_empty() {
        return Ok(false);
    }
    create(session, key, hash).await?;
    Ok(true)
}

pub(super) async fn all(conn: &Connection) -> Result<Vec<Key>, Error> {
    conn.rows(select!("all", "ORDER BY row"), &[]).await?.iter().map(read).collect()
}

pub(super) async fn identify(conn: &Connection, hash: TokenHash) -> Result<Option<Key>, Error> {
    let found = conn.row(select!("identify", "WHERE hash = $1"), &[&hash.0.as_slice()]).await?;
    found.as_ref().map(read).transpose()
}

pub(super) async fn revoke(session: &Session, id: KeyId, now: Timestamp) -> Result<Option<Key>, Error> {
    let revoked = session
        .conn
        .row(
            concat!(
                "-- keys::revoke
                 UPDATE api_key SET revoked_at = coalesce(revoked_at, $3) WHERE row = $1 AND id = $2 RETURNING ",
                columns!()
            ),
            &[&id.row(), &id.as_bytes().as_slice(), &now.as_micros()],
        )
        .await?;
    if revoked.is_some() {
        changes::note(session, &Changed::Keys).await?;
    }
    revoked.as_ref().map(read).transpose()
}

//! Portal sessions.

use std::collections::HashSet;

use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, Portal, TokenHash};
use postrider_core::limits;
use postrider_core::scope::{AppScope, Identity, Reach};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::record::{Record, json, json_unless_empty};
use super::session::Session;
use crate::Error;
use crate::portal::{Expiry, NewPortalSession, Opening};

/// Sessions that have ended and are removed when one is made.
const ENDED: i64 = 100;

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- portal::",
            $name,
            "\nSELECT row, id, environment_id, app_id, rights, session, feature_flags, hint, created_at, expires_at
               FROM portal_session ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Key, Error> {
    let mut record = Record::new(row, "portal_session", row.get(0)?, 1);
    let id = KeyId::from_bytes(record.id("id")?);
    let environment = EnvironmentId::from_bytes(record.id("environment_id")?);
    let app = AppId::from_bytes(record.id("app_id")?);
    let identity = Identity::new(Reach::App(environment, app), record.json("rights")?);
    let session: Option<String> = record.get("session")?;
    let portal = Portal { session, feature_flags: record.json("feature_flags")? };
    Ok(Key {
        id,
        identity,
        name: portal.session.clone().unwrap_or_default(),
        hint: record.get("hint")?,
        created_at: record.time("created_at")?,
        expires_at: Some(record.time("expires_at")?),
        revoked_at: None,
        portal: Some(portal),
    })
}

pub(super) fn identify(conn: &Connection, hash: TokenHash) -> Result<Option<Key>, Error> {
    let mut statement = conn.prepare_cached(select!("identify", "WHERE hash = ?"))?;
    statement.query_and_then([hash.0], read)?.next().transpose()
}

pub(super) fn create(
    session: &mut Session<'_>,
    scope: AppScope,
    new: &NewPortalSession,
) -> Result<Option<usize>, Error> {
    if !session.has_app(scope)? {
        return Ok(None);
    }
    forget(session.conn, new.key.created_at)?;
    let removed = make_room(session.conn, scope.app())?;
    let link = Some((new.link, new.link_expires_at));
    insert(session.conn, scope, &new.key, new.hash, link)?;
    Ok(Some(removed))
}

/// Removes what has ended, some of it.
fn forget(conn: &Connection, now: Timestamp) -> Result<(), Error> {
    conn.prepare_cached(
        "-- portal::forget
         DELETE FROM portal_session WHERE row IN
             (SELECT row FROM portal_session INDEXED BY portal_session_end WHERE expires_at <= ? LIMIT ?)",
    )?
    .execute((now.as_micros(), ENDED))?;
    Ok(())
}

/// Removes the oldest sessions of the application, so that it may have one more. How many that were.
fn make_room(conn: &Connection, app: AppId) -> Result<usize, Error> {
    let count: i64 = conn
        .prepare_cached(
            "-- portal::make_room
             SELECT count(*) FROM portal_session WHERE app_row = ?",
        )?
        .query_row([app.row()], |row| row.get(0))?;
    let too_many = count + 1 - limits::PORTAL_SESSIONS as i64;
    if too_many <= 0 {
        return Ok(0);
    }
    let removed = conn
        .prepare_cached(
            "-- portal::make_room
             DELETE FROM portal_session WHERE row IN
                 (SELECT row FROM portal_session INDEXED BY portal_session_app WHERE app_row = ? ORDER BY row LIMIT ?)",
        )?
        .execute((app.row(), too_many))?;
    Ok(removed)
}

fn insert(
    conn: &Connection,
    scope: AppScope,
    key: &Key,
    hash: TokenHash,
    link: Option<(TokenHash, Timestamp)>,
) -> Result<(), Error> {
    let portal = key.portal.clone().unwrap_or_default();
    conn.prepare_cached(
        "-- portal::insert
         INSERT INTO portal_session (row, id, hash, environment_id, app_id, app_row, hint, rights, session,
                                     feature_flags, link_hash, link_expires_at, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        key.id.row(),
        key.id.as_bytes(),
        hash.0,
        scope.environment().as_bytes(),
        scope.app().as_bytes(),
        scope.app().row(),
        key.hint,
        json(&key.identity.rights()),
        portal.session,
        json_unless_empty(&portal.feature_flags, portal.feature_flags.is_empty()),
        link.map(|(hash, _)| hash.0),
        link.map(|(_, end)| end.as_micros()),
        key.created_at.as_micros(),
        key.expires_at.unwrap_or(key.created_at).as_micros(),
    ])?;
    Ok(())
}

/// Whether a one-time key is to be had, in time or not.
pub(super) fn has_link(conn: &Connection, link: TokenHash) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "-- portal::has_link
         SELECT 1 FROM portal_session WHERE link_hash = ?",
    )?;
    Ok(statement.exists([link.0])?)
}

/// Takes the one-time key, whatever comes of it.
pub(super) fn open(session: &mut Session<'_>, opening: &Opening) -> Result<Option<(Key, usize)>, Error> {
    let mut statement = session.conn.prepare_cached(select!(
        "open",
        "WHERE link_hash = ?1 AND link_expires_at > ?2 AND expires_at > ?2"
    ))?;
    let found =
        statement.query_and_then((opening.link.0, opening.now.as_micros()), read)?.next().transpose()?;
    drop(statement);
    let Some(of) = found else { return Ok(None) };
    session
        .conn
        .prepare_cached(
            "-- portal::open
             UPDATE portal_session SET link_hash = NULL, link_expires_at = NULL WHERE row = ?",
        )?
        .execute([of.id.row()])?;
    let Reach::App(environment, app) = of.identity.reach() else { return Ok(None) };
    let scope = postrider_core::scope::SystemScope::assume().app(environment, app);
    if !session.has_app(scope)? {
        return Ok(None);
    }
    let key = Key { id: opening.id, hint: opening.hint.clone(), created_at: opening.now, ..of };
    let removed = make_room(session.conn, app)?;
    insert(session.conn, scope, &key, opening.hash, None)?;
    Ok(Some((key, removed)))
}

pub(super) fn end(session: &mut Session<'_>, scope: AppScope, id: KeyId) -> Result<bool, Error> {
    let ended = session
        .conn
        .prepare_cached(
            "-- portal::end
             DELETE FROM portal_session WHERE row = ? AND id = ? AND app_row = ?",
        )?
        .execute((id.row(), id.as_bytes(), scope.app().row()))?;
    Ok(ended > 0)
}

/// Moves the ends of sessions forward: one that has come is an end like any other.
pub(super) fn expire(session: &mut Session<'_>, scope: AppScope, expiry: &Expiry) -> Result<(), Error> {
    let (app, at) = (scope.app().row(), expiry.at.as_micros());
    let Some(names) = &expiry.sessions else {
        session
            .conn
            .prepare_cached(
                "-- portal::expire
                 UPDATE portal_session SET expires_at = min(expires_at, ?2) WHERE app_row = ?1",
            )?
            .execute((app, at))?;
        return Ok(());
    };
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    let all: Vec<(i64, Option<String>)> = session
        .conn
        .prepare_cached(
            "-- portal::expire
             SELECT row, session FROM portal_session WHERE app_row = ?",
        )?
        .query_map([app], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut change = session.conn.prepare_cached(
        "-- portal::expire
         UPDATE portal_session SET expires_at = min(expires_at, ?2) WHERE row = ?1",
    )?;
    for (row, _) in all.iter().filter(|(_, name)| name.as_deref().is_some_and(|name| names.contains(name))) {
        change.execute((row, at))?;
    }
    Ok(())
}

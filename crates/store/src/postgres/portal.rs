//! Portal sessions.

use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, Portal, TokenHash};
use postrider_core::limits;
use postrider_core::scope::{AppScope, Identity, Reach, SystemScope};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::{Record, json, json_unless_empty};
use super::session::Session;
use super::{apps, changes};
use crate::Error;
use crate::cluster::Changed;
use crate::portal::{Expiry, NewPortalSession, Opening};

/// Sessions that have ended and are removed when one is made.
const ENDED: i64 = 100;

macro_rules! columns {
    () => {
        "row, id, environment_id, app_id, rights, session, feature_flags, hint, created_at, expires_at"
    };
}

fn read(row: &Row) -> Result<Key, Error> {
    let mut record = Record::new(row, "portal_session", row.try_get(0)?, 1);
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

pub(super) async fn identify(conn: &Connection, hash: TokenHash) -> Result<Option<Key>, Error> {
    let statement =
        concat!("-- portal::identify\nSELECT ", columns!(), " FROM portal_session WHERE hash = $1");
    conn.row(statement, &[&hash.0.as_slice()]).await?.as_ref().map(read).transpose()
}

/// No other node is told of the new one: nobody can have asked for a random token before it was made.
pub(super) async fn create(
    session: &Session,
    scope: AppScope,
    new: &NewPortalSession,
) -> Result<Option<usize>, Error> {
    if !apps::lock(session, scope).await? {
        return Ok(None);
    }
    forget(&session.conn, new.key.created_at).await?;
    let removed = make_room(session, scope.app()).await?;
    let link = Some((new.link, new.link_expires_at));
    insert(&session.conn, scope, &new.key, new.hash, link).await?;
    Ok(Some(removed))
}

/// Removes what has ended, some of it.
async fn forget(conn: &Connection, now: Timestamp) -> Result<(), Error> {
    conn.run(
        "-- portal::forget
         DELETE FROM portal_session WHERE row = ANY(ARRAY(
             SELECT row FROM portal_session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                FOR UPDATE SKIP LOCKED))",
        &[&now.as_micros(), &ENDED],
    )
    .await?;
    Ok(())
}

/// Removes the oldest sessions of the application, so that it may have one more, and tells other nodes. How many that
/// were.
async fn make_room(session: &Session, app: AppId) -> Result<usize, Error> {
    let counted = session
        .conn
        .row(
            "-- portal::make_room
             SELECT count(*) FROM portal_session WHERE app_row = $1",
            &[&app.row()],
        )
        .await?;
    let count: i64 = counted.expect("an aggregate gives one row").try_get(0)?;
    let too_many = count + 1 - limits::PORTAL_SESSIONS as i64;
    if too_many <= 0 {
        return Ok(0);
    }
    let removed = session
        .conn
        .run(
            "-- portal::make_room
             DELETE FROM portal_session WHERE row = ANY(ARRAY(
                 SELECT row FROM portal_session WHERE app_row = $1 ORDER BY row LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&app.row(), &too_many],
        )
        .await?;
    if removed > 0 {
        changes::note(session, &Changed::Keys).await?;
    }
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}

async fn insert(
    conn: &Connection,
    scope: AppScope,
    key: &Key,
    hash: TokenHash,
    link: Option<(TokenHash, Timestamp)>,
) -> Result<(), Error> {
    let portal = key.portal.clone().unwrap_or_default();
    conn.run(
        "-- portal::insert
         INSERT INTO portal_session (row, id, hash, environment_id, app_id, app_row, hint, rights, session,
                                     feature_flags, link_hash, link_expires_at, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            &key.id.row(),
            &key.id.as_bytes().as_slice(),
            &hash.0.as_slice(),
            &scope.environment().as_bytes().as_slice(),
            &scope.app().as_bytes().as_slice(),
            &scope.app().row(),
            &key.hint,
            &json(&key.identity.rights()),
            &portal.session,
            &json_unless_empty(&portal.feature_flags, portal.feature_flags.is_empty()),
            &link.as_ref().map(|(hash, _)| hash.0.as_slice()),
            &link.map(|(_, end)| end.as_micros()),
            &key.created_at.as_micros(),
            &key.expires_at.unwrap_or(key.created_at).as_micros(),
        ],
    )
    .await?;
    Ok(())
}

/// Whether a one-time key is to be had, in time or not.
pub(super) async fn has_link(conn: &Connection, link: TokenHash) -> Result<bool, Error> {
    let found = conn
        .exists(
            "-- portal::has_link
         SELECT 1 FROM portal_session WHERE link_hash = $1",
            &[&link.0.as_slice()],
        )
        .await?;
    Ok(found)
}

/// Takes the one-time key, whatever comes of it: of several who come with it at once, one finds it. The application is
/// locked before its sessions, as by [`expire`]: a session that is made of one which is being ended would outlive it.
pub(super) async fn open(session: &Session, opening: &Opening) -> Result<Option<(Key, usize)>, Error> {
    let Some(scope) = scope_of(&session.conn, opening.link).await? else { return Ok(None) };
    if !apps::lock(session, scope).await? {
        return Ok(None);
    }
    let taken = session
        .conn
        .row(
            concat!(
                "-- portal::open
                 UPDATE portal_session SET link_hash = NULL, link_expires_at = NULL
                  WHERE link_hash = $1 AND link_expires_at > $2 AND expires_at > $2 RETURNING ",
                columns!()
            ),
            &[&opening.link.0.as_slice(), &opening.now.as_micros()],
        )
        .await?;
    let Some(of) = taken.as_ref().map(read).transpose()? else { return Ok(None) };
    let key = Key { id: opening.id, hint: opening.hint.clone(), created_at: opening.now, ..of };
    let removed = make_room(session, scope.app()).await?;
    insert(&session.conn, scope, &key, opening.hash, None).await?;
    Ok(Some((key, removed)))
}

/// Whose session a one-time key is for.
async fn scope_of(conn: &Connection, link: TokenHash) -> Result<Option<AppScope>, Error> {
    let found = conn
        .row(
            concat!("-- portal::scope_of\n SELECT ", columns!(), " FROM portal_session WHERE link_hash = $1"),
            &[&link.0.as_slice()],
        )
        .await?;
    let Some(of) = found.as_ref().map(read).transpose()? else { return Ok(None) };
    let Reach::App(environment, app) = of.identity.reach() else { return Ok(None) };
    Ok(Some(SystemScope::assume().app(environment, app)))
}

pub(super) async fn end(session: &Session, scope: AppScope, id: KeyId) -> Result<bool, Error> {
    let ended = session
        .conn
        .run(
            "-- portal::end
             DELETE FROM portal_session WHERE row = $1 AND id = $2 AND app_row = $3",
            &[&id.row(), &id.as_bytes().as_slice(), &scope.app().row()],
        )
        .await?;
    changes::note(session, &Changed::Keys).await?;
    Ok(ended > 0)
}

/// Moves the ends of sessions forward: one that has come is an end like any other.
pub(super) async fn expire(session: &Session, scope: AppScope, expiry: &Expiry) -> Result<(), Error> {
    apps::lock(session, scope).await?;
    let (app, at) = (scope.app().row(), expiry.at.as_micros());
    match &expiry.sessions {
        None => {
            session
                .conn
                .run(
                    "-- portal::expire
                     UPDATE portal_session SET expires_at = least(expires_at, $2) WHERE app_row = $1",
                    &[&app, &at],
                )
                .await?;
        }
        Some(names) => {
            session
                .conn
                .run(
                    "-- portal::expire
                     UPDATE portal_session p SET expires_at = least(p.expires_at, $2)
                       FROM (SELECT DISTINCT unnest($3::text[]) AS name) named
                      WHERE p.app_row = $1 AND p.session = named.name",
                    &[&app, &at, names],
                )
                .await?;
        }
    }
    changes::note(session, &Changed::Keys).await
}

//! Groups of listeners: their positions, and which member has which message.

use postrider_core::id::MessageId;
use postrider_core::scope::EnvironmentScope;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::session::Session;
use crate::Error;
use crate::listen::{GROUP_KEPT, GroupKey, Offer, Offered, Tending};

/// Groups that one opening forgets at most.
const FORGOTTEN: i64 = 16;

/// Makes the group unless it is there, and says where it stands.
pub(super) fn open(
    session: &Session<'_>,
    scope: EnvironmentScope,
    group: GroupKey,
    position: i64,
    now: Timestamp,
) -> Result<i64, Error> {
    let environment = scope.environment().row();
    forget(session.conn, environment, now)?;
    session
        .conn
        .prepare_cached(
            "-- listen::open
             INSERT INTO listen_group (environment_row, key, position, touched_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (environment_row, key) DO UPDATE SET touched_at = excluded.touched_at",
        )?
        .execute((environment, &group.0[..], position, now.as_micros()))?;
    Ok(standing(session.conn, environment, group)?.unwrap_or(position))
}

/// Removes groups that nobody has listened in for long, with their claims.
fn forget(conn: &Connection, environment: i64, now: Timestamp) -> Result<(), Error> {
    let mut old = conn.prepare_cached(
        "-- listen::forget
         SELECT key FROM listen_group WHERE environment_row = ? AND touched_at < ? LIMIT ?",
    )?;
    let keys =
        old.query_map((environment, now.before(GROUP_KEPT).as_micros(), FORGOTTEN), |row| row.get(0))?;
    for key in keys.collect::<Result<Vec<Vec<u8>>, _>>()? {
        conn.prepare_cached(
            "-- listen::forget
             DELETE FROM listen_claim WHERE environment_row = ? AND key = ?",
        )?
        .execute((environment, &key))?;
        conn.prepare_cached(
            "-- listen::forget
             DELETE FROM listen_group WHERE environment_row = ? AND key = ?",
        )?
        .execute((environment, &key))?;
    }
    Ok(())
}

fn standing(conn: &Connection, environment: i64, group: GroupKey) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "-- listen::standing
         SELECT position FROM listen_group WHERE environment_row = ? AND key = ?",
    )?;
    Ok(statement.query_row((environment, &group.0[..]), |row| row.get(0)).optional()?)
}

/// Takes what is offered and free, until the member's hands are full. Nothing in a group that is not there.
pub(super) fn claim(
    session: &Session<'_>,
    scope: EnvironmentScope,
    group: GroupKey,
    offer: &Offer,
) -> Result<Offered, Error> {
    let (conn, environment) = (session.conn, scope.environment().row());
    let Some(position) = standing(conn, environment, group)? else { return Ok(Offered::default()) };
    let mut in_hand: i64 = conn
        .prepare_cached(
            "-- listen::claim
             SELECT count(*) FROM listen_claim
              WHERE environment_row = ? AND key = ? AND done = 0 AND member = ? AND until > ?",
        )?
        .query_row((environment, &group.0[..], &offer.member.0[..], offer.now.as_micros()), |row| {
            row.get(0)
        })?;
    let mut offered = Offered::default();
    for message in &offer.messages {
        if message.row() > position {
            let attempts = match claimed(conn, environment, group, *message)? {
                None => 0,
                Some((done, until, attempts)) if !done && until <= offer.now.as_micros() => attempts,
                Some(_) => {
                    offered.decided += 1;
                    continue;
                }
            };
            if in_hand >= offer.hold as i64 {
                break;
            }
            take(conn, environment, group, *message, (offer, attempts + 1))?;
            in_hand += 1;
            offered.taken.push((*message, u32::try_from(attempts + 1).unwrap_or(u32::MAX)));
        }
        offered.decided += 1;
    }
    Ok(offered)
}

/// Whether the message is done, until when it is claimed, and how often it was.
fn claimed(
    conn: &Connection,
    environment: i64,
    group: GroupKey,
    message: MessageId,
) -> Result<Option<(bool, i64, i64)>, Error> {
    let mut statement = conn.prepare_cached(
        "-- listen::claimed
         SELECT done, until, attempts FROM listen_claim WHERE environment_row = ? AND key = ? AND message_row = ?",
    )?;
    let key = (environment, &group.0[..], message.row());
    Ok(statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
}

fn take(
    conn: &Connection,
    environment: i64,
    group: GroupKey,
    message: MessageId,
    (offer, attempts): (&Offer, i64),
) -> Result<(), Error> {
    conn.prepare_cached(
        "-- listen::take
         INSERT INTO listen_claim (environment_row, key, message_row, member, until, attempts, done)
         VALUES (?, ?, ?, ?, ?, ?, 0)
         ON CONFLICT (environment_row, key, message_row)
         DO UPDATE SET member = excluded.member, until = excluded.until, attempts = excluded.attempts",
    )?
    .execute(params![
        environment,
        &group.0[..],
        message.row(),
        &offer.member.0[..],
        offer.until.as_micros(),
        attempts
    ])?;
    Ok(())
}

/// Notes that a message is done, whoever has it. `false` when nobody had it.
pub(super) fn finish(
    session: &Session<'_>,
    scope: EnvironmentScope,
    group: GroupKey,
    message: MessageId,
) -> Result<bool, Error> {
    let finished = session
        .conn
        .prepare_cached(
            "-- listen::finish
             UPDATE listen_claim SET done = 1 WHERE environment_row = ? AND key = ? AND message_row = ?",
        )?
        .execute((scope.environment().row(), &group.0[..], message.row()))?;
    Ok(finished == 1)
}

/// Renews a member's claims, moves the group's position behind what is done, and says where it is.
pub(super) fn tend(
    session: &Session<'_>,
    scope: EnvironmentScope,
    group: GroupKey,
    tending: Tending,
) -> Result<Option<i64>, Error> {
    let (conn, environment) = (session.conn, scope.environment().row());
    let Some(position) = standing(conn, environment, group)? else { return Ok(None) };
    conn.prepare_cached(
        "-- listen::tend
         UPDATE listen_claim SET until = ? WHERE environment_row = ? AND key = ? AND done = 0 AND member = ?",
    )?
    .execute((tending.until.as_micros(), environment, &group.0[..], &tending.member.0[..]))?;
    remove(conn, environment, group, tending.oldest.saturating_sub(1))?;
    let unfinished: Option<i64> = conn
        .prepare_cached(
            "-- listen::tend
             SELECT message_row FROM listen_claim
              WHERE environment_row = ? AND key = ? AND done = 0 ORDER BY message_row LIMIT 1",
        )?
        .query_row((environment, &group.0[..]), |row| row.get(0))
        .optional()?;
    let before = unfinished.map_or(i64::MAX, |row| row.saturating_sub(1));
    let position = position.max(tending.read_to.min(before));
    conn.prepare_cached(
        "-- listen::tend
         UPDATE listen_group SET position = ?, touched_at = ? WHERE environment_row = ? AND key = ?",
    )?
    .execute((position, tending.now.as_micros(), environment, &group.0[..]))?;
    remove(conn, environment, group, position)?;
    Ok(Some(position))
}

/// Removes the claims of messages up to this row.
fn remove(conn: &Connection, environment: i64, group: GroupKey, to: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "-- listen::remove
         DELETE FROM listen_claim WHERE environment_row = ? AND key = ? AND message_row <= ?",
    )?
    .execute((environment, &group.0[..], to))?;
    Ok(())
}

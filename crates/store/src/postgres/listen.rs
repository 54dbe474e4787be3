//! Groups of listeners: their positions, and which member has which message.
//!
//! Whoever claims or tends locks the group's row first, so that members take turns. Who is done does not wait for that:
//! what is done meanwhile is not taken.

use std::collections::{HashMap, HashSet};

use postrider_core::id::MessageId;
use postrider_core::scope::EnvironmentScope;
use postrider_core::time::Timestamp;

use super::connection::Connection;
use super::session::Session;
use crate::Error;
use crate::listen::{GROUP_KEPT, GroupKey, Offer, Offered, Tending};

/// Groups that one opening forgets at most.
const FORGOTTEN: i64 = 16;

/// Makes the group unless it is there, and says where it stands.
pub(super) async fn open(
    session: &Session,
    scope: EnvironmentScope,
    group: GroupKey,
    position: i64,
    now: Timestamp,
) -> Result<i64, Error> {
    let (conn, environment) = (&session.conn, scope.environment().row());
    forget(conn, environment, now).await?;
    conn.run(
        "-- listen::open
         INSERT INTO listen_group (environment_row, key, position, touched_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_row, key) DO UPDATE SET touched_at = excluded.touched_at",
        &[&environment, &group.0.as_slice(), &position, &now.as_micros()],
    )
    .await?;
    Ok(lock(conn, environment, group).await?.unwrap_or(position))
}

/// Removes groups that nobody has listened in for long, with their claims.
async fn forget(conn: &Connection, environment: i64, now: Timestamp) -> Result<(), Error> {
    let old = conn
        .rows(
            "-- listen::forget
             SELECT key FROM listen_group WHERE environment_row = $1 AND touched_at < $2 LIMIT $3
                FOR UPDATE SKIP LOCKED",
            &[&environment, &now.before(GROUP_KEPT).as_micros(), &FORGOTTEN],
        )
        .await?;
    for row in &old {
        let key: &[u8] = row.try_get(0)?;
        conn.run(
            "-- listen::forget
             DELETE FROM listen_claim WHERE environment_row = $1 AND key = $2",
            &[&environment, &key],
        )
        .await?;
        conn.run(
            "-- listen::forget
             DELETE FROM listen_group WHERE environment_row = $1 AND key = $2",
            &[&environment, &key],
        )
        .await?;
    }
    Ok(())
}

/// Where the group stands; nobody else changes anything of it until the transaction ends.
async fn lock(conn: &Connection, environment: i64, group: GroupKey) -> Result<Option<i64>, Error> {
    let found = conn
        .row(
            "-- listen::lock
             SELECT position FROM listen_group WHERE environment_row = $1 AND key = $2 FOR UPDATE",
            &[&environment, &group.0.as_slice()],
        )
        .await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Takes what is offered and free, until the member's hands are full. Nothing in a group that is not there.
pub(super) async fn claim(
    session: &Session,
    scope: EnvironmentScope,
    group: GroupKey,
    offer: &Offer,
) -> Result<Offered, Error> {
    let (conn, environment) = (&session.conn, scope.environment().row());
    let Some(position) = lock(conn, environment, group).await? else { return Ok(Offered::default()) };
    let in_hand = conn
        .row(
            "-- listen::claim
             SELECT count(*) FROM listen_claim
              WHERE environment_row = $1 AND key = $2 AND NOT done AND member = $3 AND until > $4",
            &[&environment, &group.0.as_slice(), &offer.member.0.as_slice(), &offer.now.as_micros()],
        )
        .await?;
    let mut in_hand: i64 = in_hand.expect("an aggregate gives one row").try_get(0)?;
    let claims = claims(conn, environment, group, &offer.messages).await?;
    let mut offered = Offered::default();
    for message in &offer.messages {
        if message.row() > position {
            let attempts = match claims.get(&message.row()) {
                None => 0,
                Some((false, until, attempts)) if *until <= offer.now.as_micros() => *attempts,
                Some(_) => {
                    offered.decided += 1;
                    continue;
                }
            };
            if in_hand >= offer.hold as i64 {
                break;
            }
            in_hand += 1;
            offered.taken.push((*message, u32::try_from(attempts).unwrap_or(0).saturating_add(1)));
        }
        offered.decided += 1;
    }
    let taken = take(conn, environment, group, (offer, &offered.taken)).await?;
    offered.taken.retain(|(message, _)| taken.contains(&message.row()));
    Ok(offered)
}

/// Of each message that was claimed, by row: whether it is done, until when it is claimed, and how often it was.
async fn claims(
    conn: &Connection,
    environment: i64,
    group: GroupKey,
    messages: &[MessageId],
) -> Result<HashMap<i64, (bool, i64, i32)>, Error> {
    let rows: Vec<i64> = messages.iter().map(MessageId::row).collect();
    let found = conn
        .rows(
            "-- listen::claims
             SELECT c.message_row, c.done, c.until, c.attempts
               FROM (SELECT $1::bigint AS environment_row, $2::bytea AS key, unnest($3::bigint[]) AS row) AS asked
               JOIN listen_claim c ON c.environment_row = asked.environment_row AND c.key = asked.key
                AND c.message_row = asked.row",
            &[&environment, &group.0.as_slice(), &rows],
        )
        .await?;
    let read = |row: &tokio_postgres::Row| {
        Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)))
    };
    found.iter().map(read).collect()
}

/// Claims these messages but for those that became done since they were looked at; gives the rows of what is claimed.
async fn take(
    conn: &Connection,
    environment: i64,
    group: GroupKey,
    (offer, taken): (&Offer, &[(MessageId, u32)]),
) -> Result<HashSet<i64>, Error> {
    let rows: Vec<i64> = taken.iter().map(|(message, _)| message.row()).collect();
    let attempts: Vec<i32> =
        taken.iter().map(|(_, attempts)| i32::try_from(*attempts).unwrap_or(i32::MAX)).collect();
    let claimed = conn
        .rows(
            "-- listen::take
             INSERT INTO listen_claim (environment_row, key, message_row, member, until, attempts, done)
             SELECT $1, $2, row, $3, $4, attempts, false
               FROM unnest($5::bigint[], $6::integer[]) AS taken (row, attempts)
             ON CONFLICT (environment_row, key, message_row)
             DO UPDATE SET member = excluded.member, until = excluded.until, attempts = excluded.attempts
              WHERE NOT listen_claim.done
             RETURNING message_row",
            &[
                &environment,
                &group.0.as_slice(),
                &offer.member.0.as_slice(),
                &offer.until.as_micros(),
                &rows,
                &attempts,
            ],
        )
        .await?;
    Ok(claimed.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Notes that a message is done, whoever has it. `false` when nobody had it.
pub(super) async fn finish(
    session: &Session,
    scope: EnvironmentScope,
    group: GroupKey,
    message: MessageId,
) -> Result<bool, Error> {
    let finished = session
        .conn
        .run(
            "-- listen::finish
             UPDATE listen_claim SET done = true WHERE environment_row = $1 AND key = $2 AND message_row = $3",
            &[&scope.environment().row(), &group.0.as_slice(), &message.row()],
        )
        .await?;
    Ok(finished == 1)
}

/// Renews a member's claims, moves the group's position behind what is done, and says where it is.
pub(super) async fn tend(
    session: &Session,
    scope: EnvironmentScope,
    group: GroupKey,
    tending: Tending,
) -> Result<Option<i64>, Error> {
    let (conn, environment) = (&session.conn, scope.environment().row());
    let Some(position) = lock(conn, environment, group).await? else { return Ok(None) };
    conn.run(
        "-- listen::tend
         UPDATE listen_claim SET until = $4 WHERE environment_row = $1 AND key = $2 AND NOT done AND member = $3",
        &[&environment, &group.0.as_slice(), &tending.member.0.as_slice(), &tending.until.as_micros()],
    )
    .await?;
    remove(conn, environment, group, tending.oldest.saturating_sub(1)).await?;
    let unfinished = conn
        .row(
            "-- listen::tend
             SELECT message_row FROM listen_claim
              WHERE environment_row = $1 AND key = $2 AND NOT done ORDER BY message_row LIMIT 1",
            &[&environment, &group.0.as_slice()],
        )
        .await?;
    let unfinished: Option<i64> = unfinished.map(|row| row.try_get(0)).transpose()?;
    let before = unfinished.map_or(i64::MAX, |row| row.saturating_sub(1));
    let position = position.max(tending.read_to.min(before));
    conn.run(
        "-- listen::tend
         UPDATE listen_group SET position = $3, touched_at = $4 WHERE environment_row = $1 AND key = $2",
        &[&environment, &group.0.as_slice(), &position, &tending.now.as_micros()],
    )
    .await?;
    remove(conn, environment, group, position).await?;
    Ok(Some(position))
}

/// Removes the claims of messages up to this row.
async fn remove(conn: &Connection, environment: i64, group: GroupKey, to: i64) -> Result<(), Error> {
    conn.run(
        "-- listen::remove
         DELETE FROM listen_claim WHERE environment_row = $1 AND key = $2 AND message_row <= $3",
        &[&environment, &group.0.as_slice(), &to],
    )
    .await?;
    Ok(())
}

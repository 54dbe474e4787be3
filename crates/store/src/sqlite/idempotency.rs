//! Remembered answers to requests with an idempotency key.
//!
//! An answer is found in the bucket of the hours in which its request came, or in the three before: so it is remembered
//! for twelve to sixteen hours, and what has expired is a whole bucket.

use std::time::Duration;

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::limits::IDEMPOTENCY_KEPT;
use postrider_core::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::record::Record;
use super::session::Session;
use crate::failure::corrupt;
use crate::seal::{Place, Sealer};
use crate::{Answer, Error, Idempotency, Repeat, Retained};

const BUCKET: Duration = Duration::from_secs(4 * 3600);
const EARLIER_BUCKETS: i64 = IDEMPOTENCY_KEPT.as_secs().div_ceil(BUCKET.as_secs()) as i64;
/// Bytes of a hash that are stored: enough that nobody finds two requests alike.
const HASH_LEN: usize = 16;

fn bucket(now: Timestamp) -> i64 {
    now.as_seconds().div_euclid(BUCKET.as_secs() as i64)
}

/// The first bucket that is still looked at.
fn oldest_bucket(now: Timestamp) -> i64 {
    bucket(now) - EARLIER_BUCKETS
}

fn place(key: [u8; 32]) -> Place {
    let mut head = [0; 8];
    head.copy_from_slice(&key[..8]);
    Place { table: "idempotency", row: i64::from_be_bytes(head), column: "body" }
}

/// What was answered to this request before, if it was made.
pub(super) fn find(session: &Session<'_>, asked: Option<&Idempotency>) -> Result<Option<Repeat>, Error> {
    let Some(asked) = asked else { return Ok(None) };
    let mut statement = session.conn.prepare_cached(
        "-- idempotency::find
         SELECT request, status, message, body FROM idempotency
          WHERE bucket IN (?1, ?1 - 1, ?1 - 2, ?1 - 3) AND key = ?2 ORDER BY bucket DESC LIMIT 1",
    )?;
    let now = bucket(asked.now);
    let found =
        statement.query_row((now, &asked.key[..HASH_LEN]), |row| Ok(read(row, asked, &session.sealer)));
    found.optional()?.transpose()
}

fn read(row: &Row<'_>, asked: &Idempotency, sealer: &Sealer) -> Result<Repeat, Error> {
    let place = place(asked.key);
    let mut record = Record::new(row, place.table, place.row, 0);
    if record.bytes("request")? != asked.request[..HASH_LEN] {
        return Ok(Repeat::OtherRequest);
    }
    let status = record.get("status")?;
    let answer = if let Some(id) = record.get::<Option<_>>("message")? {
        Answer::Message(MessageId::from_bytes(id))
    } else {
        let plain = sealer.open(place, &record.bytes("body")?);
        let plain = plain.map_err(|error| corrupt(place.table, place.column, place.row, &error))?;
        Answer::Body(Bytes::from(plain))
    };
    Ok(Repeat::Answered { status, answer })
}

/// Remembers the answer to this request.
pub(super) fn remember(session: &Session<'_>, asked: Option<&Idempotency>) -> Result<(), Error> {
    let Some(asked) = asked else { return Ok(()) };
    let (message, body) = match &asked.answer {
        Answer::Message(id) => (Some(id.as_bytes()), None),
        Answer::Body(body) => (None, Some(session.sealer.seal(place(asked.key), body))),
    };
    session
        .conn
        .prepare_cached(
            "-- idempotency::remember
             INSERT INTO idempotency (bucket, key, request, status, message, body) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            bucket(asked.now),
            &asked.key[..HASH_LEN],
            &asked.request[..HASH_LEN],
            asked.status,
            message,
            body,
        ])?;
    Ok(())
}

/// Forgets at most `limit` expired answers. `false` when the limit ended the pass.
pub(super) fn forget(
    session: &Session<'_>,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- idempotency::forget
         DELETE FROM idempotency WHERE (bucket, key) IN
             (SELECT bucket, key FROM idempotency WHERE bucket < ? ORDER BY bucket LIMIT ?)",
    )?;
    let forgotten = statement.execute((oldest_bucket(now), limit as i64))?;
    retained.answers += forgotten as u64;
    Ok(forgotten < limit)
}

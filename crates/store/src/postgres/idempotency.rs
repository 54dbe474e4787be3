//! Remembered answers to requests with an idempotency key.
//!
//! An answer is found if its bucket of hours is the request's or one of the three before: so it is remembered for twelve
//! to sixteen hours, and what has expired is a whole bucket. Of two requests with the same key at the same moment the
//! second to write breaks the rule that a key has one row; it runs again, and finds the answer of the first.

use std::time::Duration;

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::limits::IDEMPOTENCY_KEPT;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::Record;
use super::session::Session;
use crate::failure::corrupt;
use crate::seal::{Place, Sealer};
use crate::{Answer, Error, Idempotency, Repeat};

const BUCKET: Duration = Duration::from_secs(4 * 3600);
const EARLIER_BUCKETS: i64 = IDEMPOTENCY_KEPT.as_secs().div_ceil(BUCKET.as_secs()) as i64;
/// Bytes of a hash that are stored: enough that nobody finds two requests alike.
pub(super) const HASH_LEN: usize = 16;

/// Finds the answers to keys, expired ones too.
pub(super) const FIND: &str = "-- idempotency::find
     SELECT key, request, status, message, body, bucket FROM idempotency WHERE key = ANY($1)";

/// Makes room for a key whose answer has expired.
pub(super) const FORGET_EXPIRED: &str = "-- idempotency::forget_expired
     DELETE FROM idempotency i USING unnest($1::bytea[], $2::bigint[]) AS asked (key, bucket)
      WHERE i.key = asked.key AND i.bucket < asked.bucket";

/// Remembers answers. Their keys must be sorted, so that two batches with the same keys wait for each other and never
/// in a circle.
pub(super) const REMEMBER: &str = "-- idempotency::remember
     INSERT INTO idempotency (key, request, bucket, status, message, body)
     SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::smallint[], $5::bytea[], $6::bytea[])";

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
pub(super) async fn find(session: &Session, asked: Option<&Idempotency>) -> Result<Option<Repeat>, Error> {
    let Some(asked) = asked else { return Ok(None) };
    let row = session.conn.row(FIND, &[&[&asked.key[..HASH_LEN]].as_slice()]).await?;
    row.map_or(Ok(None), |row| read(&row, asked, session.sealer()))
}

/// The answer in a row that [`FIND`] gave for this request's key, unless it has expired.
pub(super) fn read(row: &Row, asked: &Idempotency, sealer: &Sealer) -> Result<Option<Repeat>, Error> {
    const BUCKET_COLUMN: usize = 5;
    if row.try_get::<_, i64>(BUCKET_COLUMN)? < oldest_bucket(asked.now) {
        return Ok(None);
    }
    let place = place(asked.key);
    let mut record = Record::new(row, place.table, place.row, 1);
    if record.get::<&[u8]>("request")? != &asked.request[..HASH_LEN] {
        return Ok(Some(Repeat::OtherRequest));
    }
    let status = record.get::<i16>("status")?.unsigned_abs();
    let answer = if let Some(id) = record.id_or_none("message")? {
        Answer::Message(MessageId::from_bytes(id))
    } else {
        let plain = sealer.open(place, &record.bytes("body")?);
        let plain = plain.map_err(|error| corrupt(place.table, place.column, place.row, &error))?;
        Answer::Body(Bytes::from(plain))
    };
    Ok(Some(Repeat::Answered { status, answer }))
}

/// What a second request gets that came together with the first one.
pub(super) fn repeat(first: &Idempotency, second: &Idempotency) -> Repeat {
    if first.request[..HASH_LEN] == second.request[..HASH_LEN] {
        Repeat::Answered { status: first.status, answer: first.answer.clone() }
    } else {
        Repeat::OtherRequest
    }
}

/// The parameters of [`FORGET_EXPIRED`] and [`REMEMBER`].
#[derive(Default)]
pub(super) struct Columns {
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) oldest: Vec<i64>,
    pub(super) requests: Vec<Vec<u8>>,
    pub(super) buckets: Vec<i64>,
    pub(super) statuses: Vec<i16>,
    pub(super) messages: Vec<Option<Vec<u8>>>,
    pub(super) bodies: Vec<Option<Vec<u8>>>,
}

impl Columns {
    pub(super) fn of<'a>(asked: impl IntoIterator<Item = &'a Idempotency>, sealer: &Sealer) -> Self {
        let mut asked: Vec<_> = asked.into_iter().collect();
        asked.sort_unstable_by_key(|asked| asked.key);
        let mut columns = Self::default();
        for asked in asked {
            let (message, body) = match &asked.answer {
                Answer::Message(id) => (Some(id.as_bytes().to_vec()), None),
                Answer::Body(body) => (None, Some(sealer.seal(place(asked.key), body))),
            };
            columns.keys.push(asked.key[..HASH_LEN].to_vec());
            columns.oldest.push(oldest_bucket(asked.now));
            columns.requests.push(asked.request[..HASH_LEN].to_vec());
            columns.buckets.push(bucket(asked.now));
            columns.statuses.push(asked.status as i16);
            columns.messages.push(message);
            columns.bodies.push(body);
        }
        columns
    }
}

/// Remembers the answer to this request.
pub(super) async fn remember(session: &Session, asked: Option<&Idempotency>) -> Result<(), Error> {
    let Some(asked) = asked else { return Ok(()) };
    let columns = Columns::of([asked], session.sealer());
    session.conn.run(FORGET_EXPIRED, &[&columns.keys, &columns.oldest]).await?;
    session
        .conn
        .run(
            REMEMBER,
            &[
                &columns.keys,
                &columns.requests,
                &columns.buckets,
                &columns.statuses,
                &columns.messages,
                &columns.bodies,
            ],
        )
        .await?;
    Ok(())
}

/// Forgets at most `limit` expired answers, and says how many.
pub(super) async fn forget(conn: &Connection, now: Timestamp, limit: usize) -> Result<u64, Error> {
    let forgotten = conn
        .run(
            "-- idempotency::forget
             DELETE FROM idempotency WHERE key IN
                 (SELECT key FROM idempotency WHERE bucket < $1 ORDER BY bucket LIMIT $2 FOR UPDATE SKIP LOCKED)",
            &[&oldest_bucket(now), &(limit as i64)],
        )
        .await?;
    Ok(forgotten)
}

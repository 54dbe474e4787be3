//! The payload index, made of slices: which messages may have a text in them. See [`crate::search::index`].
//!
//! A message that is covered has a number, or is open. Numbers go up with rows, a block of them at a time, and a search reads
//! of each block only the [slices] of its grams. So it is small, costs what accepts nothing, is read in the order of a walk, and
//! what it keeps of a payload cannot be read.
//!
//! Rows are made before they are written, by several nodes whose clocks differ, so one may come when the index has gone past
//! it. That is told without clocks: first a pass says up to which row it is about to cover ([`LATE`] leaves open what is written
//! up to there), and it covers when nobody is left who may not have seen that.

mod find;
mod slices;

use postrider_core::id::AppId;

pub(super) use self::find::{candidates, is_in_url};
use self::slices::{BLOCK, Slices};
use super::connection::Connection;
use super::messages;
use super::record::Record;
use super::session::Session;
use crate::Error;
use crate::search::gram;
use crate::search::index::{Covered, Indexed};
use crate::search::rows::MessageKey;

/// Messages whose payloads are in memory at once.
const PAYLOADS: usize = 64;

/// Leaves messages open that the index may have gone past, given by `$1` their applications and `$2` their rows. It comes
/// behind the messages themselves: a transaction that does not see a target has had its number before the target was there.
pub(super) const LATE: &str = "-- payload_index::late
     INSERT INTO payload_open (app_row, message_row)
     SELECT new.app_row, new.row FROM payload_span s, unnest($1::bigint[], $2::bigint[]) AS new (app_row, row)
      WHERE new.row <= s.target_row ON CONFLICT DO NOTHING";

/// How far it has come.
struct Span {
    covered: Covered,
    target: i64,
    is_said: bool,
    is_settled: bool,
}

/// Which messages are covered; `None` where the index is off.
pub(super) async fn covered(conn: &Connection) -> Result<Option<Covered>, Error> {
    let sql = "-- payload_index::covered
         SELECT first_row, last_row FROM payload_span";
    let row = conn.row(sql, &[]).await?;
    row.map(|row| Ok(Covered { first: row.try_get(0)?, last: row.try_get(1)? })).transpose()
}

/// One pass: switches it on, or covers a block of what has come since, or of what was there before.
pub(super) async fn pass(session: &Session) -> Result<Indexed, Error> {
    let conn = &session.conn;
    let Some(mut span) = span(conn).await? else {
        conn.run(
            "-- payload_index::begin
             INSERT INTO payload_span (first_row, last_row, target_row)
             SELECT n.row + 1, n.row, n.row FROM (SELECT coalesce(max(row), 0) AS row FROM message) n
             ON CONFLICT DO NOTHING",
            &[],
        )
        .await?;
        return Ok(Indexed { messages: 0, more: true });
    };
    if !span.is_said {
        conn.run("UPDATE payload_span SET xact = pg_current_xact_id()", &[]).await?;
        return Ok(Indexed { messages: 0, more: true });
    }
    if !span.is_settled {
        // Somebody's transaction is under way, which may take its time.
        return Ok(Indexed { messages: 0, more: false });
    }
    let newer = newer(conn, &span).await?;
    let indexed;
    if newer.len() as i64 == BLOCK {
        let block = next_block(conn, 1).await?;
        cover(session, block, &newer).await?;
        span.covered.last = newer.last().map_or(span.covered.last, |key| key.1);
        indexed = Indexed { messages: newer.len() as u64, more: true };
    } else if span.covered.first > i64::MIN {
        let mut older = older(conn, span.covered.first).await?;
        let is_all = (older.len() as i64) < BLOCK;
        span.covered.first = if is_all { i64::MIN } else { older.last().map_or(i64::MIN, |key| key.1) };
        // The newest of a block has the highest number, whether the block is full or not.
        older.reverse();
        if !older.is_empty() {
            let block = next_block(conn, -1).await?;
            cover(session, block, &older).await?;
        }
        indexed = Indexed { messages: older.len() as u64, more: true };
    } else if is_block_ahead(conn, &span).await? {
        conn.run(
            "-- payload_index::aim
             UPDATE payload_span SET target_row = (SELECT max(row) FROM message), xact = NULL",
            &[],
        )
        .await?;
        return Ok(Indexed { messages: 0, more: true });
    } else {
        return Ok(Indexed { messages: 0, more: sweep(conn).await? });
    }
    conn.run(
        "-- payload_index::pass
         UPDATE payload_span SET first_row = $1, last_row = $2",
        &[&span.covered.first, &span.covered.last],
    )
    .await?;
    Ok(indexed)
}

async fn span(conn: &Connection) -> Result<Option<Span>, Error> {
    let row = conn
        .row(
            "-- payload_index::span
             SELECT first_row, last_row, target_row, xact IS NOT NULL,
                    coalesce(pg_snapshot_xmin(pg_current_snapshot()) >= xact, false)
               FROM payload_span FOR UPDATE",
            &[],
        )
        .await?;
    let read = |row: tokio_postgres::Row| {
        Ok(Span {
            covered: Covered { first: row.try_get(0)?, last: row.try_get(1)? },
            target: row.try_get(2)?,
            is_said: row.try_get(3)?,
            is_settled: row.try_get(4)?,
        })
    };
    row.map(read).transpose()
}

/// A block of what comes next, if there is as much up to the target.
async fn newer(conn: &Connection, span: &Span) -> Result<Vec<MessageKey>, Error> {
    let rows = conn
        .rows(
            "-- payload_index::newer
             SELECT app_row, row FROM message WHERE row > $1 AND row <= $2 ORDER BY row LIMIT $3",
            &[&span.covered.last, &span.target, &BLOCK],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// A block of what was there before, the newest first.
async fn older(conn: &Connection, first: i64) -> Result<Vec<MessageKey>, Error> {
    let rows = conn
        .rows(
            "-- payload_index::older
             SELECT app_row, row FROM message WHERE row < $1 ORDER BY row DESC LIMIT $2",
            &[&first, &BLOCK],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Whether a block of messages has come since.
async fn is_block_ahead(conn: &Connection, span: &Span) -> Result<bool, Error> {
    let sql = "-- payload_index::is_block_ahead
         SELECT 1 FROM message WHERE row > $1 ORDER BY row OFFSET $2 LIMIT 1";
    Ok(conn.exists(sql, &[&span.covered.last, &(BLOCK - 1)]).await?)
}

/// The number of the next block, up or down.
async fn next_block(conn: &Connection, step: i64) -> Result<i64, Error> {
    let row = conn
        .row(
            "-- payload_index::next_block
             SELECT least((SELECT min(block) FROM payload_slice), (SELECT min(seq) >> 10 FROM payload_doc), 0),
                    greatest((SELECT max(block) FROM payload_slice), (SELECT max(seq) >> 10 FROM payload_doc), -1)",
            &[],
        )
        .await?
        .expect("it has no table to be empty");
    Ok(if step > 0 { row.try_get::<_, i64>(1)? + 1 } else { row.try_get::<_, i64>(0)? - 1 })
}

/// Covers messages, which come in the order of their rows, as a block. What there is less than a block has its last places.
async fn cover(session: &Session, block: i64, keys: &[MessageKey]) -> Result<(), Error> {
    let conn = &session.conn;
    let first = BLOCK as usize - keys.len();
    let mut slices = Slices::default();
    for (chunk, some) in keys.chunks(PAYLOADS).enumerate() {
        for (place, grams) in grams_of(conn, some).await? {
            slices.add(first + chunk * PAYLOADS + place, &grams);
        }
    }
    let (app_rows, rows): (Vec<i64>, Vec<i64>) = keys.iter().copied().unzip();
    let seqs: Vec<i64> = (0..keys.len()).map(|at| block * BLOCK + (first + at) as i64).collect();
    conn.run(
        "-- payload_index::docs
         INSERT INTO payload_doc (seq, app_row, message_row)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])",
        &[&seqs, &app_rows, &rows],
    )
    .await?;
    let (numbers, bits) = slices.columns();
    conn.run(
        "-- payload_index::slices
         INSERT INTO payload_slice (block, slice, bits)
         SELECT $1::bigint, * FROM unnest($2::smallint[], $3::bytea[])",
        &[&block, &numbers, &bits],
    )
    .await?;
    conn.run(
        "-- payload_index::closed
         DELETE FROM payload_open WHERE message_row = ANY($1)",
        &[&rows],
    )
    .await?;
    Ok(())
}

/// The grams of messages that are there, with their places in the list.
async fn grams_of(conn: &Connection, keys: &[MessageKey]) -> Result<Vec<(usize, Vec<u32>)>, Error> {
    let (app_rows, rows): (Vec<i64>, Vec<i64>) = keys.iter().copied().unzip();
    let found = conn
        .rows(
            concat!(
                "-- payload_index::grams_of
                 SELECT ",
                messages::columns!(),
                ", m.payload, asked.place
                   FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (app_row, row, place)
                  CROSS JOIN LATERAL
                        (SELECT * FROM message m WHERE m.app_row = asked.app_row AND m.row = asked.row OFFSET 0) m"
            ),
            &[&app_rows, &rows],
        )
        .await?;
    let mut all = Vec::with_capacity(found.len());
    for row in &found {
        let message = messages::read(row, 0, AppId::from_bytes([0; 20]), None)?;
        let payload =
            Record::new(row, "message", message.id.row(), messages::COLUMNS).bytes_or_none("payload")?;
        let place: i64 = row.try_get(messages::COLUMNS + 1)?;
        all.push((place as usize - 1, gram::of_message(&message, payload.as_deref())));
    }
    Ok(all)
}

/// Removes what is left of days that were dropped, from the oldest on. Whether there may be more of it.
async fn sweep(conn: &Connection) -> Result<bool, Error> {
    let gone = conn
        .run(
            "-- payload_index::sweep
             DELETE FROM payload_doc
              WHERE seq IN (SELECT seq FROM payload_doc ORDER BY seq LIMIT $1)
                AND message_row < coalesce((SELECT row FROM message ORDER BY row LIMIT 1), 9223372036854775807)",
            &[&BLOCK],
        )
        .await?;
    conn.run(
        "-- payload_index::sweep
         DELETE FROM payload_slice
          WHERE block < coalesce((SELECT min(seq) >> 10 FROM payload_doc), 9223372036854775807)",
        &[],
    )
    .await?;
    conn.run(
        "-- payload_index::sweep
         DELETE FROM payload_open
          WHERE message_row < coalesce((SELECT row FROM message ORDER BY row LIMIT 1), 9223372036854775807)",
        &[],
    )
    .await?;
    Ok(gone as i64 == BLOCK)
}

/// Forgets a payload that is expunged: nothing is left of its bits, and the message is looked at from now on.
pub(super) async fn forget_payload(conn: &Connection, row: i64) -> Result<(), Error> {
    // A pass that has read it already writes its bits first: then they are seen below.
    conn.rows(
        "-- payload_index::wait_for_pass
         SELECT 1 FROM payload_span FOR KEY SHARE",
        &[],
    )
    .await?;
    conn.run(
        "-- payload_index::forget_payload
         WITH gone AS (DELETE FROM payload_doc WHERE message_row = $1 RETURNING seq, app_row, message_row),
              kept AS (INSERT INTO payload_open (app_row, message_row) SELECT app_row, message_row FROM gone
                       ON CONFLICT DO NOTHING)
         UPDATE payload_slice s SET bits = set_bit(s.bits, g.seq & 1023, 0) FROM gone g
          WHERE s.block = g.seq >> 10 AND get_bit(s.bits, g.seq & 1023) = 1",
        &[&row],
    )
    .await?;
    Ok(())
}

/// Forgets messages that are removed. Their bits go with those of their block.
pub(super) async fn forget(conn: &Connection, rows: &[i64]) -> Result<(), Error> {
    for sql in [
        "-- payload_index::forget
         DELETE FROM payload_doc WHERE message_row = ANY($1)",
        "-- payload_index::forget
         DELETE FROM payload_open WHERE message_row = ANY($1)",
    ] {
        conn.run(sql, &[&rows]).await?;
    }
    Ok(())
}

/// Switches it off and empties it. `false` when it was off.
pub(super) async fn drop_all(session: &Session) -> Result<bool, Error> {
    let dropped = session.conn.run("DELETE FROM payload_span", &[]).await?;
    if dropped > 0 {
        session.conn.run("DELETE FROM payload_open", &[]).await?;
        session.conn.batch("TRUNCATE payload_doc, payload_slice").await?;
    }
    Ok(dropped > 0)
}

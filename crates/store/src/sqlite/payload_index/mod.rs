//! The payload index, made of FTS5: which messages may have a text in them. See [`crate::search::index`].
//!
//! A message that is covered has a number, or is open. Numbers go up with rows, so that FTS5 gives what it finds in the order
//! of a walk, and stops where the walk has enough.
//!
//! Rows are made before they are written, so one may come when the index has gone past it: the accepting transaction knows how
//! far the index is and leaves the message open. There is one writer, and it cannot miss that.

mod find;

use postrider_core::id::{AppId, first_row_at};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

pub(super) use self::find::{candidates, is_in_url};
use super::messages;
use super::session::Session;
use crate::Error;
use crate::search::gram;
use crate::search::index::{Covered, Indexed, LAG};

/// Grams of a message; one with more is open.
const GRAMS: usize = 16_384;
/// Bytes of payloads that one pass reads, and perhaps one payload more.
const PASS_BYTES: usize = 512 * 1_024;

/// A message that is to be covered, with its grams.
struct Doc {
    row: i64,
    app_row: i64,
    grams: Vec<u32>,
}

/// Which messages are covered; `None` where the index is off.
pub(super) fn covered(conn: &Connection) -> Result<Option<Covered>, Error> {
    let mut statement = conn.prepare_cached(
        "-- payload_index::covered
         SELECT first_row, last_row FROM payload_span WHERE one = 1",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok(Covered { first: row.get(0)?, last: row.get(1)? });
    Ok(statement.query_row([], read).optional()?)
}

/// One pass: switches it on, covers what has come since, and then what was there before.
pub(super) fn pass(session: &mut Session<'_>, now: Timestamp, limit: usize) -> Result<Indexed, Error> {
    let conn = session.conn;
    // What comes now may have been overtaken by what came before: a little later hardly anything has to be left open.
    let until = first_row_at(now.before(LAG));
    let before = covered(conn)?;
    let mut covered = before.unwrap_or(Covered { first: until, last: until - 1 });
    let newer = Docs::read(conn, (covered.last + 1, until - 1), "ASC", limit)?;
    // While nothing comes, nothing is written.
    if !newer.all.is_empty() {
        covered.last = newer.end.unwrap_or(until - 1).max(covered.last);
    }
    newer.number(conn, 1)?;
    let mut indexed = Indexed { messages: newer.all.len() as u64, more: newer.end.is_some() };
    if newer.end.is_none() && covered.first > i64::MIN {
        let older = Docs::read(conn, (i64::MIN, covered.first - 1), "DESC", limit)?;
        covered.first = older.end.unwrap_or(i64::MIN);
        older.number(conn, -1)?;
        indexed.messages += older.all.len() as u64;
        indexed.more = older.end.is_some();
    }
    if before == Some(covered) {
        return Ok(indexed);
    }
    conn.prepare_cached(
        "-- payload_index::pass
         INSERT INTO payload_span (one, first_row, last_row) VALUES (1, ?1, ?2)
         ON CONFLICT (one) DO UPDATE SET first_row = ?1, last_row = ?2",
    )?
    .execute((covered.first, covered.last))?;
    session.covered = Some(covered);
    Ok(indexed)
}

/// Messages in a row.
#[derive(Default)]
struct Docs {
    all: Vec<Doc>,
    /// The last of them, unless there are no more in this direction.
    end: Option<i64>,
}

impl Docs {
    /// The next messages between two rows, both among them.
    fn read(conn: &Connection, (first, last): (i64, i64), order: &str, limit: usize) -> Result<Self, Error> {
        let mut docs = Self::default();
        let mut statement = conn.prepare_cached(&format!(
            "-- payload_index::read
             SELECT m.app_row, {}, m.payload FROM message m WHERE m.row BETWEEN ? AND ? ORDER BY m.row {order}",
            messages::columns!()
        ))?;
        let (mut rows, mut bytes) = (statement.query((first, last))?, 0);
        while let Some(row) = rows.next()? {
            if docs.all.len() == limit || bytes > PASS_BYTES {
                docs.end = docs.all.last().map(|doc| doc.row);
                break;
            }
            let message = messages::read(row, 1, AppId::from_bytes([0; 20]), None)?;
            let payload = row.get_ref(1 + messages::COLUMNS)?.as_blob_or_null().unwrap_or_default();
            bytes += payload.map_or(0, <[u8]>::len);
            let grams = gram::of_message(&message, payload);
            docs.all.push(Doc { row: message.id.row(), app_row: row.get(0)?, grams });
        }
        Ok(docs)
    }

    /// Numbers them, up or down from the outermost number, or leaves them open.
    fn number(&self, conn: &Connection, step: i64) -> Result<(), Error> {
        if self.all.is_empty() {
            return Ok(());
        }
        let mut next: i64 = if step > 0 {
            conn.query_row("SELECT coalesce(max(seq), -1) + 1 FROM payload_doc", [], |row| row.get(0))?
        } else {
            conn.query_row("SELECT coalesce(min(seq), 0) - 1 FROM payload_doc", [], |row| row.get(0))?
        };
        // A number of its own side, even if nothing of the other one is left.
        next = if step > 0 { next.max(0) } else { next.min(-1) };
        let mut numbered = Vec::with_capacity(self.all.len());
        for doc in &self.all {
            if doc.grams.len() > GRAMS {
                leave_open(conn, doc.row, doc.app_row)?;
            } else {
                numbered.push((next, doc));
                next += step;
            }
        }
        // Upwards: for each step down FTS5 would write what it has so far as a segment of its own.
        numbered.sort_unstable_by_key(|(seq, _)| *seq);
        let mut insert = conn.prepare_cached(
            "-- payload_index::number
             INSERT INTO payload_doc (seq, app_row, message_row) VALUES (?, ?, ?)",
        )?;
        let mut grams = conn.prepare_cached(
            "-- payload_index::number
             INSERT INTO payload_gram (rowid, grams) VALUES (?, ?)",
        )?;
        for (seq, doc) in numbered {
            insert.execute((seq, doc.app_row, doc.row))?;
            grams.execute((seq, words(&doc.grams)))?;
        }
        Ok(())
    }
}

fn leave_open(conn: &Connection, row: i64, app_row: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "-- payload_index::leave_open
         INSERT INTO payload_open (message_row, app_row) VALUES (?, ?) ON CONFLICT DO NOTHING",
    )?
    .execute((row, app_row))?;
    Ok(())
}

/// Notes that a message is being written, in the transaction that does: the index may have gone past it.
pub(super) fn accepted(session: &mut Session<'_>, row: i64, app_row: i64) -> Result<(), Error> {
    let covered = match session.covered {
        Some(covered) => covered,
        None => *session.covered.insert(covered(session.conn)?.unwrap_or(Covered::NOTHING)),
    };
    if covered.has(row) { leave_open(session.conn, row, app_row) } else { Ok(()) }
}

/// Forgets a payload that is dropped. What else the message is found by stays.
pub(super) fn forget_payload(conn: &Connection, row: i64) -> Result<(), Error> {
    let Some(seq) = seq_of(conn, row)? else { return Ok(()) };
    let mut statement = conn.prepare_cached(concat!(
        "-- payload_index::forget_payload
         SELECT ",
        messages::columns!(),
        " FROM message m WHERE m.row = ?"
    ))?;
    let mut rows = statement.query([row])?;
    if let Some(found) = rows.next()? {
        let message = messages::read(found, 0, AppId::from_bytes([0; 20]), None)?;
        conn.prepare_cached(
            "-- payload_index::forget_payload
             INSERT OR REPLACE INTO payload_gram (rowid, grams) VALUES (?, ?)",
        )?
        .execute((seq, words(&gram::of_message(&message, None))))?;
    }
    Ok(())
}

/// Forgets a message that is removed.
pub(super) fn forget(conn: &Connection, row: i64) -> Result<(), Error> {
    if let Some(seq) = seq_of(conn, row)? {
        for sql in ["DELETE FROM payload_gram WHERE rowid = ?", "DELETE FROM payload_doc WHERE seq = ?"] {
            conn.prepare_cached(sql)?.execute([seq])?;
        }
    }
    conn.prepare_cached("DELETE FROM payload_open WHERE message_row = ?")?.execute([row])?;
    Ok(())
}

fn seq_of(conn: &Connection, row: i64) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "-- payload_index::seq_of
         SELECT seq FROM payload_doc WHERE message_row = ?",
    )?;
    Ok(statement.query_row([row], |found| found.get(0)).optional()?)
}

/// Switches it off and empties it. `false` when it was off.
pub(super) fn drop_all(session: &mut Session<'_>) -> Result<bool, Error> {
    session.covered = Some(Covered::NOTHING);
    if covered(session.conn)?.is_none() {
        return Ok(false);
    }
    session.conn.execute_batch(
        "-- payload_index::drop_all
         INSERT INTO payload_gram (payload_gram) VALUES ('delete-all');
         DELETE FROM payload_doc;
         DELETE FROM payload_open;
         DELETE FROM payload_span",
    )?;
    Ok(true)
}

/// Grams as FTS5 takes them: words of five letters and digits.
fn words(grams: &[u32]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut words = String::with_capacity(grams.len() * 6);
    for gram in grams {
        words.extend((0..5).rev().map(|place| char::from(DIGITS[(gram >> (5 * place) & 31) as usize])));
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_fts5_takes_as_one() {
        assert_eq!(words(&[0, 0x61_62_63, 0xff_ff_ff]), "00000 62oj3 fvvvv ");
    }
}

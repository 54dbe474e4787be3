//! What the payload index finds.

use rusqlite::{Connection, OptionalExtension as _};

use super::words;
use crate::Error;
use crate::search::index::{Asked, Hinted, URLS};

/// Numbers that are looked through at once: FTS5 takes milliseconds to begin, and some tens of them for grams that many of these
/// messages have and hardly any has together.
const LOOK: i64 = 262_144;
/// Messages that are named at once, those of other applications too.
const NAMED: usize = 4_096;

/// The next messages that may have the grams.
pub(in crate::sqlite) fn candidates(conn: &Connection, asked: &Asked<'_>) -> Result<Hinted, Error> {
    let (low, high) = (seq_at(conn, asked.first, ">=", "ASC")?, seq_at(conn, asked.last, "<=", "DESC")?);
    let mut hinted = Hinted::default();
    if let (Some(low), Some(high)) = (low, high)
        && low <= high
    {
        let (from, to) = if asked.is_ascending {
            (low, high.min(low.saturating_add(LOOK - 1)))
        } else {
            (low.max(high.saturating_sub(LOOK - 1)), high)
        };
        hinted = matches(conn, asked, (from, to))?;
        // What is behind the last number that was looked through is left for the next time.
        if hinted.end.is_none() && (from, to) != (low, high) {
            let (edge, sign, order) =
                if asked.is_ascending { (to, "<=", "DESC") } else { (from, ">=", "ASC") };
            hinted.end = row_at(conn, edge, sign, order)?;
        }
    }
    hinted.add_open(asked, open(conn, asked, &hinted)?);
    Ok(hinted)
}

/// The number of the message with this row, or of the next one in a direction.
fn seq_at(conn: &Connection, row: i64, sign: &str, order: &str) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "-- payload_index::seq_at
         SELECT seq FROM payload_doc WHERE message_row {sign} ? ORDER BY message_row {order} LIMIT 1"
    ))?;
    Ok(statement.query_row([row], |found| found.get(0)).optional()?)
}

/// The row of the message with this number, or of the next one in a direction.
fn row_at(conn: &Connection, seq: i64, sign: &str, order: &str) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "-- payload_index::row_at
         SELECT message_row FROM payload_doc WHERE seq {sign} ? ORDER BY seq {order} LIMIT 1"
    ))?;
    Ok(statement.query_row([seq], |found| found.get(0)).optional()?)
}

/// What has all grams, of these numbers.
fn matches(conn: &Connection, asked: &Asked<'_>, (from, to): (i64, i64)) -> Result<Hinted, Error> {
    let mut hinted = Hinted::default();
    let mut statement = conn.prepare_cached(&format!(
        "-- payload_index::matches
         SELECT rowid FROM payload_gram WHERE payload_gram MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid {}",
        asked.order()
    ))?;
    let mut doc = conn.prepare_cached(
        "-- payload_index::doc
         SELECT app_row, message_row FROM payload_doc WHERE seq = ?",
    )?;
    let mut rows = statement.query((words(asked.grams), from, to))?;
    let mut named = 0;
    while let Some(row) = rows.next()? {
        named += 1;
        let seq: i64 = row.get(0)?;
        let Some((app_row, message_row)) =
            doc.query_row([seq], |found| Ok((found.get(0)?, found.get(1)?))).optional()?
        else {
            continue;
        };
        if asked.app_row.is_none_or(|own| own == app_row) {
            hinted.keys.push((app_row, message_row));
        }
        if hinted.keys.len() == asked.limit || named >= NAMED {
            hinted.end = Some(message_row);
            break;
        }
    }
    Ok(hinted)
}

/// The open messages up to where the index was looked through.
fn open(conn: &Connection, asked: &Asked<'_>, hinted: &Hinted) -> Result<Vec<(i64, i64)>, Error> {
    let (first, last) = asked.up_to(hinted.end);
    let mut statement = conn.prepare_cached(&format!(
        "-- payload_index::open
         SELECT app_row, message_row FROM payload_open WHERE message_row BETWEEN ? AND ?
          ORDER BY message_row {} LIMIT ?",
        asked.order()
    ))?;
    let rows =
        statement.query_map((first, last, asked.limit as i64), |found| Ok((found.get(0)?, found.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the URL of an endpoint that the search may come to has one of the texts, or there are too many to see.
pub(in crate::sqlite) fn is_in_url(
    conn: &Connection,
    (app_row, environment_row): (Option<i64>, i64),
    text: &str,
) -> Result<bool, Error> {
    let from = match app_row {
        Some(_) => "SELECT e.url FROM endpoint e WHERE e.app_row = ?1",
        None => {
            "SELECT e.url FROM app a INDEXED BY app_live CROSS JOIN endpoint e ON e.app_row = a.row
              WHERE a.environment_row = ?1 AND a.deleted_at IS NULL"
        }
    };
    let mut statement = conn.prepare_cached(&format!(
        "-- payload_index::is_in_url
         SELECT count(*) > ?3 OR total(instr(lower(url), ?2) > 0) > 0 FROM ({from} LIMIT ?3 + 1)"
    ))?;
    let text = text.to_ascii_lowercase();
    Ok(statement.query_row((app_row.unwrap_or(environment_row), text, URLS), |row| row.get(0))?)
}

//! What the payload index finds.

use std::collections::HashMap;

use super::slices::{self, BLOCK};
use crate::Error;
use crate::postgres::connection::Connection;
use crate::search::index::{Asked, Hinted, URLS};
use crate::search::rows::MessageKey;

/// Blocks that are looked through at once.
const LOOK: i64 = 64;

/// The next messages that may have the grams; `None` when what is asked for is not covered any more.
pub(in crate::postgres) async fn candidates(
    conn: &Connection,
    asked: &Asked<'_>,
) -> Result<Option<Hinted>, Error> {
    let mut hinted = Hinted::default();
    if let Some((low, high)) = seqs(conn, asked).await? {
        let (from, to) = if asked.is_ascending {
            (low, high.min(((low >> 10) + LOOK) * BLOCK - 1))
        } else {
            (low.max(((high >> 10) - LOOK + 1) * BLOCK), high)
        };
        let found = places(conn, asked, (from, to)).await?;
        let cut = (found.len() == asked.limit).then(|| found.last().copied()).flatten();
        hinted.keys = docs(conn, &found).await?;
        hinted.keys.retain(|key| asked.app_row.is_none_or(|own| own == key.0));
        let edge = cut.or_else(|| {
            let is_whole = (from, to) == (low, high);
            (!is_whole).then_some(if asked.is_ascending { to } else { from })
        });
        if let Some(edge) = edge {
            hinted.end = row_at(conn, edge, asked.is_ascending).await?;
        }
    }
    let open = open(conn, asked, hinted.end).await?;
    hinted.add_open(asked, open);
    // None of this was one snapshot: had it been emptied meanwhile, much would not have been found.
    let is_covered = super::covered(conn)
        .await?
        .is_some_and(|covered| covered.has(asked.first) && covered.has(asked.last));
    Ok(is_covered.then_some(hinted))
}

/// The lowest and the highest number of what is asked for.
async fn seqs(conn: &Connection, asked: &Asked<'_>) -> Result<Option<(i64, i64)>, Error> {
    let row = conn
        .row(
            "-- payload_index::seqs
             SELECT (SELECT seq FROM payload_doc WHERE message_row >= $1 ORDER BY message_row LIMIT 1),
                    (SELECT seq FROM payload_doc WHERE message_row <= $2 ORDER BY message_row DESC LIMIT 1)",
            &[&asked.first, &asked.last],
        )
        .await?
        .expect("it has no table to be empty");
    let seqs = row.try_get::<_, Option<i64>>(0)?.zip(row.try_get::<_, Option<i64>>(1)?);
    Ok(seqs.filter(|(low, high)| low <= high))
}

/// The first numbers of those from one to another that may have all grams, in the order in which they were asked for.
async fn places(conn: &Connection, asked: &Asked<'_>, (from, to): (i64, i64)) -> Result<Vec<i64>, Error> {
    let numbers: Vec<i16> = slices::numbers(asked.grams).into_iter().collect();
    let rows = conn
        .rows(
            "-- payload_index::places
             SELECT s.block, s.bits FROM generate_series($1::bigint, $2::bigint) AS asked (block)
              CROSS JOIN unnest($3::smallint[]) AS wanted (slice)
              CROSS JOIN LATERAL
                    (SELECT * FROM payload_slice s WHERE s.block = asked.block AND s.slice = wanted.slice OFFSET 0) s",
            &[&(from >> 10), &(to >> 10), &numbers],
        )
        .await?;
    let mut blocks: HashMap<i64, Vec<&[u8]>> = HashMap::new();
    for row in &rows {
        blocks.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    let mut found: Vec<i64> = Vec::new();
    for (block, bits) in blocks {
        found.extend(slices::common(&bits, numbers.len()).into_iter().map(|place| block * BLOCK + place));
    }
    found.retain(|seq| from <= *seq && *seq <= to);
    found.sort_unstable_by_key(|seq| if asked.is_ascending { *seq } else { !*seq });
    found.truncate(asked.limit);
    Ok(found)
}

/// The messages with these numbers, as far as they are there.
async fn docs(conn: &Connection, seqs: &[i64]) -> Result<Vec<MessageKey>, Error> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = conn
        .rows(
            "-- payload_index::docs
             SELECT d.app_row, d.message_row FROM unnest($1::bigint[]) AS asked (seq)
              CROSS JOIN LATERAL (SELECT * FROM payload_doc d WHERE d.seq = asked.seq OFFSET 0) d",
            &[&seqs],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The row of the message with this number, or of the last one before it on the way.
async fn row_at(conn: &Connection, seq: i64, is_ascending: bool) -> Result<Option<i64>, Error> {
    let sql = if is_ascending {
        "-- payload_index::row_at
         SELECT message_row FROM payload_doc WHERE seq <= $1 ORDER BY seq DESC LIMIT 1"
    } else {
        "-- payload_index::row_at
         SELECT message_row FROM payload_doc WHERE seq >= $1 ORDER BY seq LIMIT 1"
    };
    conn.row(sql, &[&seq]).await?.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// The open messages up to where the index was looked through.
async fn open(conn: &Connection, asked: &Asked<'_>, end: Option<i64>) -> Result<Vec<MessageKey>, Error> {
    let (first, last) = asked.up_to(end);
    let sql = format!(
        "-- payload_index::open
         SELECT app_row, message_row FROM payload_open WHERE message_row BETWEEN $1 AND $2
          ORDER BY message_row {} LIMIT $3",
        asked.order()
    );
    let rows = conn.rows(&sql, &[&first, &last, &(asked.limit as i64)]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Whether the URL of an endpoint that the search may come to has one of the texts, or there are too many to see.
pub(in crate::postgres) async fn is_in_url(
    conn: &Connection,
    (app_row, environment_row): (Option<i64>, i64),
    text: &str,
) -> Result<bool, Error> {
    // Letters of ASCII alone are folded, as queries mean it: `lower` would go by the database's language.
    const OF_APP: &str = "-- payload_index::is_in_url
         SELECT count(*) > $3::bigint OR count(*) FILTER (WHERE strpos(
                    translate(url, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), $2) > 0) > 0
           FROM (SELECT e.url FROM endpoint e WHERE e.app_row = $1 LIMIT $3::bigint + 1) AS seen";
    const OF_ENVIRONMENT: &str = "-- payload_index::is_in_url
         SELECT count(*) > $3::bigint OR count(*) FILTER (WHERE strpos(
                    translate(url, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), $2) > 0) > 0
           FROM (SELECT e.url FROM app a JOIN endpoint e ON e.app_row = a.row
                  WHERE a.environment_row = $1 AND a.deleted_at IS NULL LIMIT $3::bigint + 1) AS seen";
    let sql = if app_row.is_some() { OF_APP } else { OF_ENVIRONMENT };
    let text = text.to_ascii_lowercase();
    let row = conn.row(sql, &[&app_row.unwrap_or(environment_row), &text, &URLS]).await?;
    Ok(row.expect("an aggregate gives one row").try_get(0)?)
}

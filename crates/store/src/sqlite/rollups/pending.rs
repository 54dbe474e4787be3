//! What transactions add to rollups waits as one row for each transaction, and is added up later.
//!
//! There is one writer, and a message to a thousand endpoints concerns a thousand rollups: to read and write each of them
//! again in every commit would be a large part of what recording costs. So a transaction writes what it adds as a whole,
//! with what it counts, and many of these are added up at once: after so many transactions, and before anybody reads.

use std::collections::BTreeMap;

use postrider_core::rollup::{Counts, Width};

use super::super::session::Session;
use super::Statements;
use crate::Error;
use crate::tally::{Added, journal};

/// Transactions that are added up at once.
pub(super) const MANY: usize = 64;

/// Whether anything waits.
pub(in crate::sqlite) fn is_any(conn: &rusqlite::Connection) -> Result<bool, Error> {
    let any = "-- pending::is_any
         SELECT 1 FROM rollup_pending LIMIT 1";
    Ok(conn.prepare_cached(any)?.exists([])?)
}

/// Adds up what waits.
pub(in crate::sqlite) fn add_up(session: &mut Session<'_>) -> Result<(), Error> {
    session.pending = 0;
    add_up_with(session.conn, &mut session.rollups)
}

/// The same with a connection of one's own.
pub(in crate::sqlite) fn add_up_on(conn: &rusqlite::Connection) -> Result<(), Error> {
    add_up_with(conn, &mut Statements::prepare(conn)?)
}

fn add_up_with(conn: &rusqlite::Connection, statements: &mut Statements<'_>) -> Result<(), Error> {
    let pending: Vec<(i64, Vec<u8>)> = conn
        .prepare_cached(
            "-- pending::add_up
             SELECT row, added FROM rollup_pending ORDER BY row",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut sums: BTreeMap<(i64, i64, i64, &str), Counts> = BTreeMap::new();
    for (row, added) in &pending {
        // Numbers that cannot be read are lost; they must not keep messages from being accepted.
        let Some(added) = journal::decode(added) else {
            tracing::error!(row, "failed to read a row of rollup_pending; what it counted is left out");
            continue;
        };
        for Added { owner_row, bucket, endpoint_row, event_type, counts, .. } in added {
            sums.entry((owner_row, bucket, endpoint_row, event_type)).or_default().merge(&counts);
        }
    }
    for ((owner_row, bucket, endpoint_row, event_type), counts) in sums {
        let width = Width::FiveMinutes;
        statements.add(&Added { owner_row, bucket, width, endpoint_row, event_type, counts })?;
    }
    conn.prepare_cached(
        "-- pending::add_up
         DELETE FROM rollup_pending",
    )?
    .execute([])?;
    Ok(())
}

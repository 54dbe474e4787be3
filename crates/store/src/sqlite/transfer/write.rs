//! Rows into SQLite.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rusqlite::Connection;

use crate::Error;
use crate::transfer::kind::{Form, Kind};
use crate::transfer::layout::Layout;
use crate::transfer::value::{Batch, Value};

/// Writes the rows of a batch inside an open transaction.
pub(super) fn rows(conn: &Connection, layout: &Layout, batch: &Batch) -> Result<(), Error> {
    if batch.kind == Kind::EventId {
        return Ok(());
    }
    let table = batch.kind.table();
    let stored = layout.stored(table);
    let names: Vec<_> = stored.iter().map(|place| table.columns[*place].name).collect();
    let sql = format!(
        "-- transfer::write::{0}\nINSERT INTO {0} ({1}) VALUES ({2})",
        table.name,
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut statement = conn.prepare_cached(&sql)?;
    for row in batch.rows() {
        for (parameter, place) in stored.iter().enumerate() {
            match (&row[*place], table.columns[*place].form) {
                (Value::Bytes(bytes), Form::Coded) => {
                    statement.raw_bind_parameter(parameter + 1, STANDARD_NO_PAD.encode(bytes))?;
                }
                (value, _) => statement.raw_bind_parameter(parameter + 1, value)?,
            }
        }
        statement.raw_execute()?;
    }
    Ok(())
}

/// Puts the log into the database if it has more pages than this; nobody else does so during a move.
pub(super) fn shorten_log(conn: &Connection, pages: i64) -> Result<(), Error> {
    // Says how many pages there are, and moves only what a second one asks for.
    let log: i64 = conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    if log > pages {
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

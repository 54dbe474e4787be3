//! Is the file sound? Asked after the last process was killed.
//!
//! A check reads the whole file, and a restart must deliver again within two seconds. So a small database is checked
//! before it is opened, and a large one behind the traffic, a table at a time so that no reader holds the log for long;
//! if that finds damage, the engine is broken from then on.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::health::Status;
use super::open::OpenError;
use super::ticker::Ticker;

/// The largest database that is checked before it is opened: a fraction of a second.
const SMALL_BYTES: u64 = 64 * 1024 * 1024;
const STEPS: i32 = 100_000;

pub(super) fn is_small(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= SMALL_BYTES)
}

/// Checks everything at once.
pub(super) fn quick(conn: &Connection) -> Result<(), OpenError> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Damaged(verdict)) }
}

/// Checks table after table until the ticker stops, and reports damage to `status`.
pub(super) fn behind_the_traffic(mut conn: Connection, status: &Arc<Status>, ticker: &Arc<Ticker>) {
    let stop = Arc::clone(ticker);
    match conn.progress_handler(STEPS, Some(move || stop.is_stopped())).and_then(|()| tables(&conn)) {
        Ok(None) => tracing::info!("the database is sound"),
        Ok(Some(damage)) => status.set_broken(&format!("the database is damaged: {damage}")),
        Err(_) if ticker.is_stopped() => {}
        Err(error) => status.set_broken(&format!("the database could not be checked: {error}")),
    }
}

fn tables(conn: &Connection) -> rusqlite::Result<Option<String>> {
    let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        // The name is one of our own schema.
        let verdict: String = conn.query_row(&format!("PRAGMA quick_check({name})"), [], |row| row.get(0))?;
        if verdict != "ok" {
            return Ok(Some(verdict));
        }
    }
    Ok(None)
}

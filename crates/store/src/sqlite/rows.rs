//! The highest row of any id.

use rusqlite::Connection;

use crate::Error;

const TABLES: [&str; 15] = [
    "environment",
    "api_key",
    "app",
    "event_type",
    "endpoint",
    "message",
    "attempt",
    "task",
    "source",
    "refusal",
    "portal_session",
    "audit",
    "person",
    "person_session",
    "saved_search",
];

/// The highest row of any id in the store; 0 when it is empty.
pub(super) fn last(conn: &Connection) -> Result<i64, Error> {
    let mut last = 0;
    for table in TABLES {
        let row: Option<i64> =
            conn.query_row(&format!("SELECT max(row) FROM {table}"), [], |row| row.get(0))?;
        last = last.max(row.unwrap_or(0));
    }
    Ok(last)
}

//! Saved searches.

use postrider_core::id::SavedSearchId;
use postrider_core::limits;
use postrider_core::saved::{List, SavedSearch};
use postrider_core::scope::EnvironmentScope;
use rusqlite::{Connection, Row, params};

use super::record::Record;
use super::session::Session;
use crate::Error;

fn read(row: &Row<'_>) -> Result<SavedSearch, Error> {
    let mut record = Record::new(row, "saved_search", row.get(0)?, 1);
    Ok(SavedSearch {
        id: SavedSearchId::from_bytes(record.id("id")?),
        name: record.get("name")?,
        list: record.number("list", List::of_number)?,
        query: record.get("query")?,
        created_at: record.time("created_at")?,
    })
}

pub(super) fn all(conn: &Connection, scope: EnvironmentScope) -> Result<Vec<SavedSearch>, Error> {
    let mut statement = conn.prepare_cached(
        "-- saved::all
         SELECT row, id, name, list, query, created_at FROM saved_search WHERE environment_row = ? ORDER BY name",
    )?;
    statement.query_and_then([scope.environment().row()], read)?.collect()
}

/// Keeps the search in the place of one of the same name. `false` where there are too many others.
pub(super) fn save(
    session: &mut Session<'_>,
    scope: EnvironmentScope,
    search: &SavedSearch,
) -> Result<bool, Error> {
    let environment = scope.environment().row();
    let others: i64 = session
        .conn
        .prepare_cached(
            "-- saved::save
             SELECT count(*) FROM saved_search WHERE environment_row = ? AND name <> ?",
        )?
        .query_row((environment, &search.name), |row| row.get(0))?;
    if others >= limits::SAVED_SEARCHES as i64 {
        return Ok(false);
    }
    session
        .conn
        .prepare_cached(
            "-- saved::save
             DELETE FROM saved_search WHERE environment_row = ? AND name = ?",
        )?
        .execute((environment, &search.name))?;
    session
        .conn
        .prepare_cached(
            "-- saved::save
             INSERT INTO saved_search (row, id, environment_row, name, list, query, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            search.id.row(),
            search.id.as_bytes(),
            environment,
            search.name,
            search.list as u8,
            search.query,
            search.created_at.as_micros(),
        ])?;
    Ok(true)
}

pub(super) fn forget(
    session: &mut Session<'_>,
    scope: EnvironmentScope,
    search: SavedSearchId,
) -> Result<bool, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- saved::forget
         DELETE FROM saved_search WHERE row = ? AND id = ? AND environment_row = ?",
    )?;
    Ok(statement.execute((search.row(), search.as_bytes(), scope.environment().row()))? == 1)
}

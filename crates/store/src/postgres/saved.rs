//! Saved searches.

use postrider_core::id::SavedSearchId;
use postrider_core::limits;
use postrider_core::saved::{List, SavedSearch};
use postrider_core::scope::EnvironmentScope;
use tokio_postgres::Row;

use super::connection::Connection;
use super::environments;
use super::record::Record;
use super::session::Session;
use crate::Error;

fn read(row: &Row) -> Result<SavedSearch, Error> {
    let mut record = Record::new(row, "saved_search", row.try_get(0)?, 1);
    Ok(SavedSearch {
        id: SavedSearchId::from_bytes(record.id("id")?),
        name: record.get("name")?,
        list: record.number("list", List::of_number)?,
        query: record.get("query")?,
        created_at: record.time("created_at")?,
    })
}

pub(super) async fn all(conn: &Connection, scope: EnvironmentScope) -> Result<Vec<SavedSearch>, Error> {
    let rows = conn
        .rows(
            "-- saved::all
             SELECT row, id, name, list, query, created_at FROM saved_search WHERE environment_row = $1 ORDER BY name",
            &[&scope.environment().row()],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Keeps the search in the place of one of the same name. `false` where there are too many others. Those who save at the
/// same moment take turns by the environment's row.
pub(super) async fn save(
    session: &Session,
    scope: EnvironmentScope,
    search: &SavedSearch,
) -> Result<bool, Error> {
    if !environments::lock(session, scope).await? {
        return Ok(false);
    }
    let environment = scope.environment().row();
    let counted = session
        .conn
        .row(
            "-- saved::save
             SELECT count(*) FROM saved_search WHERE environment_row = $1 AND name <> $2",
            &[&environment, &search.name],
        )
        .await?;
    let others: i64 = counted.expect("an aggregate gives one row").try_get(0)?;
    if others >= limits::SAVED_SEARCHES as i64 {
        return Ok(false);
    }
    session
        .conn
        .run(
            "-- saved::save
             DELETE FROM saved_search WHERE environment_row = $1 AND name = $2",
            &[&environment, &search.name],
        )
        .await?;
    session
        .conn
        .run(
            "-- saved::save
             INSERT INTO saved_search (row, id, environment_row, name, list, query, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &search.id.row(),
                &search.id.as_bytes().as_slice(),
                &environment,
                &search.name,
                &(search.list as i16),
                &search.query,
                &search.created_at.as_micros(),
            ],
        )
        .await?;
    Ok(true)
}

pub(super) async fn forget(
    session: &Session,
    scope: EnvironmentScope,
    search: SavedSearchId,
) -> Result<bool, Error> {
    let gone = session
        .conn
        .run(
            "-- saved::forget
             DELETE FROM saved_search WHERE row = $1 AND id = $2 AND environment_row = $3",
            &[&search.row(), &search.as_bytes().as_slice(), &scope.environment().row()],
        )
        .await?;
    Ok(gone == 1)
}

//! The highest row of any id.

use super::connection::Connection;
use super::partitions::TABLES;
use crate::Error;

/// The highest row of any id in the store; 0 when it is empty.
pub(super) async fn last(conn: &Connection) -> Result<i64, Error> {
    let row = conn
        .row(
            "-- rows::last
             SELECT greatest(0, (SELECT max(row) FROM environment), (SELECT max(row) FROM api_key),
                             (SELECT max(row) FROM app), (SELECT max(row) FROM event_type),
                             (SELECT max(row) FROM endpoint), (SELECT max(row) FROM task),
                             (SELECT max(row) FROM source), (SELECT max(row) FROM refusal),
                             (SELECT max(row) FROM portal_session), (SELECT max(row) FROM audit),
                             (SELECT max(row) FROM person), (SELECT max(row) FROM person_session),
                             (SELECT max(row) FROM saved_search))",
            &[],
        )
        .await?;
    let mut last = row.expect("a SELECT without FROM gives one row").try_get(0)?;
    for table in TABLES {
        last = last_of(conn, table).await?.max(last);
    }
    Ok(last)
}

/// The same of a table that is partitioned by day. The newest day that has a row has the highest one; those ahead of it
/// are few, and no other is looked at, however many there are.
async fn last_of(conn: &Connection, table: &str) -> Result<i64, Error> {
    let days = conn
        .rows(
            "-- rows::last_of
             SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = to_regclass($1::text) ORDER BY c.relname DESC",
            &[&table],
        )
        .await?;
    for day in days {
        let partition: &str = day.try_get(0)?;
        // The name was made of a table's name and a number, and needs no quotes.
        let last = conn.row(&format!("SELECT max(row) FROM {partition}"), &[]).await?;
        if let Some(last) = last.expect("an aggregate gives one row").try_get(0)? {
            return Ok(last);
        }
    }
    Ok(0)
}

//! The highest row of any id.

use super::connection::Connection;
use crate::Error;

/// The highest row of any id in the store; 0 when it is empty.
pub(super) async fn last(conn: &Connection) -> Result<i64, Error> {
    let row = conn
        .row(
            "-- rows::last
             SELECT greatest(0, (SELECT max(row) FROM environment), (SELECT max(row) FROM api_key),
                             (SELECT max(row) FROM app), (SELECT max(row) FROM event_type),
                             (SELECT max(row) FROM endpoint), (SELECT max(row) FROM message),
                             (SELECT max(row) FROM attempt), (SELECT max(row) FROM task))",
            &[],
        )
        .await?;
    Ok(row.expect("a SELECT without FROM gives one row").try_get(0)?)
}

//! Rows of a search as they come out of statements.

use bytes::Bytes;
use postrider_core::delivery::State;
use postrider_core::id::{AppId, AttemptId, EndpointId, SourceId};
use postrider_core::query::{AppHead, EndpointHead, LastAttempt};
use rusqlite::{Row, Rows};

use crate::Error;
use crate::search::rows::{DeliveryRow, MessageRow, NO_APP};
use crate::sqlite::record::Record;
use crate::sqlite::{attempts, claim, messages};

/// The first `limit` rows.
pub(super) fn gather<T>(
    mut cursor: Rows<'_>,
    limit: usize,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    while all.len() < limit
        && let Some(row) = cursor.next()?
    {
        all.push(read(row)?);
    }
    Ok(all)
}

pub(super) fn message(row: &Row<'_>) -> Result<MessageRow, Error> {
    let has_payload = row.get(row.as_ref().column_count() - 1)?;
    Ok(MessageRow { app_row: row.get(0)?, message: messages::read(row, 1, NO_APP, None)?, has_payload })
}

pub(super) fn delivery(row: &Row<'_>) -> Result<DeliveryRow, Error> {
    let message_row = row.get(0)?;
    let mut record = Record::new(row, "delivery", message_row, 1);
    Ok(DeliveryRow {
        app_row: 0,
        message_row,
        endpoint_row: record.get("endpoint_row")?,
        state: record.number("state", State::from_number)?,
        attempts: record.get("attempts")?,
        due: record.time_or_none("due")?,
    })
}

/// The application with this row.
pub(super) fn app(found: &Row<'_>, row: i64) -> Result<(i64, AppHead), Error> {
    let mut record = Record::new(found, "app", row, 0);
    let head = AppHead {
        id: AppId::from_bytes(record.id("id")?),
        uid: record.get("uid")?,
        name: record.get("name")?,
        source: record.get::<Option<[u8; 20]>>("source_id")?.map(SourceId::from_bytes),
        source_uid: record.get("uid of the source")?,
    };
    Ok((row, head))
}

/// The endpoint with this row.
pub(super) fn endpoint(found: &Row<'_>, row: i64) -> Result<(i64, EndpointHead), Error> {
    let mut record = Record::new(found, "endpoint", row, 0);
    let head = EndpointHead {
        id: EndpointId::from_bytes(record.id("id")?),
        uid: record.get("uid")?,
        url: record.get("url")?,
        description: record.get("description")?,
        is_deleted: record.get("deleted_at")?,
    };
    Ok((row, head))
}

/// The attempt with this row, and the header lines of its request.
pub(super) fn attempt(found: &Row<'_>, row: i64) -> Result<(LastAttempt, Bytes), Error> {
    let mut record = Record::new(found, "attempt", row, 0);
    let last = LastAttempt {
        id: AttemptId::from_bytes(record.id("id")?),
        number: record.get("number")?,
        at: record.time("at")?,
        trigger: record.number("trigger", claim::trigger_of)?,
        succeeded: record.get("succeeded")?,
        status_code: record.get("status_code")?,
        failure: attempts::failure(&mut record)?,
        latency: attempts::timings(record.get("timings")?).total,
    };
    Ok((last, record.bytes("request_headers")?))
}

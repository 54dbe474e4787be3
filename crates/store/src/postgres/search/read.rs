//! Rows of a search as they come out of statements.

use bytes::Bytes;
use postrider_core::delivery::State;
use postrider_core::id::{AppId, AttemptId, EndpointId, SourceId};
use postrider_core::query::{AppHead, EndpointHead, LastAttempt};
use tokio_postgres::Row;

use crate::Error;
use crate::postgres::record::Record;
use crate::postgres::{attempts, claim, messages};
use crate::search::rows::{AttemptRow, DeliveryRow, MessageRow, NO_APP};

pub(super) fn message(row: &Row) -> Result<MessageRow, Error> {
    let has_payload = row.try_get(row.len() - 1)?;
    Ok(MessageRow { app_row: row.try_get(0)?, message: messages::read(row, 1, NO_APP, None)?, has_payload })
}

pub(super) fn delivery(row: &Row) -> Result<DeliveryRow, Error> {
    let message_row = row.try_get(1)?;
    let mut record = Record::new(row, "delivery", message_row, 2);
    Ok(DeliveryRow {
        app_row: row.try_get(0)?,
        message_row,
        endpoint_row: record.get("endpoint_row")?,
        state: record.number("state", State::from_number)?,
        attempts: record.count("attempts")?,
        due: record.time_or_none("due")?,
    })
}

pub(super) fn app(found: &Row) -> Result<(i64, AppHead), Error> {
    let row = found.try_get(0)?;
    let mut record = Record::new(found, "app", row, 1);
    let head = AppHead {
        id: AppId::from_bytes(record.id("id")?),
        uid: record.get("uid")?,
        name: record.get("name")?,
        source: record.id_or_none("source_id")?.map(SourceId::from_bytes),
        source_uid: record.get("uid of the source")?,
    };
    Ok((row, head))
}

pub(super) fn endpoint(found: &Row) -> Result<(i64, EndpointHead), Error> {
    let row = found.try_get(0)?;
    let mut record = Record::new(found, "endpoint", row, 1);
    let head = EndpointHead {
        id: EndpointId::from_bytes(record.id("id")?),
        uid: record.get("uid")?,
        url: record.get("url")?,
        description: record.get("description")?,
        is_deleted: record.get("deleted_at")?,
    };
    Ok((row, head))
}

pub(super) fn attempt(found: &Row) -> Result<AttemptRow, Error> {
    let (message_row, endpoint_row): (i64, i64) = (found.try_get(0)?, found.try_get(1)?);
    let mut record = Record::new(found, "attempt", found.try_get(2)?, 3);
    let last = LastAttempt {
        id: AttemptId::from_bytes(record.id("id")?),
        number: record.count("number")?,
        at: record.time("at")?,
        trigger: record.number("trigger", claim::trigger_of)?,
        succeeded: record.get("succeeded")?,
        status_code: record.count("status_code")? as u16,
        failure: attempts::failure(&mut record)?,
        latency: attempts::timings(record.get("timings")?).total,
    };
    Ok(AttemptRow { message_row, endpoint_row, last, headers: record.bytes("request_headers")? })
}

pub(super) fn payload(found: &Row) -> Result<(i64, Bytes), Error> {
    let row = found.try_get(0)?;
    Ok((row, Record::new(found, "message", row, 1).bytes("payload")?))
}

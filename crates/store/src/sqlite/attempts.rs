//! Attempts: reading what was recorded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::{Attempt, Failure, FailureClass, Timings};
use postrider_core::id::{AttemptId, EndpointId, MessageId};
use postrider_core::scope::AppScope;
use rusqlite::{Connection, Row};

use super::scan::{Walk, gather};
use super::session::Session;
use super::{claim, endpoints, messages, record::Record};
use crate::{AttemptFilter, Error, Listed, MessageFilter, Order, Page};

/// The columns that filters look at, and the way to the message.
macro_rules! scan {
    ($name:literal, $index:literal, $owner:literal) => {
        concat!(
            "-- attempts::",
            $name,
            "\nSELECT t.row, t.id, t.succeeded, t.status_code, e.id, ",
            $crate::sqlite::messages::columns!(),
            " FROM attempt t INDEXED BY ",
            $index,
            " CROSS JOIN message m ON m.row = t.message_row CROSS JOIN endpoint e ON e.row = t.endpoint_row
               WHERE ",
            $owner,
            " = ? AND t.row > ? AND t.row < ?"
        )
    };
}

/// The column of a scan where the message begins.
const MESSAGE: usize = 5;

fn read(row: &Row<'_>, with_content: bool) -> Result<Attempt, Error> {
    let mut record = Record::new(row, "attempt", row.get(0)?, 1);
    Ok(Attempt {
        id: AttemptId::from_bytes(record.id("id")?),
        message: MessageId::from_bytes(record.id("message")?),
        endpoint: EndpointId::from_bytes(record.id("endpoint")?),
        number: record.get("number")?,
        at: record.time("at")?,
        trigger: record.number("trigger", claim::trigger_of)?,
        succeeded: record.get("succeeded")?,
        status_code: record.get("status_code")?,
        failure: failure(&mut record)?,
        url: record.get("url")?,
        remote: record.bytes_or_none("remote")?.and_then(|bytes| remote(&bytes)),
        timings: timings(record.get("timings")?),
        request_headers: record.bytes("request_headers")?,
        response_headers: if with_content { record.bytes("response_headers")? } else { Bytes::new() },
        response: if with_content { record.bytes_or_none("response")? } else { None },
    })
}

/// The attempt at this row, which a list has found.
fn at(conn: &Connection, row: i64, with_content: bool) -> Result<Option<Attempt>, Error> {
    let mut statement = conn.prepare_cached(
        "-- attempts::at
         SELECT t.row, t.id, m.id, e.id, t.number, t.at, t.trigger, t.succeeded, t.status_code, t.failure_class,
                t.failure, t.url, t.remote, t.timings, t.request_headers, t.response_headers, t.response
           FROM attempt t CROSS JOIN message m ON m.row = t.message_row CROSS JOIN endpoint e ON e.row = t.endpoint_row
          WHERE t.row = ?",
    )?;
    statement.query_and_then([row], |row| read(row, with_content))?.next().transpose()
}

pub(super) fn failure(record: &mut Record<'_>) -> Result<Option<Failure>, Error> {
    let class = record.number_or_none("failure_class", FailureClass::from_number)?;
    let sentence: Option<String> = record.get("failure")?;
    Ok(class.map(|class| Failure { class, sentence: sentence.unwrap_or_default() }))
}

fn remote(bytes: &[u8]) -> Option<SocketAddr> {
    let (address, port) = bytes.split_last_chunk::<2>()?;
    let address = match address.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
    };
    Some(SocketAddr::new(address, u16::from_be_bytes(*port)))
}

pub(super) fn timings(bytes: [u8; 20]) -> Timings {
    let mut phases =
        bytes.as_chunks::<4>().0.iter().map(|bytes| Duration::from_micros(u32::from_be_bytes(*bytes).into()));
    let mut next = || phases.next().unwrap_or_default();
    Timings { dns: next(), connect: next(), tls: next(), first_byte: next(), total: next() }
}

/// Whether the filter lets the attempt in `row` through, but for its times, which bound the walk.
fn matches(filter: &AttemptFilter, row: &Row<'_>, scope: AppScope) -> Result<bool, Error> {
    let (succeeded, status_code): (bool, u16) = (row.get(2)?, row.get(3)?);
    if filter.succeeded.is_some_and(|wanted| wanted != succeeded)
        || filter.code_class.is_some_and(|class| class != status_code / 100)
        || filter.endpoint.is_some_and(|wanted| row.get(4).ok() != Some(*wanted.as_bytes()))
    {
        return Ok(false);
    }
    let any =
        MessageFilter { before: None, after: None, ..filter.message.clone() } == MessageFilter::default();
    Ok(any || messages::matches(&filter.message, &messages::read(row, MESSAGE, scope.app(), None)?))
}

pub(super) fn by_endpoint(
    conn: &Connection,
    scope: AppScope,
    endpoint: EndpointId,
    filter: &AttemptFilter,
    page: &Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    if !endpoints::exists(conn, scope, endpoint)? {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let scan = scan!("by_endpoint", "attempt_endpoint", "t.endpoint_row");
    list(conn, scope, scan, endpoint.row(), filter, page)
}

pub(super) fn by_message(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    filter: &AttemptFilter,
    page: &Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    if messages::has_payload(conn, scope, message)?.is_none() {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let scan = scan!("by_message", "attempt_message", "t.message_row");
    list(conn, scope, scan, message.row(), filter, page)
}

fn list(
    conn: &Connection,
    scope: AppScope,
    scan: &str,
    owner_row: i64,
    filter: &AttemptFilter,
    page: &Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    let walk = Walk::rows(page, Order::Descending, AttemptId::row)
        .between(filter.message.after, filter.message.before);
    let mut statement = conn.prepare_cached(&format!("{scan} ORDER BY t.row {}", walk.order))?;
    let rows = statement.query((owner_row, walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let id = AttemptId::from_bytes(row.get(1)?);
        let attempt =
            if matches(filter, row, scope)? { at(conn, id.row(), filter.with_content)? } else { None };
        Ok((id, attempt))
    })
}

pub(super) fn find(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    attempt: AttemptId,
) -> Result<Option<Attempt>, Error> {
    if messages::has_payload(conn, scope, message)?.is_none() {
        return Ok(None);
    }
    let found = at(conn, attempt.row(), true)?;
    Ok(found.filter(|found| found.id == attempt && found.message == message))
}

pub(super) fn expunge(
    session: &mut Session<'_>,
    scope: AppScope,
    message: MessageId,
    attempt: AttemptId,
) -> Result<bool, Error> {
    if messages::has_payload(session.conn, scope, message)?.is_none() {
        return Ok(false);
    }
    let mut statement = session.conn.prepare_cached(
        "-- attempts::expunge
         UPDATE attempt SET response = NULL, response_headers = x'' WHERE row = ? AND id = ? AND message_row = ?",
    )?;
    Ok(statement.execute((attempt.row(), attempt.as_bytes(), message.row()))? == 1)
}

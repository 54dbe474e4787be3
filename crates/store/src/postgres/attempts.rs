//! Attempts: reading what was recorded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use postrider_core::attempt::{Attempt, Failure, FailureClass, Timings};
use postrider_core::id::{AttemptId, EndpointId, MessageId, first_row_at};
use postrider_core::scope::AppScope;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::messages::FilterParams;
use super::record::Record;
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{apps, claim, endpoints, messages};
use crate::{AttemptFilter, Error, Listed, Order, Page};

/// How far the clocks of two nodes can be apart: an attempt may seem older than its message by that much.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(24 * 3_600);

/// What [`read`] reads, of `attempt t`. The recorded answer, which is most of an attempt, is there only on the condition
/// given.
macro_rules! columns {
    ($with_content:literal) => {
        concat!(
            "t.row, t.id, t.message_id, t.endpoint_id, t.number, t.at, t.trigger, t.succeeded, t.status_code,
             t.failure_class, t.failure, t.url, t.remote, t.timings, t.request_headers,
             CASE WHEN ",
            $with_content,
            " THEN t.response_headers ELSE ''::bytea END, CASE WHEN ",
            $with_content,
            " THEN t.response END"
        )
    };
}

/// Attempts with a message that is there; what its filter looks at comes from that.
macro_rules! from {
    ($owner:literal, $condition:expr) => {
        concat!(
            "attempt t CROSS JOIN LATERAL
                 (SELECT m.channels, m.tags, m.event_type FROM message m
                   WHERE m.app_row = t.app_row AND m.row = t.message_row OFFSET 0) m
              WHERE t.app_row = $5 AND ",
            $owner,
            " = $11 AND ",
            apps::is_live!("$5", "$6", "$7"),
            " AND ",
            $condition
        )
    };
}

/// Beside the message's filter: succeeded `$13`, class of status `$14`, id of the endpoint `$15`.
macro_rules! matches {
    () => {
        concat!(
            messages::matches!(),
            " AND ($13::boolean IS NULL OR t.succeeded = $13) AND ($14::integer IS NULL OR t.status_code / 100 = $14)
              AND ($15::bytea IS NULL OR t.endpoint_id = $15)"
        )
    };
}

/// Attempts at the endpoint with the row `$11` and the id `$12`, of the application of the scope `$5` to `$7`.
pub(super) const BY_ENDPOINT: List = List {
    name: "attempts::by_endpoint",
    key: "t.row",
    columns: columns!("$16"),
    from: from!("t.endpoint_row", endpoints::is_live!("$5", "$11", "$12")),
    matches: matches!(),
};

/// Attempts of the message with the row `$11` and the id `$12`, of the application of the scope `$5` to `$7`.
pub(super) const BY_MESSAGE: List = List {
    name: "attempts::by_message",
    key: "t.row",
    columns: columns!("$16"),
    from: from!("t.message_row", messages::is_there!("$5", "$11", "$12")),
    matches: matches!(),
};

/// The attempt in the columns of `row` from `at` on.
fn read(row: &Row, at: usize) -> Result<Attempt, Error> {
    let mut record = Record::new(row, "attempt", row.try_get(at)?, at + 1);
    Ok(Attempt {
        id: AttemptId::from_bytes(record.id("id")?),
        message: MessageId::from_bytes(record.id("message_id")?),
        endpoint: EndpointId::from_bytes(record.id("endpoint_id")?),
        number: record.count("number")?,
        at: record.time("at")?,
        trigger: record.number("trigger", claim::trigger_of)?,
        succeeded: record.get("succeeded")?,
        status_code: record.count("status_code")? as u16,
        failure: failure(&mut record)?,
        url: record.get("url")?,
        remote: record.get::<Option<&[u8]>>("remote")?.and_then(remote),
        timings: timings(record.get("timings")?),
        request_headers: record.bytes("request_headers")?,
        response_headers: record.bytes("response_headers")?,
        response: record.bytes_or_none("response")?,
    })
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

pub(super) fn timings(bytes: &[u8]) -> Timings {
    let mut phases =
        bytes.as_chunks::<4>().0.iter().map(|bytes| Duration::from_micros(u32::from_be_bytes(*bytes).into()));
    let mut next = || phases.next().unwrap_or_default();
    Timings { dns: next(), connect: next(), tls: next(), first_byte: next(), total: next() }
}

pub(super) async fn by_endpoint(
    conn: &Connection,
    scope: AppScope,
    endpoint: EndpointId,
    filter: &AttemptFilter,
    page: &Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    let owner: (i64, &[u8]) = (endpoint.row(), endpoint.as_bytes());
    list(conn, scope, &BY_ENDPOINT, owner, filter, walk(filter, page)).await
}

pub(super) async fn by_message(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    filter: &AttemptFilter,
    page: &Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    // Most messages whose attempts are looked at are young: there is no need to search the days before them.
    let walk = walk(filter, page).above(first_row_at(message.timestamp().before(CLOCKS_APART_MAX)));
    let owner: (i64, &[u8]) = (message.row(), message.as_bytes());
    list(conn, scope, &BY_MESSAGE, owner, filter, walk).await
}

fn walk(filter: &AttemptFilter, page: &Page<AttemptId>) -> Walk<i64> {
    Walk::rows(page, Order::Descending, AttemptId::row).between(filter.message.after, filter.message.before)
}

async fn list(
    conn: &Connection,
    scope: AppScope,
    list: &List,
    (owner_row, owner_id): (i64, &[u8]),
    filter: &AttemptFilter,
    walk: Walk<i64>,
) -> Result<Listed<Attempt, AttemptId>, Error> {
    let (app, message) = (scope.app(), FilterParams::from(&filter.message));
    let endpoint = filter.endpoint.as_ref().map(|endpoint| endpoint.as_bytes().as_slice());
    let params: Params<'_> = &[
        &app.row(),
        &scope.environment().row(),
        &app.as_bytes().as_slice(),
        &message.channel,
        &message.tag,
        &message.event_types,
        &owner_row,
        &owner_id,
        &filter.succeeded,
        &filter.code_class.map(i32::from),
        &endpoint,
        &filter.with_content,
    ];
    gather(conn, list, walk, params, |row| {
        let attempt = read(row, scan::COLUMNS)?;
        Ok((attempt.id, attempt))
    })
    .await
}

pub(super) async fn find(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    attempt: AttemptId,
) -> Result<Option<Attempt>, Error> {
    let found = conn
        .row(
            concat!(
                "-- attempts::find\nSELECT ",
                columns!("true"),
                " FROM attempt t WHERE t.app_row = $1 AND t.row = $4 AND t.id = $5 AND t.message_id = $7 AND ",
                apps::is_live!("$1", "$2", "$3"),
                " AND ",
                messages::is_there!("$1", "$6", "$7")
            ),
            &[
                &scope.app().row(),
                &scope.environment().row(),
                &scope.app().as_bytes().as_slice(),
                &attempt.row(),
                &attempt.as_bytes().as_slice(),
                &message.row(),
                &message.as_bytes().as_slice(),
            ],
        )
        .await?;
    found.map(|row| read(&row, 0)).transpose()
}

pub(super) async fn expunge(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    attempt: AttemptId,
) -> Result<bool, Error> {
    let expunged = session
        .conn
        .run(
            concat!(
                "-- attempts::expunge
                 UPDATE attempt SET response = NULL, response_headers = ''
                  WHERE app_row = $1 AND row = $4 AND id = $5 AND message_id = $7 AND ",
                apps::is_live!("$1", "$2", "$3"),
                " AND ",
                messages::is_there!("$1", "$6", "$7")
            ),
            &[
                &scope.app().row(),
                &scope.environment().row(),
                &scope.app().as_bytes().as_slice(),
                &attempt.row(),
                &attempt.as_bytes().as_slice(),
                &message.row(),
                &message.as_bytes().as_slice(),
            ],
        )
        .await?;
    Ok(expunged == 1)
}

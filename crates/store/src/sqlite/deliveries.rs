//! Deliveries: lists, counts, sending again and skipping.

use postrider_core::delivery::{Delivery, State};
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row};

use super::scan::{Walk, first_row_from, gather};
use super::session::Session;
use super::{endpoints, idempotency, messages, order, record::Record, tasks};
use crate::seal::Sealer;
use crate::task::Act;
use crate::{DeliveryFilter, DeliveryStats, Error, Idempotency, Listed, Order, Page, ResendError};

/// A delivery in the columns `state, attempts, due` of `row` from `at` on.
fn read(row: &Row<'_>, at: usize, message: MessageId, endpoint: EndpointId) -> Result<Delivery, Error> {
    let mut record = Record::new(row, "delivery", message.row(), at);
    let state = record.number("state", State::from_number)?;
    let attempts = record.get("attempts")?;
    let due = record.time_or_none("due")?;
    let due = due.filter(|_| matches!(state, State::Waiting | State::Held));
    Ok(Delivery { message, endpoint, state, attempts, due })
}

pub(super) fn by_endpoint(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    endpoint: EndpointId,
    filter: &DeliveryFilter,
    page: &Page<MessageId>,
) -> Result<Listed<(Delivery, Message), MessageId>, Error> {
    const DELIVERY: usize = messages::COLUMNS;
    if !endpoints::exists(conn, scope, endpoint)? {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let walk = Walk::rows(page, Order::Descending, MessageId::row)
        .between(filter.message.after, filter.message.before);
    let mut statement = conn.prepare_cached(&format!(
        "-- deliveries::by_endpoint
         SELECT {}, d.state, d.attempts, d.due
           FROM delivery d INDEXED BY delivery_endpoint CROSS JOIN message m ON m.row = d.message_row
          WHERE d.endpoint_row = ? AND d.message_row > ? AND d.message_row < ? ORDER BY d.message_row {}",
        messages::columns!(),
        walk.order
    ))?;
    let rows = statement.query((endpoint.row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let mut message = messages::read(row, 0, scope.app(), None)?;
        let id = message.id;
        let delivery = read(row, DELIVERY, id, endpoint)?;
        let wanted = filter.states.is_empty() || filter.states.contains(&delivery.state);
        if !wanted || !messages::matches(&filter.message, &message) {
            return Ok((id, None));
        }
        if filter.with_payload {
            message.payload = messages::payload_of(conn, id, sealer)?;
        }
        Ok((id, Some((delivery, message))))
    })
}

pub(super) fn by_message(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    page: &Page<EndpointId>,
) -> Result<Listed<Delivery, EndpointId>, Error> {
    if messages::has_payload(conn, scope, message)?.is_none() {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let walk = Walk::rows(page, Order::Descending, EndpointId::row);
    let mut statement = conn.prepare_cached(&format!(
        "-- deliveries::by_message
         SELECT e.id, d.state, d.attempts, d.due
           FROM delivery d CROSS JOIN endpoint e ON e.row = d.endpoint_row
          WHERE d.message_row = ? AND d.endpoint_row > ? AND d.endpoint_row < ? ORDER BY d.endpoint_row {}",
        walk.order
    ))?;
    let rows = statement.query((message.row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let endpoint = EndpointId::from_bytes(row.get(0)?);
        Ok((endpoint, Some(read(row, 1, message, endpoint)?)))
    })
}

/// Looks at every delivery of the span: about a microsecond each.
pub(super) fn stats(
    conn: &Connection,
    scope: AppScope,
    endpoint: EndpointId,
    since: Timestamp,
    until: Timestamp,
) -> Result<DeliveryStats, Error> {
    if !endpoints::exists(conn, scope, endpoint)? {
        return Ok(DeliveryStats::default());
    }
    let mut statement = conn.prepare_cached(
        "-- deliveries::stats
         SELECT count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state IN (0, 2)),
                count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 4),
                count(*) FILTER (WHERE state = 5)
           FROM delivery INDEXED BY delivery_endpoint
          WHERE endpoint_row = ? AND message_row >= ? AND message_row < ?",
    )?;
    let span = (endpoint.row(), first_row_from(since), first_row_from(until));
    let counts = statement.query_row(span, |row| {
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        Ok(DeliveryStats {
            succeeded: count(0)?,
            pending: count(1)?,
            sending: count(2)?,
            failed: count(3)?,
            canceled: count(4)?,
        })
    })?;
    Ok(counts)
}

/// Sends a message to each of these endpoints again, or refuses before it changes anything.
pub(super) fn resend(
    session: &mut Session<'_>,
    scope: AppScope,
    message: MessageId,
    to: &[EndpointId],
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<(), ResendError> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(ResendError::Repeated(repeat));
    }
    match messages::has_payload(session.conn, scope, message)? {
        None => return Err(ResendError::NoMessage),
        Some(false) => return Err(ResendError::NoPayload),
        Some(true) => {}
    }
    for endpoint in to {
        if !endpoints::exists(session.conn, scope, *endpoint)? {
            return Err(ResendError::NoEndpoint);
        }
    }
    for endpoint in to {
        let state = tasks::state(session.conn, message, *endpoint)?;
        ask(session, message, *endpoint, state, now)?;
    }
    idempotency::remember(session, idempotency)?;
    Ok(())
}

/// Does what a person has asked for with a delivery that stands like this. `false` when it is under way as it is.
pub(super) fn ask(
    session: &Session<'_>,
    message: MessageId,
    endpoint: EndpointId,
    state: Option<State>,
    now: Timestamp,
) -> Result<bool, Error> {
    match Act::on(state) {
        Act::Make => insert(session, message, endpoint, now)?,
        Act::Hasten => hasten(session, message, endpoint, now)?,
        Act::Restart => restart(session, message.row(), endpoint.row(), now)?,
        Act::Leave => return Ok(false),
    }
    Ok(true)
}

fn insert(
    session: &Session<'_>,
    message: MessageId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- deliveries::insert
             INSERT INTO delivery (message_row, endpoint_row, state, attempts, uncounted, trigger, due)
             VALUES (?, ?, 0, 0, 0, 1, ?)",
        )?
        .execute((message.row(), endpoint.row(), now.as_micros()))?;
    Ok(())
}

/// A delivery that waits for its next attempt gets one now, which its schedule does not count; asking twice before it
/// happens is asking once.
fn hasten(
    session: &Session<'_>,
    message: MessageId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- deliveries::hasten
             UPDATE delivery SET due = min(due, ?3), uncounted = uncounted + (trigger = 0), trigger = 1
              WHERE message_row = ?1 AND endpoint_row = ?2",
        )?
        .execute((message.row(), endpoint.row(), now.as_micros()))?;
    Ok(())
}

/// A finished delivery starts its schedule anew, outside its order: that has gone on without it.
fn restart(session: &Session<'_>, message_row: i64, endpoint_row: i64, now: Timestamp) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- deliveries::restart
             UPDATE delivery SET state = 0, due = ?3, uncounted = attempts, trigger = 1, ord = NULL
              WHERE message_row = ?1 AND endpoint_row = ?2 AND state >= 3",
        )?
        .execute((message_row, endpoint_row, now.as_micros()))?;
    Ok(())
}

pub(super) fn skip(
    session: &mut Session<'_>,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
) -> Result<bool, Error> {
    if messages::has_payload(session.conn, scope, message)?.is_none() {
        return Ok(false);
    }
    order::cancel(session.conn, (message.row(), endpoint.row()))
}

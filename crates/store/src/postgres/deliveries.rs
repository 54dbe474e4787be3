//! Deliveries: lists and counts. Sending again and skipping are in [`resend`](super::resend).

use postrider_core::delivery::{Delivery, State};
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::messages::{FilterParams, Promised};
use super::record::Record;
use super::scan::{self, List, Walk, first_row_from, gather};
use super::{apps, endpoints, messages};
use crate::seal::Sealer;
use crate::{DeliveryFilter, DeliveryStats, Error, Listed, Order, Page};

/// Deliveries to the endpoint with the row `$11` and the id `$12`, of the application of the scope `$5` to `$7`, in one
/// of the states `$13`. The endpoint says whose they are, and its index is the only one that may be walked.
pub(super) const BY_ENDPOINT: List = List {
    name: "deliveries::by_endpoint",
    key: "d.message_row",
    columns: concat!(messages::columns!(), ", m.payload_len, d.state, d.attempts, d.due"),
    from: concat!(
        "delivery d CROSS JOIN LATERAL
             (SELECT ",
        messages::columns!(),
        ", octet_length(m.payload) AS payload_len FROM message m
               WHERE m.app_row = $5 AND m.row = d.message_row OFFSET 0) m
          WHERE d.endpoint_row = $11 AND ",
        apps::is_live!("$5", "$6", "$7"),
        " AND ",
        endpoints::is_live!("$5", "$11", "$12")
    ),
    matches: concat!(messages::matches!(), " AND ($13::smallint[] IS NULL OR d.state = ANY ($13))"),
};

/// Deliveries of the message with the row `$8` and the id `$9`, of the application of the scope `$5` to `$7`.
pub(super) const BY_MESSAGE: List = List {
    name: "deliveries::by_message",
    key: "d.endpoint_row",
    columns: "e.id, d.state, d.attempts, d.due",
    from: concat!(
        "delivery d CROSS JOIN LATERAL
             (SELECT e.id FROM endpoint e WHERE e.app_row = d.app_row AND e.row = d.endpoint_row OFFSET 0) e
          WHERE d.app_row = $5 AND d.message_row = $8 AND ",
        apps::is_live!("$5", "$6", "$7"),
        " AND ",
        messages::is_there!("$5", "$8", "$9")
    ),
    matches: "true",
};

/// A delivery in the columns `state, attempts, due` of `row` from `at` on.
fn read(row: &Row, at: usize, message: MessageId, endpoint: EndpointId) -> Result<Delivery, Error> {
    let mut record = Record::new(row, "delivery", message.row(), at);
    let state = record.number("state", State::from_number)?;
    let attempts = record.count("attempts")?;
    let due = record.time_or_none("due")?;
    let due = due.filter(|_| matches!(state, State::Waiting | State::Held));
    Ok(Delivery { message, endpoint, state, attempts, due })
}

pub(super) async fn by_endpoint(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    endpoint: EndpointId,
    filter: &DeliveryFilter,
    page: &Page<MessageId>,
) -> Result<Listed<(Delivery, Message), MessageId>, Error> {
    const PAYLOAD_LEN: usize = scan::COLUMNS + messages::COLUMNS;
    const DELIVERY: usize = PAYLOAD_LEN + 1;
    let walk = Walk::rows(page, Order::Descending, MessageId::row)
        .between(filter.message.after, filter.message.before);
    let (app, message) = (scope.app(), FilterParams::from(&filter.message));
    let states: Vec<i16> = filter.states.iter().map(|state| *state as i16).collect();
    let params: Params<'_> = &[
        &app.row(),
        &scope.environment().row(),
        &app.as_bytes().as_slice(),
        &message.channel,
        &message.tag,
        &message.event_types,
        &endpoint.row(),
        &endpoint.as_bytes().as_slice(),
        &(!states.is_empty()).then_some(states),
    ];
    let listed = gather(conn, &BY_ENDPOINT, walk, params, |row| {
        let message = messages::read(row, scan::COLUMNS, app, None)?;
        let (id, delivery) = (message.id, read(row, DELIVERY, message.id, endpoint)?);
        Ok((id, Promised::new((delivery, message), row, PAYLOAD_LEN, filter.with_payload)?))
    })
    .await?;
    let sealer = filter.with_payload.then_some(sealer);
    messages::keep_promises(conn, scope, sealer, listed, |(_, message)| message).await
}

pub(super) async fn by_message(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
    page: &Page<EndpointId>,
) -> Result<Listed<Delivery, EndpointId>, Error> {
    let (app, walk) = (scope.app(), Walk::rows(page, Order::Descending, EndpointId::row));
    let params: Params<'_> = &[
        &app.row(),
        &scope.environment().row(),
        &app.as_bytes().as_slice(),
        &message.row(),
        &message.as_bytes().as_slice(),
    ];
    gather(conn, &BY_MESSAGE, walk, params, |row| {
        let mut record = Record::new(row, "delivery", message.row(), scan::COLUMNS);
        let endpoint = EndpointId::from_bytes(record.id("endpoint")?);
        Ok((endpoint, read(row, scan::COLUMNS + 1, message, endpoint)?))
    })
    .await
}

/// Looks at every delivery of the span: about a microsecond each.
pub(super) async fn stats(
    conn: &Connection,
    scope: AppScope,
    endpoint: EndpointId,
    since: Timestamp,
    until: Timestamp,
) -> Result<DeliveryStats, Error> {
    let counts = conn
        .row(
            concat!(
                "-- deliveries::stats
                 SELECT count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state IN (0, 2)),
                        count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 4),
                        count(*) FILTER (WHERE state = 5)
                   FROM delivery WHERE endpoint_row = $4 AND message_row >= $6 AND message_row < $7 AND ",
                apps::is_live!("$1", "$2", "$3"),
                " AND ",
                endpoints::is_live!("$1", "$4", "$5")
            ),
            &[
                &scope.app().row(),
                &scope.environment().row(),
                &scope.app().as_bytes().as_slice(),
                &endpoint.row(),
                &endpoint.as_bytes().as_slice(),
                &first_row_from(since),
                &first_row_from(until),
            ],
        )
        .await?
        .expect("an aggregate without groups gives one row");
    let count = |at| counts.try_get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(DeliveryStats {
        succeeded: count(0)?,
        pending: count(1)?,
        sending: count(2)?,
        failed: count(3)?,
        canceled: count(4)?,
    })
}

//! Sending again and skipping.

use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;

use super::session::{Session, is_live};
use super::{endpoints, idempotency, order};
use crate::failure::corrupt;
use crate::partition::lane_partition;
use crate::task::Act;
use crate::{Error, Idempotency, ResendError};

/// Sends a message to each of these endpoints again, or refuses before it changes anything.
pub(super) async fn resend(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    to: &[EndpointId],
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<(), ResendError> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(ResendError::Repeated(repeat));
    }
    match lock_message(session, scope, message).await? {
        None => return Err(ResendError::NoMessage),
        Some(false) => return Err(ResendError::NoPayload),
        Some(true) => {}
    }
    for endpoint in to {
        if !endpoints::exists(&session.conn, scope, *endpoint).await? {
            return Err(ResendError::NoEndpoint);
        }
    }
    for endpoint in to {
        ask(session, scope.app().row(), message.row(), endpoint.row(), now).await?;
    }
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

/// Does what a person has asked for with a delivery, however it stands.
async fn ask(
    session: &Session,
    app_row: i64,
    message_row: i64,
    endpoint_row: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let found = session
        .conn
        .row(
            "-- resend::ask
             SELECT state FROM delivery WHERE app_row = $1 AND message_row = $2 AND endpoint_row = $3 FOR UPDATE",
            &[&app_row, &message_row, &endpoint_row],
        )
        .await?;
    let state = found.map(|row| state(message_row, row.try_get(0)?)).transpose()?;
    let rows = [message_row];
    match Act::on(state) {
        Act::Make => insert(session, app_row, &rows, endpoint_row, now).await?,
        Act::Hasten => hasten(session, app_row, &rows, endpoint_row, now).await?,
        Act::Restart => restart(session, app_row, &rows, endpoint_row, now).await?,
        Act::Leave => 0,
    };
    Ok(())
}

/// The state with this number, of a delivery of this message.
pub(super) fn state(message_row: i64, number: i16) -> Result<State, Error> {
    let state = State::from_number(number.into());
    state.ok_or_else(|| corrupt("delivery", "state", message_row, &format!("is {number}")))
}

/// Whether the message is there, and whether it still has its payload, which it then keeps until the transaction ends:
/// retention must not drop what a delivery is being made for.
async fn lock_message(session: &Session, scope: AppScope, message: MessageId) -> Result<Option<bool>, Error> {
    if !is_live(&session.conn, scope).await? {
        return Ok(None);
    }
    let found = session
        .conn
        .row(
            "-- resend::lock_message
             SELECT payload IS NOT NULL FROM message WHERE app_row = $1 AND row = $2 AND id = $3 FOR SHARE",
            &[&scope.app().row(), &message.row(), &message.as_bytes().as_slice()],
        )
        .await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Makes deliveries outside their orders; those that are there already stay as they are.
pub(super) async fn insert(
    session: &Session,
    app_row: i64,
    message_rows: &[i64],
    endpoint_row: i64,
    now: Timestamp,
) -> Result<u64, Error> {
    if message_rows.is_empty() {
        return Ok(0);
    }
    let inserted = session
        .conn
        .run(
            "-- resend::insert
             INSERT INTO delivery (app_row, message_row, endpoint_row, state, attempts, uncounted, trigger, due, part)
             SELECT $1, row, $3, 0, 0, 0, 1, $4, $5 FROM unnest($2::bigint[]) AS again (row)
             ON CONFLICT DO NOTHING",
            &[
                &app_row,
                &message_rows,
                &endpoint_row,
                &now.as_micros(),
                &(lane_partition(endpoint_row) as i16),
            ],
        )
        .await?;
    Ok(inserted)
}

/// Deliveries that wait for their next attempt, and are locked, get one now, which their schedules do not count; asking
/// twice before it happens is asking once.
pub(super) async fn hasten(
    session: &Session,
    app_row: i64,
    message_rows: &[i64],
    endpoint_row: i64,
    now: Timestamp,
) -> Result<u64, Error> {
    if message_rows.is_empty() {
        return Ok(0);
    }
    let hastened = session
        .conn
        .run(
            "-- resend::hasten
             UPDATE delivery d
                SET due = least(due, $4), uncounted = uncounted + (trigger = 0)::integer, trigger = 1
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row, $3::bigint AS endpoint_row) AS again
              WHERE d.app_row = again.app_row AND d.message_row = again.row AND d.endpoint_row = again.endpoint_row",
            &[&app_row, &message_rows, &endpoint_row, &now.as_micros()],
        )
        .await?;
    Ok(hastened)
}

/// Finished deliveries start their schedules anew, outside their orders: those have gone on without them.
pub(super) async fn restart(
    session: &Session,
    app_row: i64,
    message_rows: &[i64],
    endpoint_row: i64,
    now: Timestamp,
) -> Result<u64, Error> {
    if message_rows.is_empty() {
        return Ok(0);
    }
    let restarted = session
        .conn
        .run(
            "-- resend::restart
             UPDATE delivery d SET state = 0, due = $4, uncounted = attempts, trigger = 1, ord = NULL
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row, $3::bigint AS endpoint_row) AS again
              WHERE d.app_row = again.app_row AND d.message_row = again.row AND d.endpoint_row = again.endpoint_row
                AND d.state >= 3",
            &[&app_row, &message_rows, &endpoint_row, &now.as_micros()],
        )
        .await?;
    Ok(restarted)
}

pub(super) async fn skip(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
) -> Result<bool, Error> {
    if lock_message(session, scope, message).await?.is_none() {
        return Ok(false);
    }
    order::cancel(session, (message.row(), endpoint.row())).await
}

//! Sending again and skipping.

use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;

use super::session::{Session, is_live};
use super::{endpoints, idempotency, order};
use crate::partition::lane_partition;
use crate::{Error, Idempotency, ResendError};

pub(super) async fn resend(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
    now: Timestamp,
    idempotency: Option<&Idempotency>,
) -> Result<(), ResendError> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(ResendError::Repeated(repeat));
    }
    match lock_message(session, scope, message).await? {
        None => return Err(ResendError::NoMessage),
        Some(false) => return Err(ResendError::NoPayload),
        Some(true) if !endpoints::exists(&session.conn, scope, endpoint).await? => {
            return Err(ResendError::NoEndpoint);
        }
        Some(true) => {}
    }
    let state = session
        .conn
        .row(
            "-- resend::resend
             SELECT state FROM delivery WHERE app_row = $1 AND message_row = $2 AND endpoint_row = $3 FOR UPDATE",
            &[&scope.app().row(), &message.row(), &endpoint.row()],
        )
        .await?;
    let state = state.map(|row| row.try_get::<_, i16>(0)).transpose()?;
    match state.and_then(|state| State::from_number(state.into())) {
        None => insert(session, scope, message, endpoint, now).await?,
        Some(State::Waiting) => hasten(session, scope, message, endpoint, now).await?,
        Some(State::Held | State::Parked) => {}
        Some(State::Succeeded | State::Failed | State::Canceled) => {
            restart(session, scope.app().row(), &[message.row()], endpoint.row(), now).await?;
        }
    }
    idempotency::remember(session, idempotency).await?;
    Ok(())
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

async fn insert(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- resend::insert
             INSERT INTO delivery (app_row, message_row, endpoint_row, state, attempts, uncounted, trigger, due, part)
             VALUES ($1, $2, $3, 0, 0, 0, 1, $4, $5)",
            &[
                &scope.app().row(),
                &message.row(),
                &endpoint.row(),
                &now.as_micros(),
                &(lane_partition(endpoint.row()) as i16),
            ],
        )
        .await?;
    Ok(())
}

/// A delivery that waits for its next attempt gets one now, which its schedule does not count; asking twice before it
/// happens is asking once.
async fn hasten(
    session: &Session,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- resend::hasten
             UPDATE delivery
                SET due = least(due, $4), uncounted = uncounted + (trigger = 0)::integer, trigger = 1
              WHERE app_row = $1 AND message_row = $2 AND endpoint_row = $3",
            &[&scope.app().row(), &message.row(), &endpoint.row(), &now.as_micros()],
        )
        .await?;
    Ok(())
}

/// Finished deliveries start their schedules anew, outside their orders: those have gone on without them.
pub(super) async fn restart(
    session: &Session,
    app_row: i64,
    message_rows: &[i64],
    endpoint_row: i64,
    now: Timestamp,
) -> Result<u64, Error> {
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

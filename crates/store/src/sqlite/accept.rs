//! Accepting a message: the one act that a publisher's 2xx stands on.

use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Statement, params};

use super::handed::Held;
use super::record::json_unless_empty;
use super::session::Session;
use super::{idempotency, messages, payload_index};
use crate::seal::Sealer;
use crate::tally::Owner;
use crate::{AcceptError, Acceptance, Accepted, Error, NewDelivery, Placement, crash};

/// The statements of the hot path.
pub(super) struct Statements<'c> {
    event_id: Statement<'c>,
    message: Statement<'c>,
    order: Statement<'c>,
    delivery: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            event_id: conn.prepare(
                "-- accept::is_event_id_taken
                 SELECT 1 FROM message WHERE app_row = ? AND event_id = ?",
            )?,
            message: conn.prepare(
                "-- accept::message
                 INSERT INTO message
                     (row, id, app_row, event_type, event_id, channels, tags, ordering_key, deliver_at, expire_at,
                      raw, payload, edited_of)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            order: conn.prepare(
                "-- accept::must_wait_its_turn
                 SELECT 1 FROM delivery INDEXED BY delivery_order
                  WHERE endpoint_row = ? AND ord = ? AND state < 3",
            )?,
            delivery: conn.prepare(
                "-- accept::delivery
                 INSERT INTO delivery
                     (message_row, endpoint_row, state, attempts, uncounted, trigger, due, holder, ord)
                 VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?)",
            )?,
        })
    }
}

/// Writes the message and its deliveries, or refuses before it writes anything.
pub(super) fn accept(
    session: &mut Session<'_>,
    scope: AppScope,
    acceptance: &Acceptance,
) -> Result<(Accepted, Vec<Held>), AcceptError> {
    let message = &acceptance.message;
    if let Some(repeat) = idempotency::find(session, acceptance.idempotency.as_ref())? {
        return Err(AcceptError::Repeated(repeat));
    }
    if !session.has_app(scope)? {
        return Err(AcceptError::NoApp);
    }
    if let Some(event_id) = &message.event_id
        && session.accept.event_id.exists((scope.app().row(), event_id))?
    {
        return Err(AcceptError::EventIdTaken);
    }
    insert_message(&mut session.accept.message, &session.sealer, scope, message)?;
    payload_index::accepted(session, message.id.row(), scope.app().row())?;
    let due = message.deliver_at.map_or(acceptance.now, |time| time.max(acceptance.now));
    let mut placements = Vec::with_capacity(acceptance.deliveries.len());
    let mut held = Vec::new();
    for delivery in &acceptance.deliveries {
        let placement = place(session, delivery, due, acceptance.now)?;
        insert_delivery(session, acceptance, delivery, placement, due)?;
        if placement == Placement::Held {
            held.push((message.id.row(), delivery.endpoint.row()));
        }
        placements.push(placement);
    }
    idempotency::remember(session, acceptance.idempotency.as_ref())?;
    let owner = Owner { environment_row: scope.environment().row(), app_row: scope.app().row() };
    session.tally.accepted(owner, message, acceptance.now);
    crash::point("accept.before_commit");
    Ok((Accepted { placements }, held))
}

fn place(
    session: &mut Session<'_>,
    delivery: &NewDelivery,
    due: Timestamp,
    now: Timestamp,
) -> Result<Placement, Error> {
    if let Some(order) = delivery.order
        && session.accept.order.exists((delivery.endpoint.row(), order))?
    {
        return Ok(Placement::Parked);
    }
    Ok(if delivery.hold && due <= now { Placement::Held } else { Placement::Waiting { due } })
}

fn insert_message(
    statement: &mut Statement<'_>,
    sealer: &Sealer,
    scope: AppScope,
    message: &Message,
) -> Result<(), Error> {
    let payload = message.payload.as_ref();
    statement.execute(params![
        message.id.row(),
        message.id.as_bytes(),
        scope.app().row(),
        message.event_type,
        message.event_id,
        json_unless_empty(&message.channels, message.channels.is_empty()),
        json_unless_empty(&message.tags, message.tags.is_empty()),
        message.ordering_key,
        message.deliver_at.map(Timestamp::as_micros),
        message.expire_at.map(Timestamp::as_micros),
        payload.and_then(|payload| payload.raw.as_ref()).map(|raw| messages::seal_raw(
            sealer,
            message.id.row(),
            raw
        )),
        payload.map(|payload| payload.body.as_ref()),
        message.edited_of.as_ref().map(MessageId::as_bytes),
    ])?;
    Ok(())
}

fn insert_delivery(
    session: &mut Session<'_>,
    acceptance: &Acceptance,
    delivery: &NewDelivery,
    placement: Placement,
    due: Timestamp,
) -> Result<(), Error> {
    let (state, holder) = match placement {
        Placement::Held => (State::Held, Some(session.holder)),
        Placement::Waiting { .. } => (State::Waiting, None),
        Placement::Parked => (State::Parked, None),
    };
    session.accept.delivery.execute((
        acceptance.message.id.row(),
        EndpointId::row(&delivery.endpoint),
        state as u8,
        acceptance.trigger as u8,
        due.as_micros(),
        holder,
        delivery.order,
    ))?;
    Ok(())
}

/// About how much memory the acceptance keeps while it waits.
pub(super) fn size(acceptance: &Acceptance) -> usize {
    const FIXED: usize = 1_024;
    let payload = acceptance.message.payload.as_ref().map_or(0, |payload| payload.body.len());
    FIXED + payload + acceptance.deliveries.len() * size_of::<NewDelivery>()
}

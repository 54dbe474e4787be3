//! Settling: the outcome of an attempt and what becomes of its delivery, in one transaction.
//!
//! The token that a settlement must show is the holder's number and the count of attempts before this one. Whoever
//! lost the delivery (another process opened the store, a person skipped it) has a token that fits no row, and changes
//! nothing.

use std::net::SocketAddr;

use postrider_core::attempt::{Attempt, Timings};
use postrider_core::delivery::{State, Work};
use postrider_core::id::AppId;
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use super::claim;
use super::endpoints;
use super::handed::Held;
use super::messages;
use super::session::Session;
use crate::{EndpointMark, Error, Settled, Settlement, Then, crash};

/// The statements of the hot path.
pub(super) struct Statements<'c> {
    settle: Statement<'c>,
    settle_ordered: Statement<'c>,
    attempt: Statement<'c>,
    next: Statement<'c>,
    go_on: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            // Most deliveries have no order: they need no answer from the statement, which makes it cheaper.
            settle: conn.prepare(
                "-- settle::move_on
                 UPDATE delivery SET state = ?1, attempts = ?2, trigger = 0, due = ?3
                  WHERE message_row = ?4 AND endpoint_row = ?5 AND state = 1 AND holder = ?6
                    AND attempts = ?2 - 1 AND ord IS NULL",
            )?,
            settle_ordered: conn.prepare(
                "-- settle::move_on
                 UPDATE delivery SET state = ?1, attempts = ?2, trigger = 0, due = ?3
                  WHERE message_row = ?4 AND endpoint_row = ?5 AND state = 1 AND holder = ?6
                    AND attempts = ?2 - 1 AND ord IS NOT NULL RETURNING ord",
            )?,
            attempt: conn.prepare(
                "-- settle::record
                 INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            next: conn.prepare(concat!(
                "-- settle::next_of_order\nSELECT ",
                claim::columns!(),
                ", a.id FROM delivery d INDEXED BY delivery_order
                   CROSS JOIN message m ON m.row = d.message_row CROSS JOIN app a ON a.row = m.app_row
                  WHERE d.endpoint_row = ? AND d.ord = ? AND d.state < 3 AND d.state = 2
                  ORDER BY d.message_row LIMIT 1"
            ))?,
            go_on: conn.prepare(
                "-- settle::go_on
                 UPDATE delivery SET state = ?3, holder = ?4 WHERE message_row = ?1 AND endpoint_row = ?2",
            )?,
        })
    }
}

pub(super) fn settle(
    session: &mut Session<'_>,
    settlements: &[Settlement],
    marks: &[EndpointMark],
) -> Result<(Vec<Settled>, Vec<Held>), Error> {
    let mut held = Vec::new();
    let mut settled = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        let outcome = record(session, settlement)?;
        if let Settled::Recorded { held: Some(work), .. } = &outcome {
            held.push((work.message.id.row(), work.endpoint.row()));
        }
        settled.push(outcome);
    }
    for mark in marks {
        endpoints::mark(session, mark)?;
    }
    crash::point("settle.before_commit");
    Ok((settled, held))
}

fn record(session: &mut Session<'_>, settlement: &Settlement) -> Result<Settled, Error> {
    let attempt = &settlement.attempt;
    let moved = move_on(session, settlement)?;
    if moved == Moved::Not {
        return Ok(Settled::Stale);
    }
    insert_attempt(&mut session.settle.attempt, attempt)?;
    if let Some(owner) = session.owner(settlement.app.row())? {
        session.tally.settled(owner, settlement);
    }
    let (mut held, mut waiting) = (None, None);
    if let Moved::InOrder(order) = moved
        && !matches!(settlement.then, Then::Waiting { .. })
        && let Some(mut next) = next_of_order(session, attempt, order)?
    {
        let now = attempt.at.after(attempt.timings.total);
        let due = next.due;
        let state = if due <= now { State::Held } else { State::Waiting };
        let key = (next.message.id.row(), attempt.endpoint.row());
        session.settle.go_on.execute((key.0, key.1, state as u8, session.holder))?;
        if state == State::Held {
            next.ordered = true;
            held = Some(next);
        } else {
            waiting = Some(due);
        }
    }
    Ok(Settled::Recorded { held, waiting })
}

/// Whether a delivery was moved to its next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// The token is stale.
    Not,
    Alone,
    /// It belongs to this order.
    InOrder(i64),
}

fn move_on(session: &mut Session<'_>, settlement: &Settlement) -> Result<Moved, Error> {
    let attempt = &settlement.attempt;
    let (state, due) = match settlement.then {
        Then::Succeeded => (State::Succeeded, None),
        Then::Failed => (State::Failed, None),
        Then::Waiting { due } => (State::Waiting, Some(due.as_micros())),
    };
    let token = params![
        state as u8,
        attempt.number,
        due,
        attempt.message.row(),
        attempt.endpoint.row(),
        session.holder
    ];
    if session.settle.settle.execute(token)? == 1 {
        return Ok(Moved::Alone);
    }
    let order = session.settle.settle_ordered.query_row(token, |row| row.get(0)).optional()?;
    Ok(order.map_or(Moved::Not, Moved::InOrder))
}

/// The oldest parked delivery of the order. One whose payload is gone is canceled on the way.
fn next_of_order(session: &mut Session<'_>, attempt: &Attempt, order: i64) -> Result<Option<Work>, Error> {
    const APP: usize = 6 + messages::COLUMNS + 2;
    let endpoint = attempt.endpoint;
    loop {
        let statements = &mut session.settle;
        let next = statements
            .next
            .query_and_then((endpoint.row(), order), |row| {
                claim::read_work(row, AppId::from_bytes(row.get(APP)?), endpoint, &session.sealer)
            })?
            .next()
            .transpose()?;
        let Some(next) = next else { return Ok(None) };
        if next.message.payload.is_some() {
            return Ok(Some(next));
        }
        let key = (next.message.id.row(), endpoint.row());
        statements.go_on.execute((key.0, key.1, State::Canceled as u8, None::<i64>))?;
    }
}

fn insert_attempt(statement: &mut Statement<'_>, attempt: &Attempt) -> rusqlite::Result<usize> {
    statement.execute(params![
        attempt.id.row(),
        attempt.id.as_bytes(),
        attempt.message.row(),
        attempt.endpoint.row(),
        attempt.number,
        Timestamp::as_micros(attempt.at),
        attempt.trigger as u8,
        attempt.succeeded,
        attempt.status_code,
        attempt.failure.as_ref().map(|failure| failure.class as u8),
        attempt.failure.as_ref().map(|failure| &failure.sentence),
        attempt.url,
        attempt.remote.map(remote_bytes),
        timing_bytes(attempt.timings),
        attempt.request_headers.as_ref(),
        attempt.response_headers.as_ref(),
        attempt.response.as_deref(),
    ])
}

fn remote_bytes(remote: SocketAddr) -> Vec<u8> {
    let mut bytes = match remote {
        SocketAddr::V4(address) => address.ip().octets().to_vec(),
        SocketAddr::V6(address) => address.ip().octets().to_vec(),
    };
    bytes.extend_from_slice(&remote.port().to_be_bytes());
    bytes
}

/// Deadlines are far below the hour that 32 bits of microseconds hold.
fn timing_bytes(timings: Timings) -> [u8; 20] {
    let phases = [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.total];
    let mut bytes = [0; 20];
    for (slot, phase) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(phases) {
        *slot = u32::try_from(phase.as_micros()).unwrap_or(u32::MAX).to_be_bytes();
    }
    bytes
}

/// About how much memory the settlements keep while they wait.
pub(super) fn size(settlements: &[Settlement]) -> usize {
    const FIXED: usize = 1_024;
    let bytes = |settlement: &Settlement| {
        let attempt = &settlement.attempt;
        let response = attempt.response.as_ref().map_or(0, bytes::Bytes::len);
        FIXED + attempt.request_headers.len() + attempt.response_headers.len() + response
    };
    settlements.iter().map(bytes).sum()
}

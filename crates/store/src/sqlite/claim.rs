//! Claiming: an endpoint's due deliveries move from the store into the hands of the dispatcher, and back.

use postrider_core::attempt::Trigger;
use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement};

use super::handed::Held;
use super::messages;
use super::order;
use super::record::Record;
use super::session::Session;
use crate::seal::Sealer;
use crate::{Claim, Claimed, Error, LaneDue};

/// Deliveries that one transaction takes over.
pub(super) const TAKE_OVER_STEP: usize = 5_000;

/// What [`read_work`] reads, of `delivery d` and `message m`.
macro_rules! columns {
    () => {
        concat!(
            "d.message_row, d.attempts, d.uncounted, d.trigger, d.due, d.ord IS NOT NULL, ",
            $crate::sqlite::messages::columns!(payload)
        )
    };
}
pub(super) use columns;

/// The statements of the hot path.
pub(super) struct Statements<'c> {
    whose: Statement<'c>,
    due: Statement<'c>,
    hold: Statement<'c>,
    next: Statement<'c>,
    release: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            whose: conn.prepare(
                "-- claim::whose
                 SELECT a.id FROM endpoint e JOIN app a ON a.row = e.app_row
                  WHERE e.row = ? AND e.id = ? AND e.deleted_at IS NULL",
            )?,
            due: conn.prepare(concat!(
                "-- claim::due\nSELECT ",
                columns!(),
                " FROM delivery d INDEXED BY delivery_due CROSS JOIN message m ON m.row = d.message_row
                  WHERE d.endpoint_row = ? AND d.state = 0 AND d.due <= ? ORDER BY d.due LIMIT ?"
            ))?,
            hold: conn.prepare(
                "-- claim::hold
                 UPDATE delivery SET state = 1, holder = ?3 WHERE message_row = ?1 AND endpoint_row = ?2",
            )?,
            next: conn.prepare(
                "-- claim::next
                 SELECT due FROM delivery INDEXED BY delivery_due
                  WHERE endpoint_row = ? AND state = 0 ORDER BY due LIMIT 1",
            )?,
            release: conn.prepare(
                "-- claim::release
                 UPDATE delivery SET state = 0
                  WHERE message_row = ? AND endpoint_row = ? AND state = 1 AND holder = ?",
            )?,
        })
    }
}

/// A delivery in the holder's hands, of a row with [`columns`].
pub(super) fn read_work(
    row: &Row<'_>,
    app: AppId,
    endpoint: EndpointId,
    sealer: &Sealer,
) -> Result<Work, Error> {
    let mut record = Record::new(row, "delivery", row.get(0)?, 1);
    Ok(Work {
        app,
        endpoint,
        attempts: record.get("attempts")?,
        uncounted: record.get("uncounted")?,
        trigger: record.number("trigger", trigger_of)?,
        due: record.time("due")?,
        ordered: record.get("ord")?,
        message: messages::read_shared(row, 6, app, sealer)?,
    })
}

pub(super) const fn trigger_of(number: i64) -> Option<Trigger> {
    Some(match number {
        0 => Trigger::Scheduled,
        1 => Trigger::Manual,
        _ => return None,
    })
}

pub(super) fn claim(session: &mut Session<'_>, claim: Claim) -> Result<(Claimed, Vec<Held>), Error> {
    let (endpoint, statements) = (claim.endpoint, &mut session.claim);
    let app =
        statements.whose.query_row((endpoint.row(), endpoint.as_bytes()), |row| row.get(0)).optional()?;
    let Some(app) = app.map(AppId::from_bytes) else {
        return Ok((Claimed { work: Vec::new(), next_due: None }, Vec::new()));
    };
    let mut work = due(&mut statements.due, app, claim, &session.sealer)?;
    // A message whose payload is gone has nothing to send; expunging cancels, so this is only for what escaped it.
    for empty in work.extract_if(.., |work| work.message.payload.is_none()) {
        order::cancel(session.conn, (empty.message.id.row(), endpoint.row()))?;
    }
    let mut held = Vec::with_capacity(work.len());
    for work in &work {
        let row = work.message.id.row();
        statements.hold.execute((row, endpoint.row(), session.holder))?;
        held.push((row, endpoint.row()));
    }
    let next: Option<i64> = statements.next.query_row([endpoint.row()], |row| row.get(0)).optional()?;
    Ok((Claimed { work, next_due: next.map(Timestamp::from_micros) }, held))
}

fn due(statement: &mut Statement<'_>, app: AppId, claim: Claim, sealer: &Sealer) -> Result<Vec<Work>, Error> {
    let mut rows = statement.query((claim.endpoint.row(), claim.now.as_micros(), claim.limit as i64))?;
    let (mut work, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let next = read_work(row, app, claim.endpoint, sealer)?;
        bytes = bytes.saturating_add(next.payload_len());
        if !work.is_empty() && bytes > claim.max_bytes {
            break;
        }
        work.push(next);
    }
    Ok(work)
}

/// Puts deliveries that this holder holds back to waiting, due as they were.
pub(super) fn release(session: &mut Session<'_>, held: &[Held]) -> Result<(), Error> {
    for (message_row, endpoint_row) in held {
        session.claim.release.execute((message_row, endpoint_row, session.holder))?;
    }
    Ok(())
}

/// Puts what earlier holders held back to waiting; at most [`TAKE_OVER_STEP`].
pub(super) fn take_over(session: &mut Session<'_>) -> Result<usize, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- claim::take_over
         UPDATE delivery SET state = 0 WHERE (message_row, endpoint_row) IN
             (SELECT message_row, endpoint_row FROM delivery INDEXED BY delivery_held
               WHERE state = 1 AND holder < ? LIMIT ?)",
    )?;
    Ok(statement.execute((session.holder, TAKE_OVER_STEP as i64))?)
}

/// Endpoints with waiting deliveries. Steps from one endpoint to the next through the index, so that a backlog of
/// millions costs no more than one delivery.
pub(super) fn lanes_due(
    conn: &Connection,
    after: Option<EndpointId>,
    limit: usize,
) -> Result<Vec<LaneDue>, Error> {
    let mut first = conn.prepare_cached(
        "-- claim::lanes_due
         SELECT endpoint_row, due FROM delivery INDEXED BY delivery_due
          WHERE state = 0 AND endpoint_row > ? ORDER BY endpoint_row, due LIMIT 1",
    )?;
    let mut whose = conn.prepare_cached(
        "-- claim::lanes_due
         SELECT a.id, e.id FROM endpoint e JOIN app a ON a.row = e.app_row
          WHERE e.row = ? AND e.deleted_at IS NULL",
    )?;
    let mut reached = after.map_or(i64::MIN, |endpoint| endpoint.row());
    let mut lanes = Vec::new();
    while lanes.len() < limit {
        let lane: Option<(i64, i64)> =
            first.query_row([reached], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((endpoint_row, due)) = lane else { break };
        reached = endpoint_row;
        let owner = whose.query_row([endpoint_row], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        lanes.extend(owner.map(|(app, endpoint)| LaneDue {
            app: AppId::from_bytes(app),
            endpoint: EndpointId::from_bytes(endpoint),
            due: Timestamp::from_micros(due),
        }));
    }
    Ok(lanes)
}

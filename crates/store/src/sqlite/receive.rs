//! Receiving: the messages of a request with what is known of them, and the requests that were refused.

use postrider_core::id::{MessageId, RefusalId, first_row_at};
use postrider_core::reception::{Reception, Refusal, Ring, Standing};
use postrider_core::scope::AppScope;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::handed::Held;
use super::record::Record;
use super::session::{Session, is_live};
use super::{accept, sources};
use crate::receive::{detail_at, open, open_refusal, seal, seal_refusal};
use crate::seal::Sealer;
use crate::{AcceptError, Arrival, Error, Intake, Taken};

/// Writes all messages of the intake. None of them, and no answer, when its firing was another's.
pub(super) fn receive(
    session: &mut Session<'_>,
    scope: AppScope,
    intake: &Intake,
) -> Result<(Vec<Taken>, Vec<Held>), AcceptError> {
    if !session.has_app(scope)? {
        return Err(AcceptError::NoApp);
    }
    if let Some(firing) = intake.firing
        && !sources::fire(session.conn, scope.app(), firing)?
    {
        return Ok((Vec::new(), Vec::new()));
    }
    let (mut taken, mut held) = (Vec::with_capacity(intake.arrivals.len()), Vec::new());
    for arrival in &intake.arrivals {
        let duplicate_of = original(session.conn, scope, arrival, first_row_at(intake.since))?;
        let arrival = arrival.repeating(duplicate_of);
        let (accepted, more) = accept::accept(session, scope, &arrival.acceptance)?;
        insert(session, scope, &arrival)?;
        taken.push(Taken { accepted, duplicate_of });
        held.extend(more);
    }
    Ok((taken, held))
}

/// The message that the arrival repeats.
fn original(
    conn: &Connection,
    scope: AppScope,
    arrival: &Arrival,
    since_row: i64,
) -> Result<Option<MessageId>, Error> {
    let mut statement = conn.prepare_cached(
        "-- receive::original
         SELECT id FROM reception INDEXED BY reception_same
          WHERE app_row = ? AND sameness = ? AND duplicate_of IS NULL AND row >= ? LIMIT 1",
    )?;
    let key = (scope.app().row(), &arrival.sameness.0[..], since_row);
    Ok(statement.query_row(key, |row| row.get(0)).optional()?.map(MessageId::from_bytes))
}

fn insert(session: &Session<'_>, scope: AppScope, arrival: &Arrival) -> Result<(), Error> {
    let (id, reception) = (arrival.acceptance.message.id, &arrival.reception);
    session
        .conn
        .prepare_cached(
            "-- receive::insert
             INSERT INTO reception (row, app_row, id, sameness, duplicate_of, standing, body_hash, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id.row(),
            scope.app().row(),
            id.as_bytes(),
            &arrival.sameness.0[..],
            reception.duplicate_of.as_ref().map(MessageId::as_bytes),
            reception.standing as u8,
            &reception.body_hash[..],
            seal(&session.sealer, detail_at(id.row()), &reception.detail),
        ])?;
    Ok(())
}

/// What is known of each of these messages.
pub(super) fn receptions(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    messages: &[MessageId],
) -> Result<Vec<Option<Reception>>, Error> {
    if !is_live(conn, scope)? {
        return Ok(vec![None; messages.len()]);
    }
    let mut statement = conn.prepare_cached(
        "-- receive::receptions
         SELECT row, duplicate_of, standing, body_hash, detail FROM reception WHERE row = ? AND id = ? AND app_row = ?",
    )?;
    messages
        .iter()
        .map(|id| {
            let key = (id.row(), id.as_bytes(), scope.app().row());
            statement.query_and_then(key, |row| read(row, sealer))?.next().transpose()
        })
        .collect()
}

fn read(row: &Row<'_>, sealer: &Sealer) -> Result<Reception, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "reception", key, 1);
    Ok(Reception {
        duplicate_of: record.get::<Option<_>>("duplicate_of")?.map(MessageId::from_bytes),
        standing: record.number("standing", Standing::of_number)?,
        body_hash: record.get("body_hash")?,
        detail: open(sealer, detail_at(key), &record.bytes("detail")?)?,
    })
}

/// Keeps a refused request, and forgets the oldest ones of its source beyond `ring`.
pub(super) fn refuse(
    session: &mut Session<'_>,
    scope: AppScope,
    refusal: &Refusal,
    ring: Ring,
) -> Result<(), Error> {
    let Some(source) = sources::by_app(session.conn, &session.sealer, scope.app())? else { return Ok(()) };
    let detail = seal_refusal(&session.sealer, refusal);
    session
        .conn
        .prepare_cached(
            "-- receive::refuse
             INSERT INTO refusal (row, id, source_row, bytes, detail) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute((refusal.id.row(), refusal.id.as_bytes(), source.id.row(), detail.len() as i64, &detail))?;
    let mut kept = session.conn.prepare_cached(
        "-- receive::refuse
         SELECT row, bytes FROM refusal WHERE source_row = ? ORDER BY row DESC",
    )?;
    let (mut count, mut bytes, mut last) = (0, 0, None);
    let mut rows = kept.query([source.id.row()])?;
    while let Some(row) = rows.next()? {
        count += 1;
        bytes += row.get::<_, i64>(1)?.unsigned_abs();
        if count > 1 && (count > ring.count || bytes > ring.bytes) {
            last = Some(row.get::<_, i64>(0)?);
            break;
        }
    }
    drop(rows);
    if let Some(last) = last {
        session
            .conn
            .prepare_cached(
                "-- receive::refuse
                 DELETE FROM refusal WHERE source_row = ? AND row <= ?",
            )?
            .execute((source.id.row(), last))?;
    }
    Ok(())
}

/// The refused requests of the source, newest first.
pub(super) fn refusals(conn: &Connection, sealer: &Sealer, scope: AppScope) -> Result<Vec<Refusal>, Error> {
    let mut statement = conn.prepare_cached(
        "-- receive::refusals
         SELECT r.row, r.id, r.detail FROM source s CROSS JOIN refusal r ON r.source_row = s.row
          WHERE s.app_row = ? AND s.app_id = ? AND s.environment_row = ? ORDER BY r.row DESC",
    )?;
    let read = |row: &Row<'_>| {
        let mut record = Record::new(row, "refusal", row.get(0)?, 1);
        let id = RefusalId::from_bytes(record.id("id")?);
        open_refusal(sealer, id, &record.bytes("detail")?)
    };
    let app = scope.app();
    statement.query_and_then((app.row(), app.as_bytes(), scope.environment().row()), read)?.collect()
}

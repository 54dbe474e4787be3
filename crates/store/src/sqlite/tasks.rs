//! Background tasks: long work in small steps, each of which remembers how far it came.

use postrider_core::delivery::State;
use postrider_core::id::{AppId, EndpointId, TaskId};
use postrider_core::scope::AppScope;
use postrider_core::task::{Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::record::Record;
use super::scan::first_row_from;
use super::session::Session;
use super::{deliveries, idempotency};
use crate::{Error, Idempotency, RepeatError, TaskStep};

/// Deliveries that a step looks at for each one that it may change: most of them did not fail.
const LOOKS: usize = 10;
const RECOVER: i64 = 0;

pub(super) fn start(
    session: &mut Session<'_>,
    scope: AppScope,
    task: &Task,
    idempotency: Option<&Idempotency>,
) -> Result<(), RepeatError> {
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(RepeatError::Repeated(repeat));
    }
    let TaskKind::Recover { endpoint, since, until } = task.kind;
    session
        .conn
        .prepare_cached(
            "-- tasks::start
             INSERT INTO task (row, id, app_row, kind, status, affected, endpoint_id, since, until, reached,
                               created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            task.id.row(),
            task.id.as_bytes(),
            scope.app().row(),
            RECOVER,
            task.status as u8,
            task.affected as i64,
            endpoint.as_bytes(),
            since.as_micros(),
            until.as_micros(),
            first_row_from(since),
            task.created_at.as_micros(),
            task.updated_at.as_micros(),
        ])?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- tasks::",
            $name,
            "\nSELECT t.row, t.id, a.id, t.kind, t.endpoint_id, t.since, t.until, t.status, t.affected, t.created_at,
                      t.updated_at, t.reached
               FROM task t JOIN app a ON a.row = t.app_row WHERE t.status = 0 ",
            $rest
        )
    };
}

/// The task, and the message row where it goes on.
fn read(row: &Row<'_>) -> Result<(Task, i64), Error> {
    let mut record = Record::new(row, "task", row.get(0)?, 1);
    let task = Task {
        id: TaskId::from_bytes(record.id("id")?),
        app: AppId::from_bytes(record.id("app")?),
        kind: {
            record.number("kind", |number| (number == RECOVER).then_some(()))?;
            TaskKind::Recover {
                endpoint: EndpointId::from_bytes(record.id("endpoint_id")?),
                since: record.time("since")?,
                until: record.time("until")?,
            }
        },
        status: record.number("status", status_of)?,
        affected: record.get::<i64>("affected")?.unsigned_abs(),
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    };
    Ok((task, record.get("reached")?))
}

const fn status_of(number: i64) -> Option<TaskStatus> {
    Some(match number {
        0 => TaskStatus::Running,
        1 => TaskStatus::Finished,
        2 => TaskStatus::Failed,
        _ => return None,
    })
}

pub(super) fn running(conn: &Connection) -> Result<Vec<Task>, Error> {
    let mut statement = conn.prepare_cached(select!("running", "ORDER BY t.row"))?;
    statement.query_and_then([], |row| Ok(read(row)?.0))?.collect()
}

/// Moves a task on. One that is finished or gone is finished.
pub(super) fn step(
    session: &mut Session<'_>,
    id: TaskId,
    limit: usize,
    now: Timestamp,
) -> Result<TaskStep, Error> {
    let task = session
        .conn
        .prepare_cached(select!("step", "AND t.row = ? AND t.id = ?"))?
        .query_and_then((id.row(), id.as_bytes()), read)?
        .next()
        .transpose()?;
    let Some((task, from)) = task else { return Ok(TaskStep { affected: 0, finished: true }) };
    let TaskKind::Recover { endpoint, until, .. } = task.kind;
    let (failed, reached) = failed_from(session.conn, endpoint, (from, first_row_from(until)), limit)?;
    for message_row in &failed {
        deliveries::restart(session, *message_row, endpoint.row(), now)?;
    }
    let finished = reached.is_none();
    let status = if finished { TaskStatus::Finished } else { TaskStatus::Running };
    session
        .conn
        .prepare_cached(
            "-- tasks::step
             UPDATE task SET status = ?2, affected = affected + ?3, reached = ?4, updated_at = ?5 WHERE row = ?1",
        )?
        .execute((
            id.row(),
            status as u8,
            failed.len() as i64,
            reached.unwrap_or(from),
            now.as_micros(),
        ))?;
    Ok(TaskStep { affected: failed.len() as u64, finished })
}

/// Messages of the span that failed at the endpoint and can still be sent, at most `limit`, and the row from which to
/// go on; `None` at the end.
fn failed_from(
    conn: &Connection,
    endpoint: EndpointId,
    (from, until): (i64, i64),
    limit: usize,
) -> Result<(Vec<i64>, Option<i64>), Error> {
    let live = conn
        .prepare_cached(
            "-- tasks::failed_from
             SELECT 1 FROM endpoint WHERE row = ? AND id = ? AND deleted_at IS NULL",
        )?
        .query_row((endpoint.row(), endpoint.as_bytes()), |_| Ok(()))
        .optional()?;
    let mut failed = Vec::new();
    if live.is_none() {
        return Ok((failed, None));
    }
    let mut statement = conn.prepare_cached(
        "-- tasks::failed_from
         SELECT d.message_row, d.state, m.payload IS NOT NULL
           FROM delivery d INDEXED BY delivery_endpoint CROSS JOIN message m ON m.row = d.message_row
          WHERE d.endpoint_row = ? AND d.message_row >= ? AND d.message_row < ? ORDER BY d.message_row",
    )?;
    let mut rows = statement.query((endpoint.row(), from, until))?;
    for _ in 0..limit.saturating_mul(LOOKS) {
        let Some(row) = rows.next()? else { return Ok((failed, None)) };
        let (message_row, state, has_payload): (i64, u8, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if state == State::Failed as u8 && has_payload {
            if failed.len() == limit {
                return Ok((failed, Some(message_row)));
            }
            failed.push(message_row);
        }
    }
    let next = rows.next()?.map(|row| row.get(0)).transpose()?;
    Ok((failed, next))
}

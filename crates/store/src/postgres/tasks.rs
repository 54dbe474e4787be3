//! Background tasks: long work in small steps, each of which remembers how far it came.

use postrider_core::delivery::State;
use postrider_core::id::{AppId, EndpointId, TaskId};
use postrider_core::scope::AppScope;
use postrider_core::task::{Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::Record;
use super::scan::first_row_from;
use super::session::Session;
use super::{idempotency, resend};
use crate::{Error, Idempotency, RepeatError, TaskStep};

/// Deliveries that a step looks at for each one that it may change: most of them did not fail.
const LOOKS: usize = 10;
const RECOVER: i64 = 0;

pub(super) async fn start(
    session: &Session,
    scope: AppScope,
    task: &Task,
    idempotency: Option<&Idempotency>,
) -> Result<(), RepeatError> {
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(RepeatError::Repeated(repeat));
    }
    let TaskKind::Recover { endpoint, since, until } = task.kind;
    session
        .conn
        .run(
            "-- tasks::start
             INSERT INTO task (app_row, row, id, kind, status, affected, endpoint_id, since, until, reached,
                               created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                &scope.app().row(),
                &task.id.row(),
                &task.id.as_bytes().as_slice(),
                &(RECOVER as i16),
                &(task.status as i16),
                &(task.affected as i64),
                &endpoint.as_bytes().as_slice(),
                &since.as_micros(),
                &until.as_micros(),
                &first_row_from(since),
                &task.created_at.as_micros(),
                &task.updated_at.as_micros(),
            ],
        )
        .await?;
    idempotency::remember(session, idempotency).await?;
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
fn read(row: &Row) -> Result<(Task, i64), Error> {
    let mut record = Record::new(row, "task", row.try_get(0)?, 1);
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

pub(super) async fn running(conn: &Connection) -> Result<Vec<Task>, Error> {
    let rows = conn.rows(select!("running", "ORDER BY t.row"), &[]).await?;
    rows.iter().map(|row| Ok(read(row)?.0)).collect()
}

/// Whose deliveries a step may have put back.
type Lane = (AppId, EndpointId);

/// Moves a task on. One that is finished or gone is finished. Two nodes at the same task take turns.
pub(super) async fn step(
    session: &Session,
    id: TaskId,
    limit: usize,
    now: Timestamp,
) -> Result<(TaskStep, Option<Lane>), Error> {
    let found = session
        .conn
        .row(
            select!("step", "AND t.row = $1 AND t.id = $2 FOR UPDATE OF t"),
            &[&id.row(), &id.as_bytes().as_slice()],
        )
        .await?;
    let Some(found) = found else { return Ok((TaskStep { affected: 0, finished: true }, None)) };
    let (task, from) = read(&found)?;
    let TaskKind::Recover { endpoint, until, .. } = task.kind;
    let app_row = task.app.row();
    let (failed, reached) =
        failed_from(&session.conn, app_row, endpoint, (from, first_row_from(until)), limit).await?;
    let affected = resend::restart(session, app_row, &failed, endpoint.row(), now).await?;
    let finished = reached.is_none();
    let status = if finished { TaskStatus::Finished } else { TaskStatus::Running };
    session
        .conn
        .run(
            "-- tasks::step
             UPDATE task SET status = $3, affected = affected + $4, reached = $5, updated_at = $6
              WHERE app_row = $1 AND row = $2",
            &[
                &app_row,
                &id.row(),
                &(status as i16),
                &(affected as i64),
                &reached.unwrap_or(from),
                &now.as_micros(),
            ],
        )
        .await?;
    Ok((TaskStep { affected, finished }, Some((task.app, endpoint))))
}

/// Messages of the span that failed at the endpoint and can still be sent, at most `limit`, and the row from which to
/// go on; `None` at the end.
async fn failed_from(
    conn: &Connection,
    app_row: i64,
    endpoint: EndpointId,
    (from, until): (i64, i64),
    limit: usize,
) -> Result<(Vec<i64>, Option<i64>), Error> {
    let mut failed = Vec::new();
    let live = conn
        .exists(
            "-- tasks::failed_from
             SELECT 1 FROM endpoint WHERE app_row = $1 AND row = $2 AND id = $3 AND deleted_at IS NULL",
            &[&app_row, &endpoint.row(), &endpoint.as_bytes().as_slice()],
        )
        .await?;
    if !live {
        return Ok((failed, None));
    }
    let looks = limit.saturating_mul(LOOKS);
    let rows = conn
        .rows(
            "-- tasks::failed_from
             SELECT message_row, state FROM delivery
              WHERE endpoint_row = $1 AND message_row >= $2 AND message_row < $3 ORDER BY message_row LIMIT $4",
            &[&endpoint.row(), &from, &until, &(looks as i64 + 1)],
        )
        .await?;
    let mut next = None;
    for (look, row) in rows.iter().enumerate() {
        let (message_row, state): (i64, i16) = (row.try_get(0)?, row.try_get(1)?);
        let is_failed = state == State::Failed as i16;
        if look == looks || (is_failed && failed.len() == limit) {
            next = Some(message_row);
            break;
        }
        failed.extend(is_failed.then_some(message_row));
    }
    Ok((with_payload(conn, app_row, failed).await?, next))
}

/// Those of the messages that have a payload, which they keep until the transaction ends.
async fn with_payload(conn: &Connection, app_row: i64, rows: Vec<i64>) -> Result<Vec<i64>, Error> {
    if rows.is_empty() {
        return Ok(rows);
    }
    let found = conn
        .rows(
            "-- tasks::with_payload
             SELECT m.row FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
               JOIN message m ON m.app_row = asked.app_row AND m.row = asked.row AND m.payload IS NOT NULL
              ORDER BY m.row FOR SHARE OF m",
            &[&app_row, &rows],
        )
        .await?;
    Ok(found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

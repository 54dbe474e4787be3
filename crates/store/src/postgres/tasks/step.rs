//! One step of a background task: deliveries and new messages, and how far the task has come, in one transaction.
//!
//! Two nodes at the same task take turns by its row, and the second finds that it has moved on.

use std::collections::HashMap;

use postrider_core::delivery::State;
use postrider_core::id::MessageId;
use postrider_core::scope::{AppScope, SystemScope};
use postrider_core::task::{Progress, Skip, Task};
use postrider_core::time::Timestamp;

use super::super::connection::Connection;
use super::super::handed::Held;
use super::super::session::Session;
use super::super::{endpoints, receive, resend};
use super::read;
use crate::task::{Act, skipped};
use crate::{AcceptError, Again, Error, Intake, Step, Which};

/// Writes a step. `None`, and nothing is changed, when the task is not where the step begins.
pub(in crate::postgres) async fn step(
    session: &Session,
    step: &Step,
) -> Result<(Option<Progress>, Vec<Held>), Error> {
    let found = session
        .conn
        .row(
            super::select!(
                "step",
                "t.status = 0 AND t.row = $1 AND t.id = $2 AND t.reached = $3 FOR UPDATE OF t"
            ),
            &[&step.task.row(), &step.task.as_bytes().as_slice(), &step.from],
        )
        .await?;
    let Some(found) = found else { return Ok((None, Vec::new())) };
    let task = read(&found, 0)?;
    let system = SystemScope::assume();
    let mut progress = step.progress.clone();
    for again in &step.again {
        let scope = system.app(task.environment, again.app);
        send_again(session, scope, again, step.now, &mut progress).await?;
    }
    let scope = task.app.map(|app| system.app(task.environment, app));
    let held = take(session, scope, step, &mut progress).await?;
    remember(&session.conn, task, step, &progress).await?;
    Ok((Some(progress), held))
}

async fn remember(conn: &Connection, task: Task, step: &Step, progress: &Progress) -> Result<(), Error> {
    let mut all = task.progress;
    all.add(progress);
    conn.run(
        "-- tasks::step::remember
         UPDATE task SET status = $3, matched = $4, affected = $5, skipped = $6, reached = $7, failure = $8,
                         updated_at = $9
          WHERE app_row = $1 AND row = $2",
        &[
            &task.app.map_or(task.environment.row(), |app| app.row()),
            &task.id.row(),
            &(step.status as i16),
            &(all.matched as i64),
            &(all.affected as i64),
            &skipped(&all),
            &step.reached,
            &step.failure,
            &step.now.as_micros(),
        ],
    )
    .await?;
    Ok(())
}

/// Accepts the new messages of a step: of a task of one application.
async fn take(
    session: &Session,
    scope: Option<AppScope>,
    step: &Step,
    progress: &mut Progress,
) -> Result<Vec<Held>, Error> {
    let Some(scope) = scope.filter(|_| !step.arrivals.is_empty()) else { return Ok(Vec::new()) };
    let intake = Intake { arrivals: step.arrivals.clone(), since: step.now, firing: None };
    match receive::receive(session, scope, &intake).await {
        Ok((_, held)) => {
            progress.affected += step.made();
            Ok(held)
        }
        Err(AcceptError::Store(error)) => Err(error),
        // The application is being deleted at this moment; new messages have neither event ids nor keys. The next look
        // at the tasks does not find this one any more.
        Err(refused) => Err(Error::Engine(refused.into())),
    }
}

/// What becomes of the messages of an [`Again`], by their rows.
#[derive(Default)]
struct Sorted {
    make: Vec<i64>,
    hasten: Vec<i64>,
    restart: Vec<i64>,
}

/// Sends messages to an endpoint again, and counts what came of it.
async fn send_again(
    session: &Session,
    scope: AppScope,
    again: &Again,
    now: Timestamp,
    progress: &mut Progress,
) -> Result<(), Error> {
    let mut rows: Vec<i64> = again.messages.iter().map(MessageId::row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    if !endpoints::exists(&session.conn, scope, again.endpoint).await? {
        progress.skip(Skip::NoEndpoint, rows.len() as u64);
        return Ok(());
    }
    let (app_row, endpoint_row) = (scope.app().row(), again.endpoint.row());
    let states = states(&session.conn, app_row, &rows, endpoint_row).await?;
    if again.which == Which::Missing {
        rows.retain(|row| !states.contains_key(row));
        progress.matched += rows.len() as u64;
    }
    let all = rows.len() as u64;
    let rows = with_payload(&session.conn, app_row, rows).await?;
    progress.skip(Skip::NoPayload, all - rows.len() as u64);
    let mut sorted = Sorted::default();
    for row in rows {
        let state = states.get(&row).copied();
        match Act::on(state) {
            Act::Leave => progress.skip(Skip::UnderWay, 1),
            _ if !again.which.takes(state) => progress.skip(Skip::UnderWay, 1),
            Act::Make => sorted.make.push(row),
            Act::Hasten => sorted.hasten.push(row),
            Act::Restart => sorted.restart.push(row),
        }
    }
    progress.affected += resend::insert(session, app_row, &sorted.make, endpoint_row, now).await?;
    progress.affected += resend::hasten(session, app_row, &sorted.hasten, endpoint_row, now).await?;
    progress.affected += resend::restart(session, app_row, &sorted.restart, endpoint_row, now).await?;
    Ok(())
}

/// Where the deliveries of messages to an endpoint stand. They stay so until the transaction ends.
async fn states(
    conn: &Connection,
    app_row: i64,
    rows: &[i64],
    endpoint_row: i64,
) -> Result<HashMap<i64, State>, Error> {
    let found = conn
        .rows(
            "-- tasks::step::states
             SELECT d.message_row, d.state
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row, $3::bigint AS endpoint_row) AS asked
               JOIN delivery d ON d.app_row = asked.app_row AND d.message_row = asked.row
                              AND d.endpoint_row = asked.endpoint_row
              ORDER BY d.message_row FOR UPDATE OF d",
            &[&app_row, &rows, &endpoint_row],
        )
        .await?;
    let mut states = HashMap::with_capacity(found.len());
    for row in &found {
        let (message_row, number): (i64, i16) = (row.try_get(0)?, row.try_get(1)?);
        states.insert(message_row, resend::state(message_row, number)?);
    }
    Ok(states)
}

/// Those of the messages that have a payload, which they keep until the transaction ends.
async fn with_payload(conn: &Connection, app_row: i64, rows: Vec<i64>) -> Result<Vec<i64>, Error> {
    if rows.is_empty() {
        return Ok(rows);
    }
    let found = conn
        .rows(
            "-- tasks::step::with_payload
             SELECT m.row FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
               JOIN message m ON m.app_row = asked.app_row AND m.row = asked.row AND m.payload IS NOT NULL
              ORDER BY m.row FOR SHARE OF m",
            &[&app_row, &rows],
        )
        .await?;
    Ok(found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

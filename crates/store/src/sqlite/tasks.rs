//! Background tasks: long work in small steps, each of which remembers how far it came.

use postrider_core::delivery::State;
use postrider_core::id::{AppId, EndpointId, EnvironmentId, MessageId, TaskId};
use postrider_core::limits;
use postrider_core::scope::{AppScope, EnvironmentScope, LookupScope, SystemScope};
use postrider_core::task::{Progress, Skip, Span, Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::handed::Held;
use super::record::Record;
use super::scan::{Walk, gather};
use super::session::Session;
use super::{deliveries, endpoints, environments, idempotency, messages, receive};
use crate::failure::corrupt;
use crate::task::{Stored, skipped};
use crate::{
    AcceptError, Again, Error, Idempotency, Intake, Listed, Order, Page, StartError, Step, TaskFilter, Which,
    Within,
};

pub(super) fn start(
    session: &mut Session<'_>,
    within: Within,
    task: &Task,
    idempotency: Option<&Idempotency>,
) -> Result<(), StartError> {
    let is_there = match within {
        Within::App(scope) => session.has_app(scope)?,
        Within::Environment(scope) => environments::one(session.conn, scope.environment())?.is_some(),
    };
    if !is_there {
        return Err(StartError::NoApp);
    }
    if let Some(repeat) = idempotency::find(session, idempotency)? {
        return Err(StartError::Repeated(repeat));
    }
    let running: i64 = session
        .conn
        .prepare_cached(
            "-- tasks::start
             SELECT count(*) FROM task WHERE app_row = ? AND status = 0",
        )?
        .query_row([within.owner_row()], |row| row.get(0))?;
    if running >= limits::APP_TASKS as i64 {
        return Err(StartError::TooMany { limit: limits::APP_TASKS });
    }
    let Stored { kind, endpoint, rest } = Stored::of(&task.job);
    session
        .conn
        .prepare_cached(
            "-- tasks::start
             INSERT INTO task (row, id, app_row, environment_row, kind, status, matched, affected, skipped, endpoint_id,
                               job, since, until, reached, failure, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            task.id.row(),
            task.id.as_bytes(),
            within.owner_row(),
            within.environment().environment().row(),
            kind as u8,
            task.status as u8,
            task.progress.matched as i64,
            task.progress.affected as i64,
            skipped(&task.progress),
            endpoint.as_ref().map(EndpointId::as_bytes),
            rest,
            task.span.since.as_micros(),
            task.span.until.as_micros(),
            task.reached,
            task.failure,
            task.created_at.as_micros(),
            task.updated_at.as_micros(),
        ])?;
    idempotency::remember(session, idempotency)?;
    Ok(())
}

macro_rules! select {
    ($name:literal, $where:literal) => {
        concat!(
            "-- tasks::",
            $name,
            "\nSELECT t.row, t.id, e.id, a.id, t.kind, t.endpoint_id, t.job, t.since, t.until, t.reached, t.status,
                      t.matched, t.affected, t.skipped, t.failure, t.created_at, t.updated_at
               FROM task t LEFT JOIN app a ON a.row = t.app_row CROSS JOIN environment e ON e.row = t.environment_row
              WHERE a.deleted_at IS NULL AND (a.row IS NOT NULL OR t.app_row = t.environment_row) AND ",
            $where
        )
    };
}

fn read(row: &Row<'_>) -> Result<Task, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "task", key, 1);
    Ok(Task {
        id: TaskId::from_bytes(record.id("id")?),
        environment: EnvironmentId::from_bytes(record.id("environment")?),
        // A task of all of an environment has its row, which no application has.
        app: record.get::<Option<_>>("app")?.map(AppId::from_bytes),
        job: Stored {
            kind: record.number("kind", TaskKind::of_number)?,
            endpoint: record.get::<Option<_>>("endpoint_id")?.map(EndpointId::from_bytes),
            rest: record.get("job")?,
        }
        .job()
        .map_err(|(column, what)| corrupt("task", column, key, &what))?,
        span: Span { since: record.time("since")?, until: record.time("until")? },
        reached: record.get("reached")?,
        status: record.number("status", TaskStatus::of_number)?,
        progress: Progress {
            matched: record.get::<i64>("matched")?.unsigned_abs(),
            affected: record.get::<i64>("affected")?.unsigned_abs(),
            skipped: record.json("skipped")?,
        },
        failure: record.get("failure")?,
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

pub(super) fn running(conn: &Connection) -> Result<Vec<Task>, Error> {
    let mut statement = conn.prepare_cached(select!("running", "t.status = 0 ORDER BY t.row"))?;
    statement.query_and_then([], read)?.collect()
}

pub(super) fn find(conn: &Connection, scope: LookupScope, task: TaskId) -> Result<Option<Task>, Error> {
    let mut statement =
        conn.prepare_cached(select!("find", "t.row = ? AND t.id = ? AND t.environment_row = ?"))?;
    let key = (task.row(), task.as_bytes(), scope.environment().row());
    statement.query_and_then(key, read)?.next().transpose()
}

pub(super) fn list(
    conn: &Connection,
    scope: EnvironmentScope,
    filter: &TaskFilter,
    page: &Page<TaskId>,
) -> Result<Listed<Task, TaskId>, Error> {
    let walk = Walk::rows(page, Order::Descending, TaskId::row);
    let mut statement = conn.prepare_cached(&format!(
        "{} ORDER BY t.row {}",
        select!("list", "t.environment_row = ? AND t.row > ? AND t.row < ?"),
        walk.order
    ))?;
    let rows = statement.query((scope.environment().row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let task = read(row)?;
        let wanted = filter.statuses.as_ref().is_none_or(|statuses| statuses.contains(&task.status))
            && filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&task.job.kind()));
        Ok((task.id, wanted.then_some(task)))
    })
}

/// Ends a task that is running. The task as it is then; `None` when it is not of `within`.
pub(super) fn cancel(
    session: &mut Session<'_>,
    within: Within,
    task: TaskId,
    now: Timestamp,
) -> Result<Option<Task>, Error> {
    session
        .conn
        .prepare_cached(
            "-- tasks::cancel
             UPDATE task SET status = 3, updated_at = ? WHERE row = ? AND id = ? AND app_row = ? AND status = 0",
        )?
        .execute((now.as_micros(), task.row(), task.as_bytes(), within.owner_row()))?;
    Ok(find(session.conn, within.environment().lookup(), task)?.filter(|task| within.owns(task)))
}

/// Writes a step. `None`, and nothing is changed, when the task is not where the step begins.
pub(super) fn step(session: &mut Session<'_>, step: &Step) -> Result<(Option<Progress>, Vec<Held>), Error> {
    let task = session
        .conn
        .prepare_cached(select!("step", "t.status = 0 AND t.row = ? AND t.id = ? AND t.reached = ?"))?
        .query_and_then((step.task.row(), step.task.as_bytes(), step.from), read)?
        .next()
        .transpose()?;
    let Some(task) = task else { return Ok((None, Vec::new())) };
    let system = SystemScope::assume();
    let mut progress = step.progress.clone();
    for again in &step.again {
        send_again(session, system.app(task.environment, again.app), again, step.now, &mut progress)?;
    }
    let scope = task.app.map(|app| system.app(task.environment, app));
    let held = take(session, scope, step, &mut progress)?;
    let mut all = task.progress;
    all.add(&progress);
    session
        .conn
        .prepare_cached(
            "-- tasks::step
             UPDATE task SET status = ?2, matched = ?3, affected = ?4, skipped = ?5, reached = ?6, failure = ?7,
                             updated_at = ?8
              WHERE row = ?1",
        )?
        .execute(params![
            step.task.row(),
            step.status as u8,
            all.matched as i64,
            all.affected as i64,
            skipped(&all),
            step.reached,
            step.failure,
            step.now.as_micros(),
        ])?;
    Ok((Some(progress), held))
}

/// Accepts the new messages of a step: of a task of one application.
fn take(
    session: &mut Session<'_>,
    scope: Option<AppScope>,
    step: &Step,
    progress: &mut Progress,
) -> Result<Vec<Held>, Error> {
    let Some(scope) = scope.filter(|_| !step.arrivals.is_empty()) else { return Ok(Vec::new()) };
    let intake = Intake { arrivals: step.arrivals.clone(), since: step.now, firing: None };
    match receive::receive(session, scope, &intake) {
        Ok((_, held)) => {
            progress.affected += step.made();
            Ok(held)
        }
        Err(AcceptError::Store(error)) => Err(error),
        // It was there a moment ago, in this transaction, and new messages have neither event ids nor keys.
        Err(refused) => Err(Error::Engine(refused.into())),
    }
}

/// Sends messages to an endpoint again, and counts what came of it.
fn send_again(
    session: &Session<'_>,
    scope: AppScope,
    again: &Again,
    now: Timestamp,
    progress: &mut Progress,
) -> Result<(), Error> {
    if !endpoints::exists(session.conn, scope, again.endpoint)? {
        progress.skip(Skip::NoEndpoint, again.messages.len() as u64);
        return Ok(());
    }
    for message in &again.messages {
        let state = state(session.conn, *message, again.endpoint)?;
        let takes = again.which.takes(state);
        if again.which == Which::Missing {
            if !takes {
                continue;
            }
            progress.matched += 1;
        }
        if messages::has_payload(session.conn, scope, *message)? != Some(true) {
            progress.skip(Skip::NoPayload, 1);
        } else if takes && deliveries::ask(session, *message, again.endpoint, state, now)? {
            progress.affected += 1;
        } else {
            progress.skip(Skip::UnderWay, 1);
        }
    }
    Ok(())
}

/// Where a delivery stands; `None` where there is none.
pub(super) fn state(
    conn: &Connection,
    message: MessageId,
    endpoint: EndpointId,
) -> Result<Option<State>, Error> {
    let number: Option<i64> = conn
        .prepare_cached(
            "-- tasks::state
             SELECT state FROM delivery WHERE message_row = ? AND endpoint_row = ?",
        )?
        .query_row((message.row(), endpoint.row()), |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(None) };
    let state = State::from_number(number);
    state.map(Some).ok_or_else(|| corrupt("delivery", "state", message.row(), &format!("is {number}")))
}

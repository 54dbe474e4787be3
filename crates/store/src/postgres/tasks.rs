//! Background tasks: long work in small steps, each of which remembers how far it came. What a step does is in
//! [`step`].

use postrider_core::id::{AppId, EndpointId, EnvironmentId, TaskId};
use postrider_core::limits;
use postrider_core::scope::{EnvironmentScope, LookupScope};
use postrider_core::task::{Progress, Span, Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::Record;
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::{apps, environments, idempotency};
use crate::failure::corrupt;
use crate::task::{Stored, skipped};
use crate::{Error, Idempotency, Listed, Order, Page, StartError, TaskFilter, Within};

pub(super) use step::step;

mod step;

/// What [`read`] reads, of `task t`, `app a` and `environment e`.
macro_rules! columns {
    () => {
        "t.row, t.id, e.id, a.id, t.kind, t.endpoint_id, t.job, t.since, t.until, t.reached, t.status, t.matched,
                 t.affected, t.skipped, t.failure, t.created_at, t.updated_at"
    };
}

macro_rules! from {
    () => {
        "task t LEFT JOIN app a ON a.row = t.app_row
               JOIN environment e ON e.row = coalesce(a.environment_row, t.environment_row)
              WHERE a.deleted_at IS NULL AND (a.row IS NOT NULL OR t.app_row = t.environment_row) AND "
    };
}

macro_rules! select {
    ($name:literal, $where:literal) => {
        concat!(
            "-- tasks::",
            $name,
            "\nSELECT ",
            $crate::postgres::tasks::columns!(),
            " FROM ",
            $crate::postgres::tasks::from!(),
            $where
        )
    };
}
use {columns, from, select};

/// The tasks of the environment with the row `$5`, standing in one of the ways `$6` and of one of the kinds `$7`.
pub(super) const LIST: List = List {
    name: "tasks::list",
    key: "t.row",
    columns: columns!(),
    from: concat!(from!(), "t.environment_row = $5"),
    matches: "($6::smallint[] IS NULL OR t.status = ANY ($6)) AND ($7::smallint[] IS NULL OR t.kind = ANY ($7))",
};

pub(super) async fn start(
    session: &Session,
    within: Within,
    task: &Task,
    idempotency: Option<&Idempotency>,
) -> Result<(), StartError> {
    // Before the answer is looked for: who begins the same task at the same moment waits here, and finds it then.
    let is_there = match within {
        Within::App(scope) => apps::lock(session, scope).await?,
        Within::Environment(scope) => environments::lock(session, scope).await?,
    };
    if !is_there {
        return Err(StartError::NoApp);
    }
    if let Some(repeat) = idempotency::find(session, idempotency).await? {
        return Err(StartError::Repeated(repeat));
    }
    if count(&session.conn, within).await? >= limits::APP_TASKS as i64 {
        return Err(StartError::TooMany { limit: limits::APP_TASKS });
    }
    let Stored { kind, endpoint, rest } = Stored::of(&task.job);
    session
        .conn
        .run(
            "-- tasks::start
             INSERT INTO task (app_row, row, id, environment_row, kind, status, matched, affected, skipped, endpoint_id,
                               job, since, until, reached, failure, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            &[
                &within.owner_row(),
                &task.id.row(),
                &task.id.as_bytes().as_slice(),
                &within.environment().environment().row(),
                &(kind as i16),
                &(task.status as i16),
                &(task.progress.matched as i64),
                &(task.progress.affected as i64),
                &skipped(&task.progress),
                &endpoint.as_ref().map(|endpoint| endpoint.as_bytes().as_slice()),
                &rest,
                &task.span.since.as_micros(),
                &task.span.until.as_micros(),
                &task.reached,
                &task.failure,
                &task.created_at.as_micros(),
                &task.updated_at.as_micros(),
            ],
        )
        .await?;
    idempotency::remember(session, idempotency).await?;
    Ok(())
}

/// How many tasks of the same run, counted up to the limit.
async fn count(conn: &Connection, within: Within) -> Result<i64, Error> {
    let counted = conn
        .row(
            "-- tasks::count
             SELECT count(*) FROM (SELECT 1 FROM task WHERE app_row = $1 AND status = 0 LIMIT $2) AS running",
            &[&within.owner_row(), &(limits::APP_TASKS as i64)],
        )
        .await?;
    Ok(counted.expect("an aggregate gives one row").try_get(0)?)
}

fn read(row: &Row, at: usize) -> Result<Task, Error> {
    let key = row.try_get(at)?;
    let mut record = Record::new(row, "task", key, at + 1);
    Ok(Task {
        id: TaskId::from_bytes(record.id("id")?),
        environment: EnvironmentId::from_bytes(record.id("environment")?),
        // A task of all of an environment has its row, which no application has.
        app: record.id_or_none("app")?.map(AppId::from_bytes),
        job: Stored {
            kind: record.number("kind", TaskKind::of_number)?,
            endpoint: record.id_or_none("endpoint_id")?.map(EndpointId::from_bytes),
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

pub(super) async fn running(conn: &Connection) -> Result<Vec<Task>, Error> {
    let rows = conn.rows(select!("running", "t.status = 0 ORDER BY t.row"), &[]).await?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub(super) async fn find(conn: &Connection, scope: LookupScope, task: TaskId) -> Result<Option<Task>, Error> {
    let found = conn
        .row(
            select!("find", "t.environment_row = $1 AND t.row = $2 AND t.id = $3"),
            &[&scope.environment().row(), &task.row(), &task.as_bytes().as_slice()],
        )
        .await?;
    found.map(|row| read(&row, 0)).transpose()
}

pub(super) async fn list(
    conn: &Connection,
    scope: EnvironmentScope,
    filter: &TaskFilter,
    page: &Page<TaskId>,
) -> Result<Listed<Task, TaskId>, Error> {
    let walk = Walk::rows(page, Order::Descending, TaskId::row);
    let statuses: Option<Vec<i16>> =
        filter.statuses.as_ref().map(|all| all.iter().map(|status| *status as i16).collect());
    let kinds: Option<Vec<i16>> =
        filter.kinds.as_ref().map(|all| all.iter().map(|kind| *kind as i16).collect());
    gather(conn, &LIST, walk, &[&scope.environment().row(), &statuses, &kinds], |row| {
        let task = read(row, scan::COLUMNS)?;
        Ok((task.id, task))
    })
    .await
}

/// Ends a task that is running. The task as it is then; `None` when it is not of `within`.
pub(super) async fn cancel(
    session: &Session,
    within: Within,
    task: TaskId,
    now: Timestamp,
) -> Result<Option<Task>, Error> {
    session
        .conn
        .run(
            "-- tasks::cancel
             UPDATE task SET status = 3, updated_at = $4
              WHERE app_row = $1 AND row = $2 AND id = $3 AND status = 0",
            &[&within.owner_row(), &task.row(), &task.as_bytes().as_slice(), &now.as_micros()],
        )
        .await?;
    Ok(find(&session.conn, within.environment().lookup(), task).await?.filter(|task| within.owns(task)))
}

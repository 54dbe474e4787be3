//! Background tasks: what began one answers with it, and it can be listed, looked at and ended here.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::id::{EndpointId, SourceId, TaskId};
use postrider_core::task::{Job, Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use postrider_store::TaskFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::caller::Caller;
use super::page::{self, PageOut, PageQuery};
use super::path::{Path, TaskPath};
use super::problem::Problem;
use super::query::Query;
use crate::context::Context;
use crate::service::tasks::{self, Error};

/// The tag of these operations.
const TAG: &str = "Background Task";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get)).routes(routes!(cancel))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}

/// A background task that has begun.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartedOut {
    /// Its id.
    #[schema(value_type = String, example = "qtask_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: TaskId,
    /// `running`, `finished` or `failed`.
    #[schema(example = "running")]
    status: &'static str,
    /// What it does.
    #[schema(example = "endpoint.recover")]
    task: &'static str,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A background task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BackgroundTaskOut {
    #[serde(flatten)]
    started: StartedOut,
    /// What it is about, and what came of it so far.
    data: TaskDataOut,
}

/// What a background task is about, and what came of it so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaskDataOut {
    /// The endpoint that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    endpoint_id: Option<EndpointId>,
    /// The source whose messages it replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    source_id: Option<SourceId>,
    /// The query whose deliveries it sends again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "status:failed since:2h")]
    q: Option<String>,
    /// It looks at messages accepted from this time,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// to before this time.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The part of that time that it has walked, from 0 to 1.
    #[schema(example = 0.5)]
    walked: f64,
    /// Messages found so far that it is about; deliveries, where it is about a query.
    matched: u64,
    /// Deliveries put back to waiting or made; a new message without any counts as one.
    affected: u64,
    /// What was left out, by reason: `noPayload`, `underWay`, `noEndpoint`, `notSigned`.
    #[schema(value_type = Object)]
    skipped: Map<String, Value>,
    /// Whether a person has ended it. Its status is `failed` then.
    canceled: bool,
    /// Why it was given up.
    error: Option<String>,
}

/// How a task stands, in the words of the contract, which has none for one that was ended.
const fn status(task: &Task) -> &'static str {
    match task.status {
        TaskStatus::Running => "running",
        TaskStatus::Finished => "finished",
        TaskStatus::Failed | TaskStatus::Canceled => "failed",
    }
}

/// What a task does, in the words of the contract. It has no words for sources and searches, and programs that know only its words must
/// be able to read a list.
const fn word(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Recover => "endpoint.recover",
        TaskKind::ReplayMissing => "endpoint.replay",
        TaskKind::BulkReplay | TaskKind::ReplaySource | TaskKind::ReplaySearch => "endpoint.bulk-replay",
    }
}

impl From<&Task> for StartedOut {
    fn from(task: &Task) -> Self {
        let Task { id, updated_at, .. } = *task;
        Self { id, status: status(task), task: word(task.job.kind()), updated_at }
    }
}

impl From<&Task> for BackgroundTaskOut {
    fn from(task: &Task) -> Self {
        let source_id = match &task.job {
            Job::ReplaySource(replay) => Some(replay.source),
            _ => None,
        };
        let q = match &task.job {
            Job::ReplaySearch(replay) => Some(replay.query.clone()),
            _ => None,
        };
        let skipped =
            task.progress.skipped.iter().map(|(why, count)| (why.name().to_owned(), (*count).into()));
        let data = TaskDataOut {
            endpoint_id: task.job.endpoint(),
            source_id,
            q,
            since: task.span.since,
            until: task.span.until,
            walked: task.walked(),
            matched: task.progress.matched,
            affected: task.progress.affected,
            skipped: skipped.collect(),
            canceled: task.status == TaskStatus::Canceled,
            error: task.failure.clone(),
        };
        Self { started: task.into(), data }
    }
}

/// The answer to what begins a task.
pub(super) fn render_started(task: &Task) -> Bytes {
    answer::render(&StartedOut::from(task))
}

fn show(task: &Task) -> Response {
    answer::reply(StatusCode::OK, &BackgroundTaskOut::from(task))
}

/// Which tasks to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct TaskQuery {
    /// Standing like this.
    #[param(inline)]
    status: Option<StatusQuery>,
    /// That do this.
    #[param(inline)]
    task: Option<WordQuery>,
}

/// How a task stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusQuery {
    /// Under way, or waiting for its turn.
    Running,
    /// Done.
    Finished,
    /// Given up, or ended by a person.
    Failed,
}

/// What a task does. Not all of these are done here.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub(crate) enum WordQuery {
    /// Sends what never went to an endpoint.
    #[serde(rename = "endpoint.replay")]
    Replay,
    /// Sends again what was given up.
    #[serde(rename = "endpoint.recover")]
    Recover,
    /// Replays what is of a selection, of an endpoint or a source, or what a query finds.
    #[serde(rename = "endpoint.bulk-replay")]
    BulkReplay,
    /// There are none.
    #[serde(rename = "application.stats")]
    Stats,
    /// There are none.
    #[serde(rename = "message.broadcast")]
    Broadcast,
    /// There are none.
    #[serde(rename = "sdk.generate")]
    Generate,
    /// There are none.
    #[serde(rename = "event-type.aggregate")]
    Aggregate,
    /// There are none.
    #[serde(rename = "application.purge_content")]
    Purge,
}

impl From<TaskQuery> for TaskFilter {
    fn from(TaskQuery { status, task }: TaskQuery) -> Self {
        let statuses = status.map(|status| match status {
            StatusQuery::Running => vec![TaskStatus::Running],
            StatusQuery::Finished => vec![TaskStatus::Finished],
            StatusQuery::Failed => vec![TaskStatus::Failed, TaskStatus::Canceled],
        });
        let kinds = task.map(|task| match task {
            WordQuery::Replay => vec![TaskKind::ReplayMissing],
            WordQuery::Recover => vec![TaskKind::Recover],
            WordQuery::BulkReplay => {
                vec![TaskKind::BulkReplay, TaskKind::ReplaySource, TaskKind::ReplaySearch]
            }
            WordQuery::Stats
            | WordQuery::Broadcast
            | WordQuery::Generate
            | WordQuery::Aggregate
            | WordQuery::Purge => Vec::new(),
        });
        Self { statuses, kinds }
    }
}

/// Lists background tasks
///
/// Newest first. They are kept for as long as messages are.
#[utoipa::path(
    get,
    path = "/api/v1/background-task",
    operation_id = "background_task.list",
    tag = TAG,
    params(PageQuery, TaskQuery),
    responses((status = 200, description = "One page of tasks.", body = PageOut<BackgroundTaskOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<TaskQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = tasks::list(&context, identity, filter.into(), page.clone()).await?;
    let write = |task: &Task, out: &mut Vec<u8>| answer::write(&BackgroundTaskOut::from(task), out);
    Ok(page::list(&page, &listed, |task| task.id, write))
}

/// Gets a background task
///
/// How it stands, and how far it is.
#[utoipa::path(
    get,
    path = "/api/v1/background-task/{task_id}",
    operation_id = "background_task.get",
    tag = TAG,
    params(TaskPath),
    responses((status = 200, description = "The task.", body = BackgroundTaskOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<TaskPath>,
) -> Result<Response, Problem> {
    Ok(show(&tasks::get(&context, identity, path.task()?).await?))
}

/// Ends a background task
///
/// When this answers, nothing more of it happens. What it has done stays done; one that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/background-task/{task_id}/cancel",
    operation_id = "background_task.cancel",
    tag = TAG,
    params(TaskPath),
    responses((status = 200, description = "The task as it is then.", body = BackgroundTaskOut)),
)]
pub(crate) async fn cancel(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<TaskPath>,
) -> Result<Response, Problem> {
    Ok(show(&tasks::cancel(&context, identity, path.task()?).await?))
}

//! What failed at an endpoint is sent again.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::id::TaskId;
use postrider_core::task::{Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{EndpointPath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::endpoints;

/// What to send again.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RecoverIn {
    /// Messages accepted from this time.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Messages accepted before this time; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// A background task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecoverOut {
    /// Its id.
    #[schema(value_type = String)]
    id: TaskId,
    /// `running`, `finished` or `failed`.
    status: &'static str,
    /// What it does.
    #[schema(example = "endpoint.recover")]
    task: &'static str,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn render(task: &Task) -> Bytes {
    let status = match task.status {
        TaskStatus::Running => "running",
        TaskStatus::Finished => "finished",
        TaskStatus::Failed => "failed",
    };
    let kind = match task.kind {
        TaskKind::Recover { .. } => "endpoint.recover",
    };
    answer::render(&RecoverOut { id: task.id, status, task: kind, updated_at: task.updated_at })
}

/// Sends again what failed
///
/// Begins a task in the background that sends every message of the time range again whose delivery to this endpoint
/// was given up.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover",
    operation_id = "endpoint.recover",
    tag = TAG,
    params(EndpointPath, Repeatable),
    request_body = RecoverIn,
    responses((status = 202, description = "The task has begun.", body = RecoverOut)),
)]
pub(crate) async fn recover(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<RecoverIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render);
    let (app, endpoint) = (path.app(), path.endpoint());
    let range = (value.since, value.until);
    let task = endpoints::recover(&context, caller.0, &app, &endpoint, range, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render(&task)))
}

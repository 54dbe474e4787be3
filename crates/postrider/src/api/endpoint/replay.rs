//! Messages are sent to an endpoint again, many at a time: each operation begins a background task.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::replay::Selection;
use postrider_core::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::background_task::{StartedOut, render_started};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{EndpointPath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::api::status;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::replay;

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

/// What to send that was never sent.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ReplayIn {
    /// Messages accepted from this time.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Messages accepted before this time; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// What to send again, whether it has arrived or not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkReplayIn {
    /// Messages accepted from this time.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Messages accepted before this time; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Of one of these event types.
    event_types: Option<Vec<String>>,
    /// On this channel.
    channel: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Whose delivery stands so: 0 success, 1 pending, 2 fail, 3 sending, 4 canceled.
    #[schema(minimum = 0, maximum = 4)]
    status: Option<u64>,
    /// Whose last attempt was answered with a status of this class: 0 (no answer), 100, 200, 300, 400 or 500.
    status_code_class: Option<u64>,
}

impl BulkReplayIn {
    fn selection(&self) -> Result<Selection, InvalidFields> {
        let states =
            status::of_number(self.status).map_err(|invalid| InvalidFields::one("status", invalid))?;
        let code_class = status::class(self.status_code_class)
            .map_err(|invalid| InvalidFields::one("statusCodeClass", invalid))?;
        Ok(Selection {
            event_types: self.event_types.clone().unwrap_or_default(),
            channel: self.channel.clone(),
            tag: self.tag.clone(),
            states,
            code_class,
        })
    }
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
    responses((status = 202, description = "The task has begun.", body = StartedOut)),
)]
pub(crate) async fn recover(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<RecoverIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_started);
    let times = (value.since, value.until);
    let task = replay::recover(&context, caller.0, &path.app(), &path.endpoint(), times, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

/// Sends what never went to an endpoint
///
/// Begins a task in the background that sends every message of the time range that this endpoint wants as it is now, and
/// that never was on its way to it: because the endpoint was made later, was disabled, or asked for something else.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing",
    operation_id = "endpoint.replay_missing",
    tag = TAG,
    params(EndpointPath, Repeatable),
    request_body = ReplayIn,
    responses((status = 202, description = "The task has begun.", body = StartedOut)),
)]
pub(crate) async fn replay_missing(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ReplayIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_started);
    let times = (value.since, value.until);
    let task = replay::replay_missing(&context, caller.0, &path.app(), &path.endpoint(), times, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

/// Sends an endpoint's messages again
///
/// Begins a task in the background that sends every message of the time range again that went to this endpoint, those
/// that arrived too, as far as the filters let it through.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay",
    operation_id = "endpoint.bulk_replay",
    tag = TAG,
    params(EndpointPath, Repeatable),
    request_body = BulkReplayIn,
    responses((status = 202, description = "The task has begun.", body = StartedOut)),
)]
pub(crate) async fn bulk_replay(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<BulkReplayIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_started);
    let what = ((value.since, value.until), value.selection()?);
    let task = replay::bulk_replay(&context, caller.0, &path.app(), &path.endpoint(), what, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

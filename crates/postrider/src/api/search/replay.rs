//! What a search finds is sent again.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::background_task::{StartedOut, render_started};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::replay::search::{self, Foreseen};

/// Which deliveries are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplaySearchIn {
    /// A query, as for searching deliveries. An empty one, which means everything, is refused.
    #[schema(example = "status:failed since:2h")]
    q: String,
    /// Only count what it finds.
    #[serde(default)]
    dry_run: bool,
}

/// What a replay of a search would come to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForeseenOut {
    /// Deliveries that were found.
    matched: u64,
    /// Deliveries of them that would be sent again.
    would_send: u64,
    /// What would be left out, by reason: `noPayload`, `underWay`, `noEndpoint`.
    #[schema(value_type = Object)]
    skipped: Map<String, Value>,
    /// Whether these are all; there may be more where counting would take too long.
    complete: bool,
    /// Everything accepted before this time was looked at.
    #[schema(value_type = String, format = DateTime)]
    reached: Timestamp,
}

impl From<&Foreseen> for ForeseenOut {
    fn from(foreseen: &Foreseen) -> Self {
        let skipped = foreseen.skipped.iter().map(|(why, count)| (why.name().to_owned(), (*count).into()));
        Self {
            matched: foreseen.matched,
            would_send: foreseen.would_send(),
            skipped: skipped.collect(),
            complete: foreseen.complete,
            reached: foreseen.reached,
        }
    }
}

/// Sends again what a search finds
///
/// Begins a task in the background that sends every delivery again that the query means, over everything that the key
/// reaches: what has ended starts anew, what waits gets an attempt now, what is under way is left as it is. Times ago in
/// the query count from this request, and what is accepted later is not found. With `dryRun` it only counts, from the
/// oldest on and for about two seconds.
#[utoipa::path(
    post,
    path = "/api/v1/delivery/replay",
    operation_id = "delivery.replay",
    tag = TAG,
    params(Repeatable),
    request_body = ReplaySearchIn,
    responses(
        (status = 200, description = "What it would come to.", body = ForeseenOut),
        (status = 202, description = "The task has begun.", body = StartedOut),
    ),
)]
pub(crate) async fn replay(
    caller: Caller,
    State(context): State<Context>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ReplaySearchIn>,
) -> Result<Response, Problem> {
    if value.dry_run {
        let foreseen = search::foresee(&context, caller.0, &value.q).await?;
        return Ok(answer::reply(StatusCode::OK, &ForeseenOut::from(&foreseen)));
    }
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_started);
    let task = search::begin(&context, caller.0, &value.q, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

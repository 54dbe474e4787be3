//! A message is sent to endpoints again, as it is or changed by hand.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::ingest::{EditsIn, ReplayedOut, named, render_replayed};
use crate::api::path::{MessagePath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::replay::{self, Error};

/// How a message is sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplayMessageIn {
    /// Endpoints of the application that get it, by id or `uid`, from 1 to 100, whatever they filter.
    endpoint_ids: Vec<String>,
    /// What is changed before it is signed.
    #[serde(default)]
    edits: EditsIn,
}

/// Sends a message again, as it is or changed
///
/// Unchanged, the same message goes to the endpoints once more. Changed, it is a new message of the same event type,
/// channels and tags: it names the one that it was made of, is signed with the endpoint's key, is attempted once, and is
/// counted nowhere. Either way it goes only where it is sent.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/replay",
    operation_id = "message.replay",
    tag = TAG,
    params(MessagePath, Repeatable),
    request_body = ReplayMessageIn,
    responses((status = 202, description = "It is on its way.", body = ReplayedOut)),
)]
pub(crate) async fn replay(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<MessagePath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ReplayMessageIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_replayed);
    let how = (named(&value.endpoint_ids, None), value.edits.edits()?);
    let which = (&path.app(), &path.message());
    let replaying = replay::published(&context, caller.0, which, how, once).await;
    let replayed = replaying.map_err(|error| match error {
        Error::NoPayload => {
            Problem::refused("path", "msg_id", "value_error.payload_expired", error.to_string())
        }
        error => error.into(),
    })?;
    Ok(answer::json(StatusCode::ACCEPTED, render_replayed(&replayed)))
}

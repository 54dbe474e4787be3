//! One attempt is read, and what it recorded dropped.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::TAG;
use super::model::{AttemptOut, MessageAttemptOut};
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::path::{AttemptPath, Path};
use crate::api::problem::Problem;
use crate::api::status::ExpandedQuery;
use crate::context::Context;
use crate::service::attempts;

/// Gets an attempt
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}",
    operation_id = "message_attempt.get",
    tag = TAG,
    params(AttemptPath, ExpandedQuery),
    responses((status = 200, description = "The attempt.", body = MessageAttemptOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AttemptPath>,
) -> Result<Response, Problem> {
    let attempt = attempts::get(&context, identity, &path.app(), &path.message(), path.attempt()?).await?;
    Ok(answer::reply(StatusCode::OK, &AttemptOut::from(&attempt)))
}

/// Drops what an attempt recorded of the answer
///
/// Its body and headers, for good. That it happened stays on record.
#[utoipa::path(
    delete,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content",
    operation_id = "message_attempt.expunge_content",
    tag = TAG,
    params(AttemptPath),
    responses((status = 204, description = "The recorded answer is gone.")),
)]
pub(crate) async fn expunge(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AttemptPath>,
) -> Result<Response, Problem> {
    attempts::expunge(&context, identity, &path.app(), &path.message(), path.attempt()?).await?;
    Ok(answer::empty())
}

//! A delivery is sent again, or skipped.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ATTEMPT_TAG, TAG};
use crate::api::answer;
use crate::api::body::Raw;
use crate::api::caller::Caller;
use crate::api::path::{DeliveryPath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::deliveries;

/// Nothing, as an object.
#[derive(Debug, Serialize, ToSchema)]
struct EmptyResponse {}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "other answers are made from larger things")]
fn render((): &()) -> Bytes {
    answer::render(&EmptyResponse {})
}

/// Sends a message to an endpoint again
///
/// Now, and on from there by the schedule. An endpoint that did not get the message before gets it too.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend",
    operation_id = "message_attempt.resend",
    tag = ATTEMPT_TAG,
    params(DeliveryPath, Repeatable),
    responses((status = 202, description = "It is on its way.", body = EmptyResponse)),
)]
pub(crate) async fn resend(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<DeliveryPath>,
    repeatable: Repeatable,
    Raw { bytes: body, .. }: Raw,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &body, StatusCode::ACCEPTED, render);
    let (app, message, endpoint) = (path.app(), path.message(), path.endpoint());
    deliveries::resend(&context, caller.0, &app, &message, &endpoint, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render(&())))
}

/// Gives an unfinished delivery up
///
/// What waits behind it in its order goes on. 404 when it is finished already.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/skip",
    operation_id = "delivery.skip",
    tag = TAG,
    params(DeliveryPath),
    responses((status = 204, description = "It is canceled.")),
)]
pub(crate) async fn skip(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<DeliveryPath>,
) -> Result<Response, Problem> {
    deliveries::skip(&context, identity, &path.app(), &path.message(), &path.endpoint()).await?;
    Ok(answer::empty())
}

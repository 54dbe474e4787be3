//! Whether a message would go anywhere.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{AppPath, Path};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::messages;

/// A message that might be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessagePrecheckIn {
    /// The name of its event type.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$", example = "invoice.paid")]
    event_type: String,
    /// Its channels, at most 10.
    channels: Option<Vec<String>>,
}

/// Whether it would go anywhere.
#[derive(Debug, Serialize, ToSchema)]
struct MessagePrecheckOut {
    /// Whether an endpoint would get it.
    active: bool,
}

/// Asks whether any endpoint wants such a message
///
/// For callers to whom making the payload is costly.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/msg/precheck/active",
    operation_id = "message.precheck",
    tag = TAG,
    params(AppPath),
    request_body = MessagePrecheckIn,
    responses((status = 200, description = "The answer.", body = MessagePrecheckOut)),
)]
pub(crate) async fn precheck(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Json { value, .. }: Json<MessagePrecheckIn>,
) -> Result<Response, Problem> {
    let channels = value.channels.unwrap_or_default();
    let active = messages::precheck(&context, identity, &path.app(), &value.event_type, &channels).await?;
    Ok(answer::reply(StatusCode::OK, &MessagePrecheckOut { active }))
}

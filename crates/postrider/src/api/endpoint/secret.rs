//! An endpoint's signing key is read and replaced.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::secret::SigningKey;
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
use crate::service::endpoints::{self, Rotation};

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
struct EndpointSecretOut {
    /// The key: `whsec_` and base64 (HMAC-SHA256), or `whsk_` and base64 (Ed25519).
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    key: String,
}

/// How a signing key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EndpointSecretRotateIn {
    /// The new key; without one, a new key of the same kind is made.
    key: Option<String>,
    /// Seconds that the key before still signs, beside the new one; 0 stops it at once.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    grace_period_seconds: Option<u64>,
}

fn render(key: &SigningKey) -> Bytes {
    answer::render(&EndpointSecretOut { key: key.expose() })
}

/// Gets an endpoint's signing key
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret",
    operation_id = "endpoint.get_secret",
    tag = TAG,
    params(EndpointPath),
    responses((status = 200, description = "The current key.", body = EndpointSecretOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
) -> Result<Response, Problem> {
    let key = endpoints::secret(&context, identity, &path.app(), &path.endpoint()).await?;
    Ok(answer::json(StatusCode::OK, render(&key)))
}

/// Replaces an endpoint's signing key
///
/// During the grace period both keys sign, so that receivers can change over without losing a message.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate",
    operation_id = "endpoint.rotate_secret",
    tag = TAG,
    params(EndpointPath, Repeatable),
    request_body = EndpointSecretRotateIn,
    responses((status = 200, description = "The new key.", body = EndpointSecretOut)),
)]
pub(crate) async fn rotate(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<EndpointSecretRotateIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::OK, render);
    let rotation = Rotation { key: value.key, grace_seconds: value.grace_period_seconds };
    let (app, endpoint) = (path.app(), path.endpoint());
    let key = endpoints::rotate_secret(&context, caller.0, &app, &endpoint, rotation, once).await?;
    Ok(answer::json(StatusCode::OK, render(&key)))
}

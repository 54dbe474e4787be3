//! The signing key of a source's endpoint is read and replaced.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::secret::SigningKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ENDPOINT;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{Path, SourceEndpointPath};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::endpoints::{self, Rotation};

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
struct IngestEndpointSecretOut {
    /// The key: `whsec_` and base64 (HMAC-SHA256), or `whsk_` and base64 (Ed25519).
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    key: String,
}

/// How a signing key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IngestEndpointSecretIn {
    /// The new key; without one, a new key of the same kind is made.
    key: Option<String>,
    /// Seconds that the key before still signs, beside the new one; 0 stops it at once.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    grace_period_seconds: Option<u64>,
}

fn render(key: &SigningKey) -> Bytes {
    answer::render(&IngestEndpointSecretOut { key: key.expose() })
}

/// Gets the signing key of a source's endpoint
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/secret",
    operation_id = "ingest_endpoint.get_secret",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    responses((status = 200, description = "The current key.", body = IngestEndpointSecretOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    let key = endpoints::secret(&context, identity, &path.source(), &path.endpoint()).await?;
    Ok(answer::json(StatusCode::OK, render(&key)))
}

/// Replaces the signing key of a source's endpoint
///
/// During the grace period both keys sign, so that receivers can change over without losing a message.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/secret/rotate",
    operation_id = "ingest_endpoint.rotate_secret",
    tag = ENDPOINT,
    params(SourceEndpointPath, Repeatable),
    request_body = IngestEndpointSecretIn,
    responses((status = 200, description = "The new key.", body = IngestEndpointSecretOut)),
)]
pub(crate) async fn rotate(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<IngestEndpointSecretIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::OK, render);
    let rotation = Rotation { key: value.key, grace_seconds: value.grace_period_seconds };
    let (source, endpoint) = (path.source(), path.endpoint());
    let key = endpoints::rotate_secret(&context, caller.0, &source, &endpoint, rotation, once).await?;
    Ok(answer::json(StatusCode::OK, render(&key)))
}

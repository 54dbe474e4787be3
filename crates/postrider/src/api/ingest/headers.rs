//! The custom headers of a source's endpoint.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::headers::is_sensitive;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ENDPOINT;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{Path, SourceEndpointPath};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::endpoints;

/// Headers sent with every attempt.
#[derive(Debug, Serialize, ToSchema)]
struct IngestEndpointHeadersOut<'a> {
    /// Values by name.
    headers: BTreeMap<&'a str, &'a str>,
    /// Names of headers whose values are set and not shown, such as `authorization`.
    sensitive: Vec<&'a str>,
}

/// Headers to be sent with every attempt.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct IngestEndpointHeadersIn {
    /// Values by name, at most 32 and 8 KiB in all. They come over those that were received. `content-type`, and what
    /// frames or signs the request, cannot be set.
    #[schema(example = json!({"x-tenant": "42"}))]
    headers: BTreeMap<String, String>,
}

/// Gets the headers of a source's endpoint
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/headers",
    operation_id = "ingest_endpoint.get_headers",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    responses((status = 200, description = "Headers sent with every attempt.", body = IngestEndpointHeadersOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::get(&context, identity, &path.source(), &path.endpoint()).await?;
    let (sensitive, plain): (Vec<_>, Vec<_>) =
        endpoint.headers.iter().partition(|(name, _)| is_sensitive(name));
    let out = IngestEndpointHeadersOut {
        headers: plain.into_iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        sensitive: sensitive.into_iter().map(|(name, _)| name.as_str()).collect(),
    };
    Ok(answer::reply(StatusCode::OK, &out))
}

/// Replaces the headers of a source's endpoint
#[utoipa::path(
    put,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/headers",
    operation_id = "ingest_endpoint.set_headers",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    request_body = IngestEndpointHeadersIn,
    responses((status = 204, description = "They are replaced.")),
)]
pub(crate) async fn set(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
    Json { value, .. }: Json<IngestEndpointHeadersIn>,
) -> Result<Response, Problem> {
    let (source, endpoint) = (path.source(), path.endpoint());
    endpoints::set_headers(&context, identity, &source, &endpoint, &value.headers).await?;
    Ok(answer::empty())
}

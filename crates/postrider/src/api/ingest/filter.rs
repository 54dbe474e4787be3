//! Which requests a source's endpoint gets.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::FILTER;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{Path, SourceEndpointPath};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::sources;

/// Which requests an endpoint gets.
#[derive(Debug, Serialize, ToSchema)]
struct IngestEndpointFilterOut {
    /// The rule; null when the endpoint gets everything.
    #[schema(value_type = Option<Object>)]
    filter: Option<Value>,
}

/// Which requests an endpoint is to get.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct IngestEndpointFilterIn {
    /// A rule: `{"all": [rules]}`, `{"any": [rules]}`, `{"not": rule}`, or a match, which has a `value`
    /// (`payload.PATH`, `header.NAME`, `query.NAME`, `form.NAME`, `method`, `remote` or `body`) and one operator:
    /// `equals`, `notEquals`, `in`, `matches`, `contains`, `startsWith`, `endsWith`, `exists`, `inNetworks`, `above`,
    /// `atLeast`, `below` or `atMost`. At most 16 KiB, 10 levels and 100 matches.
    #[schema(value_type = Object, example = json!({"all": [
        {"value": "header.x-github-event", "equals": "push"},
        {"value": "payload.ref", "in": ["refs/heads/main", "refs/heads/release"]}
    ]}))]
    filter: Value,
}

/// Gets the filter of a source's endpoint
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/filter",
    operation_id = "ingest_endpoint_filter.get",
    tag = FILTER,
    params(SourceEndpointPath),
    responses((status = 200, description = "The filter.", body = IngestEndpointFilterOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    let filter = sources::filter(&context, identity, &path.source(), &path.endpoint()).await?;
    Ok(answer::reply(StatusCode::OK, &IngestEndpointFilterOut { filter }))
}

/// Sets the filter of a source's endpoint
///
/// It holds for what is received from then on.
#[utoipa::path(
    put,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/filter",
    operation_id = "ingest_endpoint_filter.set",
    tag = FILTER,
    params(SourceEndpointPath),
    request_body = IngestEndpointFilterIn,
    responses((status = 204, description = "It is set.")),
)]
pub(crate) async fn set(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
    Json { value, .. }: Json<IngestEndpointFilterIn>,
) -> Result<Response, Problem> {
    sources::set_filter(&context, identity, &path.source(), &path.endpoint(), Some(value.filter)).await?;
    Ok(answer::empty())
}

/// Deletes the filter of a source's endpoint
///
/// The endpoint gets everything from then on.
#[utoipa::path(
    delete,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/filter",
    operation_id = "ingest_endpoint_filter.delete",
    tag = FILTER,
    params(SourceEndpointPath),
    responses((status = 204, description = "It is deleted.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    sources::set_filter(&context, identity, &path.source(), &path.endpoint(), None).await?;
    Ok(answer::empty())
}

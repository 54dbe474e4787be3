//! The code that is kept for a source's endpoint.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TRANSFORMATION;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::patch::present;
use crate::api::path::{Path, SourceEndpointPath};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::sources::{self, TransformationChanges};

/// Code for an endpoint.
#[derive(Debug, Serialize, ToSchema)]
struct IngestEndpointTransformationOut {
    /// The program; null when there is none.
    code: Option<String>,
    /// Whether it is to run, once there is something that runs it.
    enabled: bool,
    /// Values for it, by name.
    variables: BTreeMap<String, String>,
}

/// Changes to an endpoint's code; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct IngestEndpointTransformationPatch {
    /// The program, at most 50 KiB; null takes it away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    code: Option<Option<String>>,
    /// Whether it is to run.
    enabled: Option<bool>,
    /// Values for it by name, at most 16 KiB; they replace those before.
    variables: Option<BTreeMap<String, String>>,
}

/// Gets the code that is kept for a source's endpoint
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/transformation",
    operation_id = "ingest_endpoint_transformation.get",
    tag = TRANSFORMATION,
    params(SourceEndpointPath),
    responses((status = 200, description = "The code.", body = IngestEndpointTransformationOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    let kept = sources::transformation(&context, identity, &path.source(), &path.endpoint()).await?;
    let out =
        IngestEndpointTransformationOut { code: kept.code, enabled: kept.enabled, variables: kept.variables };
    Ok(answer::reply(StatusCode::OK, &out))
}

/// Changes the code that is kept for a source's endpoint
///
/// Nothing runs it yet.
#[utoipa::path(
    patch,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}/transformation",
    operation_id = "ingest_endpoint_transformation.patch",
    tag = TRANSFORMATION,
    params(SourceEndpointPath),
    request_body = IngestEndpointTransformationPatch,
    responses((status = 204, description = "It is changed.")),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
    Json { value, .. }: Json<IngestEndpointTransformationPatch>,
) -> Result<Response, Problem> {
    let IngestEndpointTransformationPatch { code, enabled, variables } = value;
    let changes = TransformationChanges { code, enabled, variables };
    sources::change_transformation(&context, identity, &path.source(), &path.endpoint(), changes).await?;
    Ok(answer::empty())
}

//! Endpoints are made, changed and deleted.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::endpoint::Endpoint;

use super::TAG;
use super::model::{EndpointIn, EndpointOut, EndpointPatch};
use crate::api::answer::{self, ensured};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{AppPath, EndpointPath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::endpoints;

fn render(endpoint: &Endpoint) -> Bytes {
    answer::render(&EndpointOut::from(endpoint))
}

/// Makes an endpoint
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint",
    operation_id = "endpoint.create",
    tag = TAG,
    params(AppPath, Repeatable),
    request_body = EndpointIn,
    responses((status = 201, description = "The new endpoint.", body = EndpointOut)),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<EndpointIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::CREATED, render);
    let endpoint = endpoints::create(&context, caller.0, &path.app(), value.into(), once).await?;
    Ok(answer::json(StatusCode::CREATED, render(&endpoint)))
}

/// Replaces an endpoint, or makes it
///
/// What the body cannot say in older clients stays as it is where it says nothing: `uid`, `headers`, `secret`,
/// `ordering`, `timeoutSeconds` and `retrySchedule`.
#[utoipa::path(
    put,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    operation_id = "endpoint.upsert",
    tag = TAG,
    params(EndpointPath),
    request_body = EndpointIn,
    responses(
        (status = 200, description = "The changed endpoint.", body = EndpointOut),
        (status = 201, description = "The new endpoint.", body = EndpointOut),
    ),
)]
pub(crate) async fn upsert(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Json { value, .. }: Json<EndpointIn>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::upsert(&context, identity, &path.app(), &path.endpoint(), value.into()).await?;
    Ok(ensured(&endpoint, render))
}

/// Changes an endpoint
#[utoipa::path(
    patch,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    operation_id = "endpoint.patch",
    tag = TAG,
    params(EndpointPath),
    request_body = EndpointPatch,
    responses((status = 200, description = "The changed endpoint.", body = EndpointOut)),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Json { value, .. }: Json<EndpointPatch>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::change(&context, identity, &path.app(), &path.endpoint(), value.into()).await?;
    Ok(answer::json(StatusCode::OK, render(&endpoint)))
}

/// Deletes an endpoint
///
/// What waits for it is canceled. Its `uid` is free at once.
#[utoipa::path(
    delete,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    operation_id = "endpoint.delete",
    tag = TAG,
    params(EndpointPath),
    responses((status = 204, description = "It is deleted.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
) -> Result<Response, Problem> {
    endpoints::delete(&context, identity, &path.app(), &path.endpoint()).await?;
    Ok(answer::empty())
}

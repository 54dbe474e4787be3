//! Endpoints of sources are listed, read, made, changed and deleted.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::endpoint::Endpoint;

use super::ENDPOINT;
use super::model::{IngestEndpointIn, IngestEndpointOut, IngestEndpointUpsertIn};
use crate::api::answer::{self, ensured};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{Path, SourceEndpointPath, SourcePath};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::endpoints;

fn render(endpoint: &Endpoint) -> Bytes {
    answer::render(&IngestEndpointOut::from(endpoint))
}

/// Lists endpoints of a source
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint",
    operation_id = "ingest_endpoint.list",
    tag = ENDPOINT,
    params(SourcePath, PageQuery),
    responses((status = 200, description = "One page of endpoints.", body = PageOut<IngestEndpointOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = endpoints::list(&context, identity, &path.source(), page.clone()).await?;
    let write = |endpoint: &_, out: &mut _| answer::write(&IngestEndpointOut::from(endpoint), out);
    Ok(page::list(&page, &listed, |endpoint| endpoint.id, write))
}

/// Makes an endpoint of a source
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/endpoint",
    operation_id = "ingest_endpoint.create",
    tag = ENDPOINT,
    params(SourcePath, Repeatable),
    request_body = IngestEndpointIn,
    responses((status = 201, description = "The new endpoint.", body = IngestEndpointOut)),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<IngestEndpointIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::CREATED, render);
    let endpoint = endpoints::create(&context, caller.0, &path.source(), value.into(), once).await?;
    Ok(answer::json(StatusCode::CREATED, render(&endpoint)))
}

/// Gets an endpoint of a source
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}",
    operation_id = "ingest_endpoint.get",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    responses((status = 200, description = "The endpoint.", body = IngestEndpointOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::get(&context, identity, &path.source(), &path.endpoint()).await?;
    Ok(answer::json(StatusCode::OK, render(&endpoint)))
}

/// Replaces an endpoint of a source, or makes it
///
/// Its signing key and headers stay, and its `uid` if the body has none.
#[utoipa::path(
    put,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}",
    operation_id = "ingest_endpoint.upsert",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    request_body = IngestEndpointUpsertIn,
    responses(
        (status = 200, description = "The changed endpoint.", body = IngestEndpointOut),
        (status = 201, description = "The new endpoint.", body = IngestEndpointOut),
    ),
)]
pub(crate) async fn upsert(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
    Json { value, .. }: Json<IngestEndpointUpsertIn>,
) -> Result<Response, Problem> {
    let (source, endpoint) = (path.source(), path.endpoint());
    let endpoint = endpoints::upsert(&context, identity, &source, &endpoint, value.into()).await?;
    Ok(ensured(&endpoint, render))
}

/// Deletes an endpoint of a source
///
/// What waits for it is canceled. Its `uid` is free at once.
#[utoipa::path(
    delete,
    path = "/ingest/api/v1/source/{source_id}/endpoint/{endpoint_id}",
    operation_id = "ingest_endpoint.delete",
    tag = ENDPOINT,
    params(SourceEndpointPath),
    responses((status = 204, description = "It is deleted.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourceEndpointPath>,
) -> Result<Response, Problem> {
    endpoints::delete(&context, identity, &path.source(), &path.endpoint()).await?;
    Ok(answer::empty())
}

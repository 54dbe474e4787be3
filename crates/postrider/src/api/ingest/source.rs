//! Sources are listed, read, made, changed and deleted.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use super::SOURCE;
use super::model::{IngestSourceIn, IngestSourceOut, RotateTokenOut};
use crate::api::answer::{self, ensured};
use crate::api::body::{Json, Raw};
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{Path, SourcePath};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::sources::{self, Addressed};

fn render(source: &Addressed) -> Bytes {
    answer::render(&IngestSourceOut::from(source))
}

/// Lists sources
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source",
    operation_id = "ingest_source.list",
    tag = SOURCE,
    params(PageQuery),
    responses((status = 200, description = "One page of sources.", body = PageOut<IngestSourceOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = sources::list(&context, identity, page.clone()).await?;
    let write = |source: &_, out: &mut _| answer::write(&IngestSourceOut::from(source), out);
    Ok(page::list(&page, &listed, |addressed| addressed.source.id, write))
}

/// Makes a source
///
/// The answer has the address that the provider is told.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source",
    operation_id = "ingest_source.create",
    tag = SOURCE,
    params(Repeatable),
    request_body = IngestSourceIn,
    responses((status = 201, description = "The new source.", body = IngestSourceOut)),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<IngestSourceIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::CREATED, render);
    let source = sources::create(&context, caller.0, value.into(), once).await?;
    Ok(answer::json(StatusCode::CREATED, render(&source)))
}

/// Gets a source
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}",
    operation_id = "ingest_source.get",
    tag = SOURCE,
    params(SourcePath),
    responses((status = 200, description = "The source.", body = IngestSourceOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
) -> Result<Response, Problem> {
    let source = sources::get(&context, identity, &path.source()).await?;
    Ok(answer::json(StatusCode::OK, render(&source)))
}

/// Replaces a source, or makes it
///
/// Its address stays, and its `uid` if the body has none. Its configuration is the new one alone, secrets included.
#[utoipa::path(
    put,
    path = "/ingest/api/v1/source/{source_id}",
    operation_id = "ingest_source.upsert",
    tag = SOURCE,
    params(SourcePath),
    request_body = IngestSourceIn,
    responses(
        (status = 200, description = "The changed source.", body = IngestSourceOut),
        (status = 201, description = "The new source.", body = IngestSourceOut),
    ),
)]
pub(crate) async fn upsert(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    Json { value, .. }: Json<IngestSourceIn>,
) -> Result<Response, Problem> {
    let source = sources::upsert(&context, identity, &path.source(), value.into()).await?;
    Ok(ensured(&source, render))
}

/// Deletes a source
///
/// With its endpoints and messages. Its address leads nowhere at once.
#[utoipa::path(
    delete,
    path = "/ingest/api/v1/source/{source_id}",
    operation_id = "ingest_source.delete",
    tag = SOURCE,
    params(SourcePath),
    responses((status = 204, description = "It is deleted.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
) -> Result<Response, Problem> {
    sources::delete(&context, identity, &path.source()).await?;
    Ok(answer::empty())
}

/// Gives a source a new address
///
/// The one before is good for 48 hours more, so that the provider can be told in time.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/token/rotate",
    operation_id = "ingest_source.rotate_token",
    tag = SOURCE,
    params(SourcePath, Repeatable),
    responses((status = 200, description = "The new address.", body = RotateTokenOut)),
)]
pub(crate) async fn rotate_token(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    repeatable: Repeatable,
    Raw { bytes: body, .. }: Raw,
) -> Result<Response, Problem> {
    let render = |source: &Addressed| answer::render(&RotateTokenOut::from(source));
    let once = repeatable.once(caller, &body, StatusCode::OK, render);
    let source = sources::rotate_token(&context, caller.0, &path.source(), once).await?;
    Ok(answer::json(StatusCode::OK, render(&source)))
}

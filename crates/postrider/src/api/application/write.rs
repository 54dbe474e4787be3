//! Applications are made, changed and deleted.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::app::App;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApplicationIn, ApplicationOut, ApplicationPatch, TAG};
use crate::api::answer::{self, ensured};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{AppPath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::apps;

/// How to make an application.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct CreateQuery {
    /// Give the application that has the `uid`, if there is one, with status 200 instead of 409.
    get_if_exists: bool,
}

fn render(app: &App) -> Bytes {
    answer::render(&ApplicationOut::from(app))
}

/// Makes an application
#[utoipa::path(
    post,
    path = "/api/v1/app",
    operation_id = "application.create",
    tag = TAG,
    params(CreateQuery, Repeatable),
    request_body = ApplicationIn,
    responses(
        (status = 201, description = "The new application.", body = ApplicationOut),
        (status = 200, description = "The application that was there, with `get_if_exists`.", body = ApplicationOut),
    ),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    Query(query): Query<CreateQuery>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ApplicationIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::CREATED, render);
    if query.get_if_exists {
        let app = apps::get_or_create(&context, caller.0, value.into(), once).await?;
        return Ok(ensured(&app, render));
    }
    let app = apps::create(&context, caller.0, value.into(), once).await?;
    Ok(answer::json(StatusCode::CREATED, render(&app)))
}

/// Replaces an application, or makes it
///
/// The application keeps its `uid` if the body has none.
#[utoipa::path(
    put,
    path = "/api/v1/app/{app_id}",
    operation_id = "application.upsert",
    tag = TAG,
    params(AppPath),
    request_body = ApplicationIn,
    responses(
        (status = 200, description = "The changed application.", body = ApplicationOut),
        (status = 201, description = "The new application.", body = ApplicationOut),
    ),
)]
pub(crate) async fn upsert(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Json { value, .. }: Json<ApplicationIn>,
) -> Result<Response, Problem> {
    let app = apps::upsert(&context, identity, &path.app(), value.into()).await?;
    Ok(ensured(&app, render))
}

/// Changes an application
#[utoipa::path(
    patch,
    path = "/api/v1/app/{app_id}",
    operation_id = "application.patch",
    tag = TAG,
    params(AppPath),
    request_body = ApplicationPatch,
    responses((status = 200, description = "The changed application.", body = ApplicationOut)),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Json { value, .. }: Json<ApplicationPatch>,
) -> Result<Response, Problem> {
    let app = apps::change(&context, identity, &path.app(), value.into()).await?;
    Ok(answer::json(StatusCode::OK, render(&app)))
}

/// Deletes an application
///
/// With its endpoints, messages and attempts. Its `uid` is free at once.
#[utoipa::path(
    delete,
    path = "/api/v1/app/{app_id}",
    operation_id = "application.delete",
    tag = TAG,
    params(AppPath),
    responses((status = 204, description = "It is deleted.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
) -> Result<Response, Problem> {
    apps::delete(&context, identity, &path.app()).await?;
    Ok(answer::empty())
}

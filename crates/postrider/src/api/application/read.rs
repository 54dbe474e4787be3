//! Applications are listed and read.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_store::AppFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApplicationOut, TAG};
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{AppPath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::apps;

/// Which applications to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Leave out applications that have no endpoints.
    exclude_apps_with_no_endpoints: bool,
    /// Leave out applications all of whose endpoints are disabled.
    exclude_apps_with_disabled_endpoints: bool,
    /// Accepted for compatibility; there are no such endpoints here.
    exclude_apps_with_svix_play_endpoints: bool,
}

/// Lists applications
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/app",
    operation_id = "application.list",
    tag = TAG,
    params(PageQuery, ListQuery),
    responses((status = 200, description = "One page of applications.", body = PageOut<ApplicationOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let filter = AppFilter {
        with_endpoints: query.exclude_apps_with_no_endpoints,
        with_enabled_endpoints: query.exclude_apps_with_disabled_endpoints,
    };
    let listed = apps::list(&context, identity, filter, page.clone()).await?;
    Ok(page::list(&page, &listed, |app| app.id, |app, out| answer::write(&ApplicationOut::from(app), out)))
}

/// Gets an application
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}",
    operation_id = "application.get",
    tag = TAG,
    params(AppPath),
    responses((status = 200, description = "The application.", body = ApplicationOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
) -> Result<Response, Problem> {
    let app = apps::get(&context, identity, &path.app()).await?;
    Ok(answer::reply(StatusCode::OK, &ApplicationOut::from(&app)))
}

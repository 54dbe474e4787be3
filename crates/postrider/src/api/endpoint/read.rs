//! Endpoints are listed, read and counted.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{EndpointOut, TAG};
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{AppPath, EndpointPath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::endpoints;

/// What is counted when the caller does not say.
const STATS: Duration = Duration::from_secs(28 * 24 * 3_600);

/// Lists endpoints
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint",
    operation_id = "endpoint.list",
    tag = TAG,
    params(AppPath, PageQuery),
    responses((status = 200, description = "One page of endpoints.", body = PageOut<EndpointOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = endpoints::list(&context, identity, &path.app(), page.clone()).await?;
    let write = |endpoint: &_, out: &mut _| answer::write(&EndpointOut::from(endpoint), out);
    Ok(page::list(&page, &listed, |endpoint| endpoint.id, write))
}

/// Gets an endpoint
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    operation_id = "endpoint.get",
    tag = TAG,
    params(EndpointPath),
    responses((status = 200, description = "The endpoint.", body = EndpointOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::get(&context, identity, &path.app(), &path.endpoint()).await?;
    Ok(answer::reply(StatusCode::OK, &EndpointOut::from(&endpoint)))
}

/// Which deliveries to count.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct StatsQuery {
    /// Of messages accepted from this time; 28 days ago when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Of messages accepted before this time; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// How many of an endpoint's deliveries stand where.
#[derive(Debug, Serialize, ToSchema)]
struct EndpointStats {
    /// Arrived.
    success: u64,
    /// Waiting for an attempt.
    pending: u64,
    /// Being sent.
    sending: u64,
    /// Given up.
    fail: u64,
    /// Skipped, or never to be sent.
    canceled: u64,
}

/// Counts an endpoint's deliveries
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats",
    operation_id = "endpoint.get_stats",
    tag = TAG,
    params(EndpointPath, StatsQuery),
    responses((status = 200, description = "How many stand where.", body = EndpointStats)),
)]
pub(crate) async fn stats(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Query(query): Query<StatsQuery>,
) -> Result<Response, Problem> {
    let until = query.until.unwrap_or_else(|| context.now());
    let since = query.since.unwrap_or_else(|| until.before(STATS));
    if until < since {
        return Err(Problem::refused("query", "until", "value_error", "must not be before `since`"));
    }
    let stats = endpoints::stats(&context, identity, &path.app(), &path.endpoint(), (since, until)).await?;
    let stats = EndpointStats {
        success: stats.succeeded,
        pending: stats.pending,
        sending: stats.sending,
        fail: stats.failed,
        canceled: stats.canceled,
    };
    Ok(answer::reply(StatusCode::OK, &stats))
}

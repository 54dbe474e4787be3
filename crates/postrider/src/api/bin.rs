//! Request bins: made, listed and removed with a key. What comes to them is on their pages.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::rights::Right;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::caller::Caller;
use super::path::Path;
use super::problem::Problem;
use crate::context::Context;
use crate::service::access;
use crate::service::bins::{CreateError, Created, Listed};

const TAG: &str = "Bin";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(delete))
}

/// A bin of the caller's environment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct BinPath {
    /// The bin's name.
    bin_name: String,
}

/// A new bin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewBinOut<'a> {
    /// Its name, which is random.
    name: &'a str,
    /// Where requests are sent to; anything may follow it.
    #[schema(example = "https://hooks.example.com/bin/2fJ0mJx9Q1yqQz4b3v6X8A")]
    url: String,
    /// What reads the bin, as `Authorization: Bearer …`. It is shown only here.
    view_key: &'a str,
    /// The page, with the key in its fragment.
    view_url: String,
    /// When the bin goes, with all that is in it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A bin, without what reads it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BinOut<'a> {
    /// Its name.
    name: &'a str,
    /// Where requests are sent to.
    url: String,
    /// Requests in it.
    requests: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it goes.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The bins of an environment.
#[derive(Debug, Serialize, ToSchema)]
struct BinsOut<'a> {
    /// Oldest first.
    data: Vec<BinOut<'a>>,
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let (code, detail) = match error {
            CreateError::Off => (
                "bins_disabled",
                "Bins are switched off on this server: `bins.enabled` in its configuration.",
            ),
            CreateError::Full => {
                ("too_many_bins", "There are as many bins as there may be: `bins.max` in the configuration.")
            }
        };
        Self::plain(StatusCode::CONFLICT, code, detail)
    }
}

fn url(context: &Context, name: &str) -> String {
    format!("{}/bin/{name}", context.public_url())
}

fn bin_out<'a>(context: &Context, listed: &'a Listed) -> BinOut<'a> {
    let Listed { name, requests, created_at, expires_at } = listed;
    let url = url(context, name);
    BinOut { name, url, requests: *requests, created_at: *created_at, expires_at: *expires_at }
}

/// Lists bins
///
/// Those that keys of the environment have made, on the node that answers.
#[utoipa::path(
    get,
    path = "/api/v1/bin",
    operation_id = "bin.list",
    tag = TAG,
    responses((status = 200, description = "The bins.", body = BinsOut)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let scope = identity.environment(Right::Read).map_err(access::Error::from)?;
    let listed = context.bins.list(scope);
    let data = listed.iter().map(|listed| bin_out(&context, listed)).collect();
    Ok(answer::reply(StatusCode::OK, &BinsOut { data }))
}

/// Makes a bin
///
/// A receiver in the server itself, for trying webhooks out. Who knows its name can send to it; reading takes the view
/// key. It is in the memory of the node that answers, and needs `bins.enabled` in the configuration.
#[utoipa::path(
    post,
    path = "/api/v1/bin",
    operation_id = "bin.create",
    tag = TAG,
    responses(
        (status = 201, description = "The new bin with its view key.", body = NewBinOut),
        (status = 409, description = "Bins are switched off, or there are as many as there may be.",
            body = super::problem::PlainBody),
    ),
)]
pub(crate) async fn create(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let scope = identity.environment(Right::Manage).map_err(access::Error::from)?;
    let created = context.bins.create(scope)?;
    let Created { name, view_key, expires_at } = &created;
    let url = url(&context, name);
    let view_url = format!("{url}#key={view_key}");
    let out = NewBinOut { name, view_url, url, view_key, expires_at: *expires_at };
    Ok(answer::reply(StatusCode::CREATED, &out))
}

/// Removes a bin
///
/// With all that is in it, and the links to it.
#[utoipa::path(
    delete,
    path = "/api/v1/bin/{bin_name}",
    operation_id = "bin.delete",
    tag = TAG,
    params(BinPath),
    responses((status = 204, description = "It is removed.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<BinPath>,
) -> Result<Response, Problem> {
    let scope = identity.environment(Right::Manage).map_err(access::Error::from)?;
    if context.bins.remove(scope, &path.bin_name) {
        Ok(answer::empty())
    } else {
        Err(Problem::not_found("There is no such bin."))
    }
}

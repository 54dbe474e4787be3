//! A link to look at a source without a key.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SOURCE;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{Path, SourcePath};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::sources::{self, GivenOut};

/// How long the link lasts.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IngestSourceConsumerPortalAccessIn {
    /// Seconds; a week unless it is given.
    #[schema(minimum = 3_600, maximum = 604_800, default = 604_800)]
    expiry: Option<u64>,
    /// Taken and without effect: links only ever show.
    #[serde(rename = "readOnly")]
    _read_only: Option<bool>,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
struct AppPortalAccessOut {
    /// The page, with the token behind `#`.
    #[schema(example = "https://hooks.example.com/source#key=prl_…")]
    url: String,
    /// The token.
    token: String,
}

fn render(link: GivenOut) -> Bytes {
    answer::render(&AppPortalAccessOut { url: link.url, token: link.token })
}

/// Makes a link to a source's page
///
/// The page shows what came to the source and what was refused, to whoever has the link and until it ends. It shows the
/// source's address and changes nothing.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/dashboard",
    operation_id = "ingest_authentication.consumer_portal_access",
    tag = SOURCE,
    params(SourcePath),
    request_body = IngestSourceConsumerPortalAccessIn,
    responses((status = 200, description = "The link.", body = AppPortalAccessOut)),
)]
pub(crate) async fn give_out(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    Json { value, .. }: Json<IngestSourceConsumerPortalAccessIn>,
) -> Result<Response, Problem> {
    let link = sources::give_out(&context, identity, &path.source(), value.expiry).await?;
    Ok(answer::json(StatusCode::OK, render(link)))
}

//! An endpoint's custom headers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::headers::is_sensitive;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TAG;
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{EndpointPath, Path};
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::endpoints::{self, HeaderChanges};

/// Headers sent with every attempt.
#[derive(Debug, Serialize, ToSchema)]
struct EndpointHeadersOut<'a> {
    /// Values by name.
    headers: BTreeMap<&'a str, &'a str>,
    /// Names of headers whose values are set and not shown, such as `authorization`.
    sensitive: Vec<&'a str>,
}

/// Headers to be sent with every attempt.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EndpointHeadersIn {
    /// Values by name, at most 32 and 8 KiB in all. `content-type`, and what frames or signs the request, cannot be
    /// set.
    #[schema(example = json!({"x-tenant": "42"}))]
    headers: BTreeMap<String, String>,
}

/// Changes to headers; those not named stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointHeadersPatchIn {
    /// New values by name; null removes a header.
    headers: BTreeMap<String, Option<String>>,
    /// Names of headers to remove.
    delete_headers: Option<Vec<String>>,
}

/// Gets an endpoint's headers
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
    operation_id = "endpoint.get_headers",
    tag = TAG,
    params(EndpointPath),
    responses((status = 200, description = "Headers sent with every attempt.", body = EndpointHeadersOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::get(&context, identity, &path.app(), &path.endpoint()).await?;
    let mut out = EndpointHeadersOut { headers: BTreeMap::new(), sensitive: Vec::new() };
    for (name, value) in &endpoint.headers {
        if is_sensitive(name) {
            out.sensitive.push(name);
        } else {
            out.headers.insert(name, value);
        }
    }
    Ok(answer::reply(StatusCode::OK, &out))
}

/// Replaces an endpoint's headers
#[utoipa::path(
    put,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
    operation_id = "endpoint.set_headers",
    tag = TAG,
    params(EndpointPath),
    request_body = EndpointHeadersIn,
    responses((status = 204, description = "They are replaced.")),
)]
pub(crate) async fn set(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Json { value, .. }: Json<EndpointHeadersIn>,
) -> Result<Response, Problem> {
    endpoints::set_headers(&context, identity, &path.app(), &path.endpoint(), &value.headers).await?;
    Ok(answer::empty())
}

/// Changes an endpoint's headers
#[utoipa::path(
    patch,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
    operation_id = "endpoint.patch_headers",
    tag = TAG,
    params(EndpointPath),
    request_body = EndpointHeadersPatchIn,
    responses((status = 204, description = "They are changed.")),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Json { value, .. }: Json<EndpointHeadersPatchIn>,
) -> Result<Response, Problem> {
    let changes = HeaderChanges { set: value.headers, delete: value.delete_headers.unwrap_or_default() };
    endpoints::change_headers(&context, identity, &path.app(), &path.endpoint(), &changes).await?;
    Ok(answer::empty())
}

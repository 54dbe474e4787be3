//! An example is sent to one endpoint.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::TAG;
use crate::api::body::Raw;
use crate::api::caller::{Caller, Holder};
use crate::api::message::{self, MessageOut};
use crate::api::path::{EndpointPath, Path};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::api::{answer, json};
use crate::context::Context;
use crate::service::endpoints::{self, Example};

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventExampleIn<'a> {
    /// The name of the event type. It must exist, unless a payload is given.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$", example = "invoice.paid")]
    event_type: String,
    /// Which of the `examples` in the newest schema of the event type, counted from 0. Where there is none, a small
    /// object is sent.
    #[schema(default = 0)]
    example_index: Option<usize>,
    /// What to send instead.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    payload: Option<&'a RawValue>,
}

/// Sends an example
///
/// To this endpoint alone, whatever it filters.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example",
    operation_id = "endpoint.send_example",
    tag = TAG,
    params(EndpointPath, Repeatable),
    request_body = EventExampleIn,
    responses((status = 202, description = "The message is on its way.", body = MessageOut)),
)]
pub(crate) async fn send(
    caller: Caller,
    holder: Holder,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    repeatable: Repeatable,
    Raw { bytes: body, .. }: Raw,
) -> Result<Response, Problem> {
    let asked: EventExampleIn<'_> = json::parse(&body)?;
    let payload = asked.payload.map(|payload| Bytes::copy_from_slice(payload.get().as_bytes()));
    let index = asked.example_index.unwrap_or_default();
    let example = Example { event_type: asked.event_type, index, payload };
    let remember = repeatable.remember(caller, &body);
    let (app, endpoint) = (path.app(), path.endpoint());
    let asking = (caller.0, &holder.sight());
    let message = endpoints::send_example(&context, asking, &app, &endpoint, example, remember).await?;
    Ok(answer::json(StatusCode::ACCEPTED, message::render(&message, true)))
}

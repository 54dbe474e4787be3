//! Event types are made, changed and deleted.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::event_type::EventType;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{EventTypeIn, EventTypeOut, EventTypePatch, EventTypeUpsertIn, TAG};
use crate::api::answer::{self, ensured};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{EventTypePath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::event_types;

/// How to delete an event type.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct DeleteQuery {
    /// Remove it for good instead of archiving it.
    expunge: bool,
}

fn render(event_type: &EventType) -> Bytes {
    answer::render(&EventTypeOut::new(event_type, true))
}

/// Makes an event type
///
/// One that was archived under the same name comes back.
#[utoipa::path(
    post,
    path = "/api/v1/event-type",
    operation_id = "event_type.create",
    tag = TAG,
    params(Repeatable),
    request_body = EventTypeIn,
    responses((status = 201, description = "The new event type.", body = EventTypeOut)),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<EventTypeIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::CREATED, render);
    let (name, changes) = value.split();
    let event_type = event_types::create(&context, caller.0, name, changes, once).await?;
    Ok(answer::json(StatusCode::CREATED, render(&event_type)))
}

/// Replaces an event type, or makes it
#[utoipa::path(
    put,
    path = "/api/v1/event-type/{event_type_name}",
    operation_id = "event_type.upsert",
    tag = TAG,
    params(EventTypePath),
    request_body = EventTypeUpsertIn,
    responses(
        (status = 200, description = "The changed event type.", body = EventTypeOut),
        (status = 201, description = "The new event type.", body = EventTypeOut),
    ),
)]
pub(crate) async fn upsert(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EventTypePath>,
    Json { value, .. }: Json<EventTypeUpsertIn>,
) -> Result<Response, Problem> {
    let event_type = event_types::upsert(&context, identity, path.event_type_name, value.into()).await?;
    Ok(ensured(&event_type, render))
}

/// Changes an event type
#[utoipa::path(
    patch,
    path = "/api/v1/event-type/{event_type_name}",
    operation_id = "event_type.patch",
    tag = TAG,
    params(EventTypePath),
    request_body = EventTypePatch,
    responses((status = 200, description = "The changed event type.", body = EventTypeOut)),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EventTypePath>,
    Json { value, .. }: Json<EventTypePatch>,
) -> Result<Response, Problem> {
    let event_type = event_types::change(&context, identity, &path.event_type_name, value.into()).await?;
    Ok(answer::json(StatusCode::OK, render(&event_type)))
}

/// Archives an event type
///
/// With `expunge` it is removed for good. Messages and endpoints keep its name either way.
#[utoipa::path(
    delete,
    path = "/api/v1/event-type/{event_type_name}",
    operation_id = "event_type.delete",
    tag = TAG,
    params(EventTypePath, DeleteQuery),
    responses((status = 204, description = "It is archived, or gone.")),
)]
pub(crate) async fn delete(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EventTypePath>,
    Query(query): Query<DeleteQuery>,
) -> Result<Response, Problem> {
    event_types::delete(&context, identity, &path.event_type_name, query.expunge).await?;
    Ok(answer::empty())
}

//! Event types are listed and read.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{EventTypeOut, TAG};
use crate::api::answer;
use crate::api::caller::{Caller, Holder};
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{EventTypePath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::event_types;

/// Which event types to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// List archived event types too.
    include_archived: bool,
    /// With their schemas.
    with_content: bool,
}

/// Lists event types
///
/// By name.
#[utoipa::path(
    get,
    path = "/api/v1/event-type",
    operation_id = "event_type.list",
    tag = TAG,
    params(PageQuery, ListQuery),
    responses((status = 200, description = "One page of event types.", body = PageOut<EventTypeOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    holder: Holder,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let page = page.page::<String>()?;
    let listed =
        event_types::list(&context, identity, &holder.sight(), query.include_archived, page.clone()).await?;
    Ok(page::list(
        &page,
        &listed,
        |event_type| event_type.name.clone(),
        |event_type, out| answer::write(&EventTypeOut::new(event_type, query.with_content), out),
    ))
}

/// Gets an event type
#[utoipa::path(
    get,
    path = "/api/v1/event-type/{event_type_name}",
    operation_id = "event_type.get",
    tag = TAG,
    params(EventTypePath),
    responses((status = 200, description = "The event type.", body = EventTypeOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    holder: Holder,
    State(context): State<Context>,
    Path(path): Path<EventTypePath>,
) -> Result<Response, Problem> {
    let event_type = event_types::get(&context, identity, &holder.sight(), &path.event_type_name).await?;
    Ok(answer::reply(StatusCode::OK, &EventTypeOut::new(&event_type, true)))
}

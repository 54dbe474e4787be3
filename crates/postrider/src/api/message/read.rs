//! Messages are listed and read, and their payloads dropped.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::time::Timestamp;
use postrider_store::MessageFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{MessageOut, TAG, render, write};
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{AppPath, MessagePath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::messages;

/// Which messages, deliveries or attempts to list, by their message.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct FilterQuery {
    /// On this channel.
    channel: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Of one of these event types.
    event_types: Vec<String>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
    /// After this time.
    #[param(value_type = Option<String>, format = DateTime)]
    after: Option<Timestamp>,
}

/// Whether answers have content.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentQuery {
    /// Whether payloads are shown.
    #[serde(default = "yes")]
    #[param(required = false, default = true)]
    with_content: bool,
}

const fn yes() -> bool {
    true
}

impl From<FilterQuery> for MessageFilter {
    fn from(query: FilterQuery) -> Self {
        let FilterQuery { channel, tag, event_types, before, after } = query;
        Self { channel, tag, event_types, before, after }
    }
}

/// Lists messages
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/msg",
    operation_id = "message.list",
    tag = TAG,
    params(AppPath, PageQuery, FilterQuery, ContentQuery),
    responses((status = 200, description = "One page of messages.", body = PageOut<MessageOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<FilterQuery>,
    Query(ContentQuery { with_content }): Query<ContentQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let app = path.app();
    let listed = messages::list(&context, identity, &app, filter.into(), page.clone(), with_content).await?;
    let write = |message: &_, out: &mut _| write(message, with_content, out);
    Ok(page::list(&page, &listed, |message| message.id, write))
}

/// Gets a message
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/msg/{msg_id}",
    operation_id = "message.get",
    tag = TAG,
    params(MessagePath, ContentQuery),
    responses((status = 200, description = "The message.", body = MessageOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<MessagePath>,
    Query(ContentQuery { with_content }): Query<ContentQuery>,
) -> Result<Response, Problem> {
    let message = messages::get(&context, identity, &path.app(), &path.message(), with_content).await?;
    Ok(answer::json(StatusCode::OK, render(&message, with_content)))
}

/// Drops a message's payload
///
/// For good. What is not yet delivered of it is canceled; what was done stays on record.
#[utoipa::path(
    delete,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/content",
    operation_id = "message.expunge_content",
    tag = TAG,
    params(MessagePath),
    responses((status = 204, description = "The payload is gone.")),
)]
pub(crate) async fn expunge(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<MessagePath>,
) -> Result<Response, Problem> {
    messages::expunge(&context, identity, &path.app(), &path.message()).await?;
    Ok(answer::empty())
}

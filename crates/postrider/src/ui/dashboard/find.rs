//! Where to go for what was typed: the thing with this id, or the list that a search finds.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use postrider_core::id::{AppId, EndpointId, IssueId, MessageId, TaskId};

use super::Shared;
use super::deliveries::owner;
use crate::context::Context;
use crate::service::search;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/find", get(find))
}

async fn find(visitor: SignedIn, State(context): State<Context>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let text =
        pairs.find(|(name, _)| name == "q").map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
    see(&place(&context, &visitor, &text).await)
}

/// The page of the thing with this id, if it is one and is found; else the search for it.
async fn place(context: &Context, visitor: &SignedIn, text: &str) -> String {
    let list = |place, rest: &str| format!("{}/{rest}", visitor.path(place));
    if let Ok(app) = text.parse::<AppId>() {
        return list(Place::Applications, &app.to_string());
    }
    if let Ok(issue) = text.parse::<IssueId>() {
        return list(Place::Issues, &issue.to_string());
    }
    if let Ok(task) = text.parse::<TaskId>() {
        return list(Place::Replays, &task.to_string());
    }
    if let Ok(message) = text.parse::<MessageId>() {
        if let Some(owner) = owner_of(context, visitor, &format!("message:{message}")).await {
            return list(Place::Messages, &format!("{owner}/{message}"));
        }
    } else if let Ok(endpoint) = text.parse::<EndpointId>()
        && let Some(owner) = owner_of(context, visitor, &format!("endpoint:{endpoint}")).await
    {
        return list(Place::Endpoints, &format!("{owner}/{endpoint}"));
    }
    let q: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("{}?q={q}", visitor.path(Place::Deliveries))
}

/// Whose the newest delivery is that the search finds.
async fn owner_of(context: &Context, visitor: &SignedIn, q: &str) -> Option<String> {
    let found = search::newest(context, visitor.identity(), q, 1).await.ok()?;
    found.rows.first().map(|hit| owner(&hit.app))
}

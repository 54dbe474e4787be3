//! All deliveries of the application, searched.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use postrider_core::query::{LastAttempt, Place as Row, Query, QueryError};
use postrider_store::{DeliveryHit, Edge, Page as Rows, Searched};

use super::Shared;
use super::customer::Customer;
use super::delivery;
use super::failure::Failure;
use super::frame::{Frame, Place};
use crate::context::Context;
use crate::service::search::{self, Timed};
use crate::ui::dashboard::query::{chips, field, searched};
use crate::ui::parts::{Kind, ago, clock, edited, older, pill, state};
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    Router::new().route(Place::Activity.path(), get(show))
}

/// What an address asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The search, as it was written.
    pub(super) q: String,
    /// Where the page begins; the newest where none is named.
    after: Option<Row>,
}

impl Asked {
    pub(super) fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => value.trim().clone_into(&mut asked.q),
                "after" => asked.after = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }
}

/// What was found, or what is wrong with the search.
pub(super) type Found = Result<Timed<Searched<DeliveryHit>>, QueryError>;

/// Searches; every row is also of what `within` says, in the language of the search.
pub(super) async fn find(
    context: &Context,
    customer: &Customer,
    asked: &Asked,
    within: &str,
) -> Result<Found, Failure> {
    let rows = Rows { limit: ROWS, edge: asked.after.map(Edge::After), order: None };
    // By itself first, so that what is wrong with it is told at its place.
    if let Err(error) = asked.q.parse::<Query>() {
        return Ok(Err(error));
    }
    let q = format!("{within} {}", asked.q);
    match search::deliveries(context, customer.identity(), q.trim(), rows, search::PATIENCE).await {
        Ok(found) => Ok(Ok(found)),
        Err(search::Error::Query(error)) => Ok(Err(error)),
        Err(search::Error::Access(error)) => Err(error.into()),
    }
}

async fn show(
    customer: Customer,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let found = find(&context, &customer, &asked, "").await?;
    let main = list(Place::Activity.path(), &asked, &found);
    Ok(Frame::new(&customer, Place::Activity).page(&main).into_response())
}

/// The search at `path`, and what it found.
pub(super) fn list(path: &str, asked: &Asked, found: &Found) -> Markup {
    let read: Option<Query> = asked.q.parse().ok();
    html! {
        (field(path, &asked.q, found.as_ref().err(), "Search, such as status:failed type:invoice.* since:2h"))
        div.stack.results {
            @if let Some(read) = &read { (chips(path, read)) }
            @if let Ok(Timed { found, took }) = found {
                @if found.rows.is_empty() { (empty(path, asked, found)) } @else { (rows(&found.rows)) }
                div.pages {
                    (searched(found.looked, found.reached, found.next.is_none(), *took))
                    @let next = found.next.map(|next| address(path, &asked.q, next));
                    (older(next.as_deref()))
                }
            }
        }
    }
}

fn rows(hits: &[DeliveryHit]) -> Markup {
    html! {
        table.things {
            thead { tr {
                th scope="col" { "State" } th scope="col" { "Event type, and where it goes" }
                th scope="col" { "Last answer" } th.number.off-small scope="col" { "Took" }
                th.number scope="col" { "Attempts" } th.number scope="col" { "Accepted" }
            } }
            tbody { @for hit in hits { (row(hit)) } }
        }
    }
}

fn row(hit: &DeliveryHit) -> Markup {
    let DeliveryHit { delivery, message, endpoint, last, .. } = hit;
    html! {
        tr {
            td.tight { (state(delivery.state, delivery.attempts)) }
            td.wide {
                a.row href=(delivery::path(message.id, endpoint.id)) { (visible(&message.event_type, false)) }
                span.sub { (visible(&endpoint.url, false)) @if endpoint.is_deleted { " (deleted)" } @if message.edited_of.is_some() { " " (edited()) } }
            }
            td.tight { @if let Some(last) = last { (outcome(last)) } }
            td.number.off-small { @if let Some(last) = last { (clock(last.latency)) } }
            td.number { span.visually-hidden { "attempts " } (delivery.attempts) }
            td.number { (ago(message.id.timestamp())) }
        }
    }
}

fn outcome(last: &LastAttempt) -> Markup {
    let kind = if last.succeeded { Kind::Good } else { Kind::Bad };
    match &last.failure {
        Some(failure) => html! { span title=(failure.sentence) { (pill(kind, failure.class.name())) } },
        None => pill(kind, &last.status_code.to_string()),
    }
}

fn empty(path: &str, asked: &Asked, found: &Searched<DeliveryHit>) -> Markup {
    html! {
        div.empty {
            @if found.next.is_some() {
                h2 { "Nothing so far" }
                p { "The search has not come to the end. Go on with older ones, or narrow it with " code { "since:" } "." }
            } @else if asked.q.is_empty() {
                h2 { "Nothing has been sent yet" }
                p { "Each event that goes to an endpoint shows here, with every attempt. To see one at once, send an example from an "
                    a href=(Place::Endpoints.path()) { "endpoint" } "'s page." }
            } @else {
                h2 { "Nothing matches" }
                p { "Take a term away by its chip above, or " a href=(path) { "show everything" } "." }
            }
        }
    }
}

fn address(path: &str, q: &str, after: Row) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    query.append_pair("after", &after.to_string());
    format!("{path}?{}", query.finish())
}

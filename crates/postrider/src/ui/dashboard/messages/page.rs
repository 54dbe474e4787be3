//! The page: the search with what it was read as, and the rows.

use maud::{Markup, html};
use postrider_core::query::{Place as Spot, Query, QueryError};
use postrider_core::rights::Right;
use postrider_core::saved::{List, SavedSearch};
use postrider_store::{MessageHit, Searched};

use super::Asked;
use crate::service::search::Timed;
use crate::ui::Page;
use crate::ui::dashboard::deliveries::{name, owner};
use crate::ui::dashboard::query::{self, searched};
use crate::ui::dashboard::saved;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::{ago, edited, fan_out, older};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// What was found, or what is wrong with the search.
type Found = Result<Timed<Searched<MessageHit>>, QueryError>;

/// The page.
pub(super) fn of(visitor: &SignedIn, asked: &Asked, found: &Found, saved: &[SavedSearch]) -> Page {
    let path = visitor.path(Place::Messages);
    let read: Option<Query> = asked.q.parse().ok();
    let content = html! {
        (query::field(&path, &asked.q, found.as_ref().err(), "Search messages, such as type:invoice.* tag:eu since:2h"))
        div.stack.results #results {
            (saved::links(visitor, saved, List::Messages, read.as_ref().map(|_| asked.q.as_str())))
            @if let Some(read) = &read { (query::chips(&path, read)) }
            @if let Ok(Timed { found, took }) = found {
                (searched(found.looked, found.reached, found.next.is_none(), *took))
                (rows(visitor, asked, found, &path))
                @let next = found.next.map(|next| address(&path, &asked.q, next));
                (older(next.as_deref()))
            }
        }
    };
    let actions = html! {
        @if visitor.identity().rights().has(Right::Publish) {
            a.button.primary href={ (path) "?publish" } { (icon(Icon::Send)) "Publish a test message" }
        }
    };
    Frame::new(visitor, Place::Messages).with_actions(actions).page(&content)
}

/// The list with this search, from `after` on.
fn address(path: &str, q: &str, after: Spot) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    query.append_pair("after", &after.to_string());
    format!("{path}?{}", query.finish())
}

fn rows(visitor: &SignedIn, asked: &Asked, found: &Searched<MessageHit>, path: &str) -> Markup {
    if found.rows.is_empty() {
        return empty(visitor, asked, found, path);
    }
    html! {
        table.things #rows {
            thead { tr {
                th scope="col" { "Event type, and whose it is" } th scope="col" { "Deliveries" }
                th.off-small scope="col" { "Event id" } th.number scope="col" { "Accepted" }
            } }
            tbody { @for hit in &found.rows { (row(hit, path)) } }
        }
    }
}

fn row(hit: &MessageHit, path: &str) -> Markup {
    let MessageHit { message, app, deliveries } = hit;
    html! {
        tr {
            td.wide {
                a.row href={ (path) "/" (owner(app)) "/" (message.id) } { (visible(&message.event_type, false)) }
                span.sub {
                    @if app.source.is_some() { "received by " }
                    (visible(name(app), false))
                    @if message.edited_of.is_some() { " " (edited()) }
                    @for tag in &message.tags { " #" (visible(tag, false)) }
                }
            }
            td.tight { (fan_out(deliveries)) }
            td.tight.off-small { @if let Some(event) = &message.event_id { (visible(event, false)) } }
            td.number { (ago(message.id.timestamp())) }
        }
    }
}

fn empty(visitor: &SignedIn, asked: &Asked, found: &Searched<MessageHit>, path: &str) -> Markup {
    html! {
        div.empty {
            @if found.next.is_some() {
                h2 { "Nothing so far" }
                p { "The search has not come to the end. Go on with older ones, or narrow it with " code { "since:" } " or " code { "app:" } "." }
            } @else if asked.q.is_empty() {
                h2 { "Nothing has been published yet" }
                p { "A message is one event for one application. It goes to each of the application's endpoints that wants its event type, and is listed here once, however many those are. "
                    a href=(visitor.path(Place::Setup)) { "Setup" } " leads to the first one." }
            } @else {
                h2 { "Nothing matches" }
                p { "Take a term away by its chip above, or " a href=(path) { "show everything" } "." }
            }
        }
    }
}

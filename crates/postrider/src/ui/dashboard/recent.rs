//! The newest deliveries of something, as a short table that leads to the whole list.

use maud::{Markup, html};
use postrider_core::scope::Identity;
use postrider_store::{DeliveryHit, Page};

use super::deliveries::{name, outcome, owner};
use super::delivery;
use super::failure::Failure;
use crate::context::Context;
use crate::service::search;
use crate::ui::frame::Place;
use crate::ui::parts::{ago, edited, state};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Rows.
const ROWS: usize = 10;

/// The newest deliveries that `q` means.
pub(super) async fn read(
    context: &Context,
    identity: Identity,
    q: &str,
) -> Result<Vec<DeliveryHit>, Failure> {
    let page = Page { limit: ROWS, edge: None, order: None };
    match search::deliveries(context, identity, q, page, search::PATIENCE).await {
        Ok(found) => Ok(found.found.rows),
        Err(search::Error::Access(error)) => Err(error.into()),
        // The query is of our making: one that cannot be read finds nothing.
        Err(search::Error::Query(_)) => Ok(Vec::new()),
    }
}

/// Them as a card; `q` is what the whole list searches for.
pub(super) fn card(visitor: &SignedIn, hits: &[DeliveryHit], q: &str) -> Markup {
    let query: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    html! {
        section.card aria-labelledby="recent" {
            h2 #recent { a href={ (visitor.path(Place::Deliveries)) "?q=" (query) } { "Deliveries" } }
            @if hits.is_empty() { p.hint { "None so far. Each that comes shows here." } }
            @else {
                table.things {
                    thead { tr {
                        th scope="col" { "State" } th scope="col" { "Event type, and where it goes" }
                        th scope="col" { "Last answer" } th.number scope="col" { "Accepted" }
                    } }
                    tbody { @for hit in hits { (row(visitor, hit)) } }
                }
            }
        }
    }
}

fn row(visitor: &SignedIn, hit: &DeliveryHit) -> Markup {
    let path = delivery::path(visitor.environment().id, owner(&hit.app), hit.message.id, hit.endpoint.id);
    html! {
        tr {
            td.tight { (state(hit.delivery.state, hit.delivery.attempts)) }
            td.wide {
                a.row href=(path) { (visible(&hit.message.event_type, false)) }
                span.sub { (visible(name(&hit.app), false)) " → " (visible(&hit.endpoint.url, false)) @if hit.message.edited_of.is_some() { " " (edited()) } }
            }
            td.tight { @if let Some(last) = &hit.last { (outcome(last)) } }
            td.number { (ago(hit.message.id.timestamp())) }
        }
    }
}

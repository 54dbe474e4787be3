//! The request that a message of a source came in.

use maud::{Markup, html};
use postrider_core::headers::is_sensitive;
use postrider_core::reception::{Received, Standing};
use postrider_core::rights::Right;

use crate::service::sources::Seen;
use crate::ui::dashboard::thing::Whose;
use crate::ui::frame::Place;
use crate::ui::parts::{Kind, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// What is known of it.
pub(super) fn card(visitor: &SignedIn, seen: &Seen, whose: &Whose) -> Markup {
    let Some(reception) = &seen.reception else { return Markup::default() };
    let detail = &reception.detail;
    let other = |message| format!("{}/{whose}/{message}", visitor.path(Place::Messages));
    html! {
        section.card aria-labelledby="received" {
            h2 #received { "As it came" }
            dl.facts.aside {
                div { dt { "Check" } dd {
                    (standing(reception.standing))
                    @if let Some(reason) = &detail.reason { " " (visible(reason, false)) }
                } }
                @if let Some(first) = reception.duplicate_of {
                    div { dt { "Repeats" } dd { a href=(other(first)) { (first) } ". It was kept, and went nowhere." } }
                }
                @if let Some(replay) = &detail.replay {
                    div { dt { "Replay of" } dd { a href=(other(replay.of)) { (replay.of) } @if replay.edited { ", changed by hand" } } }
                }
                @if let Some(first) = detail.batch { div { dt { "Batch of" } dd { a href=(other(first)) { (first) } } } }
                @if let Some(event) = &detail.event_id { div { dt { "Event id" } dd { (visible(event, false)) } } }
            }
            @if let Some(request) = &detail.request {
                (received(request, visitor.identity().rights().has(Right::ReadSecrets)))
            }
        }
    }
}

/// What the check came to.
pub(in crate::ui::dashboard) fn standing(standing: Standing) -> Markup {
    match standing {
        Standing::Verified => pill(Kind::Good, "Verified"),
        Standing::Authenticated => pill(Kind::Good, "Authenticated"),
        Standing::Failed => pill(Kind::Bad, "Failed"),
        Standing::Unverified => pill(Kind::Waiting, "Not checked"),
    }
}

/// The request, with credentials withheld. A query may have one too, so only who sees secrets sees it.
pub(in crate::ui::dashboard) fn received(request: &Received, sees_secrets: bool) -> Markup {
    html! {
        h3 {
            (visible(&request.method, false)) " " (visible(&request.tail, false))
            @match &request.query {
                Some(query) if sees_secrets => { "?" (visible(query, false)) }
                Some(_) => { " " span.quiet { "with a query that is withheld from your role" } }
                None => {}
            }
            @if let Some(remote) = request.remote { " " span.quiet { "from " (remote) } }
        }
        div.scroll tabindex="0" role="group" aria-label="Headers" {
            table.pairs {
                thead.visually-hidden { tr { th scope="col" { "Header" } th scope="col" { "Value" } } }
                tbody { @for (name, value) in &request.headers {
                    tr {
                        th scope="row" { (visible(name, false)) }
                        td {
                            @if is_sensitive(name) { span.quiet { "withheld" } }
                            @else { (visible(&String::from_utf8_lossy(&value.0), false)) }
                        }
                    }
                } }
            }
        }
    }
}

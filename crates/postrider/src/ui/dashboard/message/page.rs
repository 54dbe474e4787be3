//! The page: deliveries, endpoints without one, the payload, and the facts.

use maud::{Markup, html};
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::Endpoint;
use postrider_core::message::Message;
use postrider_core::rights::Right;

use super::{Known, received};
use crate::ui::Page;
use crate::ui::dashboard::delivery;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::thing::Whose;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::json;
use crate::ui::parts::{Kind, ago, edited, exact, id, pill, state};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

/// Bytes of the payload that are shown.
const SHOWN: usize = 64 * 1024;

/// The page.
pub(super) fn of(visitor: &SignedIn, known: &Known) -> Page {
    let message = &known.message;
    let content = html! {
        div.columns {
            div.stack {
                (deliveries(visitor, known))
                @if !known.missing.is_empty() { (missing(visitor, known)) }
                (payload(message))
                @if let Some(seen) = &known.seen { (received::card(visitor, seen, &known.whose)) }
            }
            (facts(visitor, known))
        }
    };
    let title = format!("{} {}", message.event_type, message.id);
    let heading = html! {
        (visible(&message.event_type, false))
        @if message.edited_of.is_some() { " " (edited()) }
    };
    Frame::new(visitor, Place::Messages).of(&title, heading).page(&content)
}

fn deliveries(visitor: &SignedIn, known: &Known) -> Markup {
    html! {
        section.card aria-labelledby="deliveries" {
            h2 #deliveries { "Deliveries" }
            @if known.deliveries.rows.is_empty() {
                p.hint { "It went to no endpoint: none wanted its event type and channels when it came." }
            } @else {
                table.things {
                    thead { tr { th scope="col" { "State" } th scope="col" { "Endpoint" } th.number scope="col" { "Attempts" } th.number scope="col" { "Next attempt" } } }
                    tbody { @for (delivery, endpoint) in &known.deliveries.rows { (row(visitor, known, delivery, endpoint)) } }
                }
                @if known.deliveries.next.is_some() {
                    p.hint { a href={ (visitor.path(Place::Deliveries)) "?q=msg:" (known.message.id) } { "Search deliveries" } " for the others." }
                }
            }
        }
    }
}

fn row(visitor: &SignedIn, known: &Known, one: &Delivery, endpoint: &Endpoint) -> Markup {
    let path = delivery::path(visitor.environment().id, &known.whose, known.message.id, endpoint.id);
    html! {
        tr {
            td.tight { (state(one.state, one.attempts)) }
            td.wide {
                a.row href=(path) { (visible(&endpoint.url, false)) }
                @if !endpoint.description.is_empty() { span.sub { (visible(&endpoint.description, false)) } }
            }
            td.number { (one.attempts) }
            td.number { @if let (Some(due), false) = (one.due, one.state.is_finished()) { (ago(due)) } }
        }
    }
}

/// Endpoints that it did not go to, each to be ticked.
fn missing(visitor: &SignedIn, known: &Known) -> Markup {
    let has_payload = known.message.payload.is_some();
    let may = visitor.identity().rights().has(Right::Send) && has_payload;
    let path = format!("{}/{}/{}/send", visitor.path(Place::Messages), known.whose, known.message.id);
    html! {
        section.card aria-labelledby="missing" {
            h2 #missing { "Endpoints that it did not go to" }
            form.stack method="post" action=(path) {
                (token(visitor))
                ul.plain {
                    @for endpoint in &known.missing {
                        li {
                            @if may {
                                label.check { input type="checkbox" name="endpoint" value=(endpoint.id); " " (visible(&endpoint.url, false)) }
                            } @else { (visible(&endpoint.url, false)) }
                            span.sub { (why(endpoint, &known.message)) }
                        }
                    }
                }
                @if may { p { button type="submit" { (icon(Icon::Send)) "Send to those that are ticked" } } }
                @if !has_payload { p.hint { "Its payload has expired or was expunged, so it cannot be sent any more." } }
            }
        }
    }
}

/// Why an endpoint did not get a message, as far as that shows now.
fn why(endpoint: &Endpoint, message: &Message) -> &'static str {
    let wants_type = endpoint.event_types.is_empty() || endpoint.event_types.contains(&message.event_type);
    let wants_channel = endpoint.channels.is_empty()
        || endpoint.channels.iter().any(|channel| message.channels.contains(channel));
    match () {
        () if endpoint.created_at > message.id.timestamp() => "It was made after the message.",
        () if endpoint.disabled.is_some_and(|disabled| disabled.at <= message.id.timestamp()) => {
            "It was paused or disabled."
        }
        () if !wants_type => "It does not want this event type.",
        () if !wants_channel => "It listens on other channels.",
        () => "It did not want it at that time, or the message was sent to others by hand.",
    }
}

fn payload(message: &Message) -> Markup {
    html! {
        section.card aria-labelledby="payload" {
            h2 #payload { "Payload" }
            @match &message.payload {
                None => p.hint { "It has expired or was expunged." },
                Some(payload) if payload.body.is_empty() => p.hint { "It is empty." },
                Some(payload) => pre.json tabindex="0" aria-labelledby="payload" { (json::pretty(&payload.body, SHOWN)) },
            }
        }
    }
}

fn facts(visitor: &SignedIn, known: &Known) -> Markup {
    let Known { whose, message, .. } = known;
    html! {
        aside.card aria-label="Facts" {
            dl.facts.aside {
                div { dt { "Message" } dd { (id(message.id)) } }
                div { dt { "Accepted" } dd { (ago(message.id.timestamp())) } }
                @if let Some(original) = message.edited_of {
                    div { dt { "Edited from" } dd { a href={ (visitor.path(Place::Messages)) "/" (whose) "/" (original) } { (original) } } }
                }
                @match whose {
                    Whose::Source(_) => div { dt { "Source" } dd { a href=(visitor.path(Place::Sources)) { "One of the sources" } br; (id(whose)) } },
                    Whose::App(_) => div { dt { "Application" } dd { a href={ (visitor.path(Place::Applications)) "/" (message.app) } { (id(message.app)) } } },
                }
                @if let Some(event) = &message.event_id { div { dt { "Event id" } dd { (visible(event, false)) } } }
                @if !message.channels.is_empty() { div { dt { "Channels" } dd { (visible(&message.channels.join(", "), false)) } } }
                @if !message.tags.is_empty() { div { dt { "Tags" } dd { (visible(&message.tags.join(", "), false)) } } }
                @if let Some(key) = &message.ordering_key { div { dt { "Order" } dd { (visible(key, false)) } } }
                @if let Some(at) = message.deliver_at { div { dt { "Not before" } dd { (exact(at)) } } }
                @if let Some(at) = message.expire_at { div { dt { "Payload until" } dd { (exact(at)) } } }
                @match &message.payload {
                    Some(payload) => div { dt { "Payload" } dd { (size(payload.body.len())) @if payload.raw.is_some() { ", not JSON of ours" } } },
                    None => div { dt { "Payload" } dd { (pill(Kind::Waiting, "Gone")) } },
                }
            }
        }
    }
}

//! How it stands: the reason in words, the last day in figures, the facts, and what can be sent again.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::rights::Right;
use postrider_core::rollup::Counter;
use postrider_store::DeliveryStats;

use super::frame::{Tab, page};
use super::{Day, Known, Named, standing, told};
use crate::context::Context;
use crate::service::endpoints;
use crate::ui::dashboard::analytics::draw::millis;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::numbers::{count, share};
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::span::Span;
use crate::ui::dashboard::thing::Whose;
use crate::ui::dashboard::typed;
use crate::ui::frame::Place;
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::{ago, fan_out, id, span};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = named.find(&context, &visitor).await?;
    let (identity, endpoint) = (visitor.identity(), &known.endpoint);
    let day = Day::read(&context, identity, &known.whose, endpoint.id).await?;
    let now = context.now();
    let times = (Span::Day.since(now), now);
    let asked = postrider_core::app::Ref::Id(endpoint.id);
    let stats = endpoints::stats(&context, identity, known.whose.owner(), &asked, times).await?;
    let body = html! {
        p.sentence { (told::why(endpoint)) (lately(&visitor, &known, &day)) }
        (figures(&day))
        div.columns {
            div.stack {
                section.card aria-labelledby="stats" {
                    h2 #stats { "Messages of the last 24 hours" }
                    (fan_out(&stats))
                    @if is_nothing(&stats) { p.hint { "None of them went here. " a href={ (known.path(&visitor)) "/test" } { "Send an example" } " to see one arrive." } }
                }
                @if visitor.identity().rights().has(Right::Send) { (again(&visitor, &known)) }
            }
            (facts(&visitor, &known))
        }
    };
    Ok(page(&visitor, &known, Tab::Overview, &body).into_response())
}

/// That nothing succeeds, before the endpoint counts as failing.
fn lately(visitor: &SignedIn, known: &Known, day: &Day) -> Markup {
    let is_quiet = known.endpoint.disabled.is_none() && known.endpoint.failing_since.is_none();
    let fails = day.total.attempts() > 0 && day.total.failed() == day.total.attempts();
    html! {
        @if is_quiet && fails {
            " But none of the attempts of the last 24 hours succeeded: "
            a href={ (known.path(visitor)) "/deliveries" } { "its deliveries" } " say why."
        }
    }
}

fn is_nothing(stats: &DeliveryStats) -> bool {
    *stats == DeliveryStats::default()
}

fn figures(day: &Day) -> Markup {
    let total = &day.total;
    let latency =
        |share| millis(total, share).map_or_else(|| "–".to_owned(), |millis| format!("{millis:.0}"));
    html! {
        @if total.attempts() > 0 {
            div.figures {
                div.figure { span.name { "Attempts, 24 hours" } span.value { (count(total.attempts())) } (day.spark()) }
                div.figure { span.name { "Success rate" } span.value { (share(total.success_rate())) } span.hint { (count(total.failed())) " failed" } }
                div.figure { span.name { "Given up" } span.value { (count(total.get(Counter::GivenUp))) } span.hint { "after their last attempt" } }
                div.figure { span.name { "Latency" } span.value { (latency(0.5)) small { " ms" } } span.hint { "half are faster; p95 " (latency(0.95)) " ms" } }
            }
        }
    }
}

/// What was given up, and what never went there, is sent.
fn again(visitor: &SignedIn, known: &Known) -> Markup {
    let path = known.path(visitor);
    html! {
        section.card aria-labelledby="again" {
            h2 #again { "Send again" }
            form.line method="post" action={ (path) "/recover" } {
                (token(visitor))
                label for="recover-since" { "Recover what failed" }
                (since("recover-since", known.endpoint.failing_since.is_some()))
                button type="submit" { (icon(Icon::RotateCcw)) "Recover" }
            }
            p.hint { "Sends again what was given up: deliveries whose last attempt failed." }
            form.line method="post" action={ (path) "/replay-missing" } {
                (token(visitor))
                label for="missing-since" { "Replay what is missing" }
                (since("missing-since", false))
                button type="submit" { (icon(Icon::Repeat)) "Replay" }
            }
            p.hint { "Sends what never went here and that the endpoint wants now, such as messages from before it was made." }
        }
    }
}

/// From when on; what [`super::act`] reads.
fn since(id: &str, has_failed: bool) -> Markup {
    html! {
        select id=(id) name="since" {
            @if has_failed { option value="failing" { "since it fails" } }
            @for span in [Span::Hour, Span::Day, Span::Week, Span::Month] {
                option value=(span.name()) selected[span == Span::Day && !has_failed] { "of the last " (span.words()) }
            }
        }
    }
}

fn facts(visitor: &SignedIn, known: &Known) -> Markup {
    let Known { whose, endpoint } = known;
    html! {
        aside.card aria-label="Facts" {
            dl.facts.aside {
                div { dt { "State" } dd { (standing(endpoint).1) } }
                @if !endpoint.description.is_empty() { div { dt { "For" } dd { (visible(&endpoint.description, true)) } } }
                div { dt { "Endpoint" } dd { (id(endpoint.id)) } }
                @if let Some(uid) = &endpoint.uid { div { dt { "uid" } dd { (visible(uid, false)) } } }
                @match whose {
                    Whose::App(_) => div { dt { "Application" } dd { a href={ (visitor.path(Place::Applications)) "/" (endpoint.app) } { (endpoint.app) } } },
                    Whose::Source(_) => div { dt { "Source" } dd { (id(whose)) } },
                }
                div { dt { "Event types" } dd { (list(&endpoint.event_types, "all")) } }
                @if !endpoint.channels.is_empty() { div { dt { "Channels" } dd { (list(&endpoint.channels, "")) } } }
                div { dt { "Rate limit" } dd { @match endpoint.throttle_rate { Some(rate) => { (rate) " attempts a second" } None => { "none" } } } }
                (rules(endpoint))
                div { dt { "Made" } dd { (ago(endpoint.created_at)) } }
                div { dt { "Changed" } dd { (ago(endpoint.updated_at)) } }
            }
        }
    }
}

/// Names that are shown one by one.
const NAMES: usize = 12;

fn list(names: &[String], none: &str) -> Markup {
    html! {
        @if names.is_empty() { (none) }
        @for (place, name) in names.iter().take(NAMES).enumerate() { @if place > 0 { ", " } code { (visible(name, false)) } }
        @if names.len() > NAMES { " and " (names.len() - NAMES) " more" }
    }
}

fn rules(endpoint: &Endpoint) -> Markup {
    html! {
        @if let Some(timeout) = endpoint.timeout { div { dt { "Timeout" } dd { (span(timeout)) } } }
        @if endpoint.ordering == Ordering::Fifo { div { dt { "Order" } dd { "strict: each message waits for the one before it" } } }
        @if let Some(schedule) = &endpoint.retry_schedule { div { dt { "Attempts" } dd { (typed::of_schedule(Some(schedule))) } } }
        @for (name, value) in &endpoint.metadata { div { dt { (visible(name, false)) } dd { (visible(value, true)) } } }
    }
}

//! A delivery as a row: the same in the list and in what follows it.

use maud::{Markup, html};
use postrider_core::query::{AppHead, LastAttempt};
use postrider_store::DeliveryHit;

use crate::ui::dashboard::delivery;
use crate::ui::parts::{Kind, ago, clock, edited, pill, state};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Whose it is, as the paths of pages name it: of a hidden application, its source.
pub(in crate::ui::dashboard) fn owner(app: &AppHead) -> String {
    app.source.map_or_else(|| app.id.to_string(), |source| source.to_string())
}

/// The row.
pub(super) fn of(visitor: &SignedIn, hit: &DeliveryHit) -> Markup {
    let DeliveryHit { delivery, message, app, endpoint, last, .. } = hit;
    let path = delivery::path(visitor.environment().id, owner(app), message.id, endpoint.id);
    let pick = format!("{}/{}/{}", owner(app), message.id, endpoint.id);
    html! {
        tr #{ "d" (hit.place()) } {
            td { input type="checkbox" name="pick" form="selected" value=(pick) aria-label={ "Select the delivery of " (message.id) }; }
            td.tight { (state(delivery.state, delivery.attempts)) }
            td.wide {
                a.row href=(path) { (visible(&message.event_type, false)) }
                span.sub {
                    (visible(name(app), false)) " → " (visible(&endpoint.url, false))
                    @if endpoint.is_deleted { " (deleted)" }
                    @if message.edited_of.is_some() { " " (edited()) }
                }
            }
            td.tight { @if let Some(last) = last { (outcome(last)) } }
            td.number.off-small { @if let Some(last) = last { (clock(last.latency)) } }
            td.number { span.visually-hidden { "attempts " } (delivery.attempts) }
            td.number { (ago(message.id.timestamp())) }
        }
    }
}

/// The name of an application or a source, for people.
pub(in crate::ui::dashboard) fn name(app: &AppHead) -> &str {
    if app.name.is_empty() { app.uid.as_deref().unwrap_or("(no name)") } else { &app.name }
}

/// How an attempt ended, as a list knows it.
pub(in crate::ui::dashboard) fn outcome(last: &LastAttempt) -> Markup {
    let kind = if last.succeeded { Kind::Good } else { Kind::Bad };
    match &last.failure {
        Some(failure) => html! { span title=(failure.sentence) { (pill(kind, failure.class.name())) } },
        None => pill(kind, &last.status_code.to_string()),
    }
}

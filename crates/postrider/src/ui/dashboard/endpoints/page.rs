//! The page: a row for each endpoint.

use maud::{Markup, html};
use postrider_core::app::App;
use postrider_core::endpoint::Endpoint;

use super::{Asked, CHOICES};
use crate::service::endpoints::{Everywhere, Which};
use crate::ui::Page;
use crate::ui::dashboard::applications::called;
use crate::ui::dashboard::endpoint::{Day, standing};
use crate::ui::dashboard::numbers::share;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{older, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// The page; `days` has the last day of each row.
pub(super) fn of(visitor: &SignedIn, asked: &Asked, found: &Everywhere, days: &[Day]) -> Page {
    let path = visitor.path(Place::Endpoints);
    let next = found.next.map(|next| format!("{path}?show={}&after={next}", asked.name()));
    let content = html! {
        nav.views aria-label="Which endpoints" {
            @for (which, name, word) in CHOICES {
                a href={ (path) "?show=" (name) } aria-current=[(which == asked.which).then_some("true")] { (word) }
            }
        }
        @if found.rows.is_empty() { (empty(visitor, asked, found)) }
        @else {
            table.things {
                thead { tr {
                    th scope="col" { "State" } th scope="col" { "URL, and whose it is" }
                    th.number scope="col" { "Last 24 hours" } th.off-small scope="col" { span.visually-hidden { "Attempts by the hour" } }
                    th.number.off-small scope="col" { "Rate limit" }
                } }
                tbody { @for ((app, endpoint), day) in found.rows.iter().zip(days) { (row(visitor, app, endpoint, day)) } }
            }
        }
        @match next {
            // The list goes by application, not by time.
            Some(next) => nav.pages aria-label="Pages" { a.button rel="next" href=(next) { "More" } },
            None => (older(None)),
        }
        p.hint { "Endpoints are made under their " a href=(visitor.path(Place::Applications)) { "application" } ". Those of sources are not in this list." }
    };
    Frame::new(visitor, Place::Endpoints).page(&content)
}

fn row(visitor: &SignedIn, app: &App, endpoint: &Endpoint, day: &Day) -> Markup {
    let (kind, word) = standing(endpoint);
    html! {
        tr {
            td.tight { (pill(kind, word)) }
            td.wide {
                a.row href={ (visitor.path(Place::Endpoints)) "/" (app.id) "/" (endpoint.id) } { (visible(&endpoint.url, false)) }
                span.sub {
                    (visible(called(app), false))
                    @if !endpoint.description.is_empty() { " · " (visible(&endpoint.description, false)) }
                }
            }
            td.number { @if day.total.attempts() > 0 { (share(day.total.success_rate())) } @else { span.quiet { "nothing sent" } } }
            td.spark-cell.off-small { @if day.total.attempts() > 0 { (day.spark()) } }
            td.number.off-small { @match endpoint.throttle_rate { Some(rate) => { (rate) " / s" } None => span.quiet { "none" } } }
        }
    }
}

fn empty(visitor: &SignedIn, asked: &Asked, found: &Everywhere) -> Markup {
    html! {
        div.empty {
            @if found.next.is_some() {
                h2 { "None so far" }
                p { "There are more applications to look at." }
            } @else if asked.which == Which::All {
                h2 { "There is no endpoint yet" }
                p { "An endpoint is a URL that an application's messages are sent to. Open an "
                    a href=(visitor.path(Place::Applications)) { "application" } " and add one, or let your customer do that in the portal." }
            } @else if asked.which == Which::Failing {
                h2 { "None is failing" }
                p { "An endpoint is here once its attempts have failed for a minute, until one succeeds." }
            } @else {
                h2 { "None is paused or disabled" }
                p { "An endpoint is disabled when it answers 410 Gone, or when every attempt has failed for five days. People pause one by hand." }
            }
        }
    }
}

//! The list, and one issue.

use maud::{Markup, html};
use postrider_core::attempt::{Attempt, FailureClass};
use postrider_core::issue::{Issue, Kind as What, Said, State};
use postrider_core::rights::Right;
use postrider_core::time::Timestamp;

use crate::ui::Page;
use crate::ui::dashboard::delivery;
use crate::ui::dashboard::numbers::{count, counted};
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::json;
use crate::ui::parts::{Kind, ago, exact, id, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Bytes of an answer that are shown.
const SHOWN: usize = 8 * 1024;
/// Hours of the small chart.
const HOURS: i64 = 48;

/// What has failed, in a sentence.
pub(in crate::ui::dashboard) fn sentence(issue: &Issue) -> String {
    match issue.kind {
        What::Status(status) => format!("Answers {}", delivery::status(status)),
        What::Unanswered(class) => unanswered(class).to_owned(),
        What::Other => "Many other failures".to_owned(),
    }
}

const fn unanswered(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Dns => "Its name cannot be resolved",
        FailureClass::Connect => "No connection can be made",
        FailureClass::Tls => "The TLS handshake fails",
        FailureClass::Timeout => "No answer in time",
        FailureClass::Blocked => "Its address is not allowed",
        FailureClass::TooLarge => "The head of its answer is too large",
        FailureClass::Protocol => "It does not answer in HTTP",
        FailureClass::Internal => "Something of ours failed",
        FailureClass::Exec => "Its command does not end well",
    }
}

/// How it stands.
fn standing(issue: &Issue, now: Timestamp) -> Markup {
    match issue.state(now) {
        State::Open => pill(Kind::Bad, "Open"),
        State::Acknowledged => pill(Kind::Other, "Looked after"),
        State::Muted => pill(Kind::Waiting, "Muted"),
        State::Resolved => pill(Kind::Good, "Resolved"),
    }
}

/// The list.
pub(super) fn list(visitor: &SignedIn, states: &[State], issues: &[Issue], now: Timestamp) -> Page {
    let path = visitor.path(Place::Issues);
    let one = if let [state] = states { Some(*state) } else { None };
    let choice = html! {
        nav.views aria-label="Which" {
            a href=(path) aria-current=[one.is_none().then_some("true")] { "Current" }
            @for (state, word) in [(State::Muted, "Muted"), (State::Resolved, "Resolved")] {
                a href={ (path) "?state=" (state.name()) } aria-current=[(one == Some(state)).then_some("true")] { (word) }
            }
        }
    };
    let content = html! {
        @if issues.is_empty() {
            div.empty {
                h2 { "No issues" }
                p { "Failures of an endpoint that look alike stand here as one, with how often and since when. "
                    "They go by themselves when they are not seen for a day." }
            }
        } @else {
            table.things {
                thead { tr {
                    th scope="col" { "State" } th scope="col" { "What" } th.off-small scope="col" { "Last 48 hours" }
                    th.number scope="col" { "Attempts" } th.number scope="col" { "Given up" } th.number scope="col" { "Last seen" }
                } }
                tbody { @for issue in issues {
                    tr {
                        td.tight { (standing(issue, now)) }
                        td.wide {
                            a.row href={ (path) "/" (issue.id) } { (sentence(issue)) }
                            span.sub { (issue.endpoint) " since " (exact(issue.first_seen)) }
                        }
                        td.off-small { (spark(issue, now)) }
                        td.number { (count(issue.failures.attempts)) }
                        td.number { (count(issue.failures.given_up)) }
                        td.number { (ago(issue.last.seen)) }
                    }
                } }
            }
        }
    };
    Frame::new(visitor, Place::Issues).with_actions(choice).page(&content)
}

/// One issue.
pub(super) fn one(visitor: &SignedIn, issue: &Issue, sample: Option<&Attempt>, now: Timestamp) -> Page {
    let environment = visitor.environment().id;
    let heading = html! { (sentence(issue)) " " (standing(issue, now)) };
    let content = html! {
        p.sentence {
            strong { (counted(issue.failures.attempts, "attempt")) } " failed like this since " (exact(issue.first_seen))
            ", the last one " (ago(issue.last.seen)) ". "
            @if issue.failures.given_up > 0 { "Given up with it: " strong { (count(issue.failures.given_up)) } "." }
            @else { "No delivery was given up with it." }
        }
        @if issue.endpoint_fails { p.alert { "Its endpoint is failing right now." } }
        (acts(visitor, issue, now))
        div.columns {
            div.card {
                h2 { "The last failure" }
                @match sample {
                    None => p.hint { "Its attempt has expired." },
                    Some(attempt) => {
                        @if let Some(failure) = &attempt.failure { p { (visible(&failure.sentence, false)) } }
                        @match attempt.response.as_deref() {
                            Some(body) if !body.is_empty() => pre.json tabindex="0" { (json::pretty(body, SHOWN)) },
                            _ => p.hint { "Its answer has no body." },
                        }
                        p { a href=(delivery::path(environment, issue.app, issue.last.message, issue.endpoint)) { "The whole delivery" } }
                    }
                }
            }
            aside.card aria-label="Facts" {
                (spark(issue, now))
                p.hint { "Failures in the last 48 hours" }
                dl.facts.aside {
                    div { dt { "Endpoint" } dd { a href={ (visitor.path(Place::Endpoints)) "/" (issue.app) "/" (issue.endpoint) } { (issue.endpoint) } } }
                    div { dt { "Deliveries" } dd { a href={ (visitor.path(Place::Deliveries)) "?q=endpoint%3A" (issue.endpoint) "%20-status%3Adelivered" } { "Those that have not arrived" } } }
                    div { dt { "Affected" } dd { "at least " (count(issue.failures.deliveries)) } }
                    @if let Said::Muted(Some(until)) = issue.said { div { dt { "Muted until" } dd { (exact(until)) } } }
                    div { dt { "Issue" } dd { (id(issue.id)) } }
                }
            }
        }
    };
    Frame::new(visitor, Place::Issues).of(&sentence(issue), heading).page(&content)
}

fn acts(visitor: &SignedIn, issue: &Issue, now: Timestamp) -> Markup {
    let path = format!("{}/{}", visitor.path(Place::Issues), issue.id);
    let state = issue.state(now);
    let offers = [
        (State::Acknowledged, "acknowledged", "I look after it"),
        (State::Muted, "muted", "Mute for a day"),
        (State::Resolved, "resolved", "It is solved"),
        (State::Open, "open", "Open again"),
    ];
    html! {
        @if visitor.identity().rights().has(Right::Send) {
            div.actions {
                @if issue.failures.given_up > 0 {
                    form method="post" action={ (path) "/replay" } {
                        input type="hidden" name="csrf" value=(visitor.csrf());
                        button.primary type="submit" { (icon(Icon::RotateCcw)) "Send the " (count(issue.failures.given_up)) " again" }
                    }
                }
                @for (_, said, word) in offers.into_iter().filter(|(own, ..)| *own != state) {
                    form method="post" action={ (path) "/say" } {
                        input type="hidden" name="csrf" value=(visitor.csrf());
                        input type="hidden" name="said" value=(said);
                        button type="submit" { (word) }
                    }
                }
            }
        } @else { p.hint { "Your role may look, but not act on issues." } }
    }
}

/// Failures by the hour, as small bars.
fn spark(issue: &Issue, now: Timestamp) -> Markup {
    const HOUR: i64 = 3_600;
    let this_hour = now.as_seconds() / HOUR;
    let most = issue.hours.iter().map(|(_, failures)| *failures).max().unwrap_or(1).max(1);
    let bars = issue.hours.iter().filter_map(|(at, failures)| {
        let place = HOURS - 1 - (this_hour - at.as_seconds() / HOUR);
        let height = (failures.saturating_mul(24) / most).clamp(2, 24);
        (0..HOURS).contains(&place).then_some((place * 4, height))
    });
    html! {
        svg.spark viewBox={ "0 0 " (HOURS * 4) " 24" } preserveAspectRatio="none" role="img"
            aria-label={ "At most " (most) " in an hour" } {
            @for (x, height) in bars { rect.no x=(x) y=(24 - height) width="3" height=(height) {} }
        }
    }
}

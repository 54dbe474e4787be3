//! How things are: figures of the last day, the chart, and what is in trouble.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use postrider_core::issue::{Issue, State as IssueState};

use super::Shared;
use super::analytics::draw;
use super::failure::Failure;
use super::issues::sentence;
use super::numbers::{count, counted, figures, share};
use super::span::Span;
use crate::context::Context;
use crate::service::analytics::{self, By, Key, Query, Report};
use crate::service::issues;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::ago;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;
use postrider_store::Rank;

/// Rows of each of the two lists.
const ROWS: usize = 5;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/overview", get(show))
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let span = Span::read(&query.unwrap_or_default());
    let identity = visitor.identity();
    let since = Some(span.since(context.now()));
    let whole = analytics::report(&context, identity, &Query { since, ..Query::default() }).await?;
    let failing = Query { since, by: By::Endpoint, rank: Rank::Failures, ..Query::default() };
    let failing = analytics::report(&context, identity, &failing).await?;
    let open = issues::Filter { states: vec![IssueState::Open], ..issues::Filter::default() };
    let open = issues::recent(&context, identity, &open, ROWS).await?;
    let deliveries = visitor.path(Place::Deliveries);
    let body = html! {
        (figures(&whole.total, &deliveries, span))
        @match whole.lines.first() {
            Some(line) => div.card { (draw::volume(&whole, line, Some(deliveries)).markup()) },
            None => div.empty {
                h2 { "Nothing has happened in the last " (span.words()) }
                p { a href=(visitor.path(Place::Setup)) { "Setup" } " leads from here to the first delivery, step by step." }
            },
        }
        div.halves {
            (open_issues(&visitor, &open))
            (in_trouble(&visitor, &failing))
        }
    };
    let choice = span.choice(&visitor.path(Place::Overview), "");
    Ok(Frame::new(&visitor, Place::Overview).with_actions(choice).with_charts().page(&body).into_response())
}

fn open_issues(visitor: &SignedIn, issues: &[Issue]) -> Markup {
    let path = visitor.path(Place::Issues);
    html! {
        section.card aria-labelledby="issues" {
            h2 #issues { a href=(path) { "Open issues" } }
            @if issues.is_empty() { p.hint { "None. Failures that look alike would stand here as one." } }
            @else {
                ul.plain {
                    @for issue in issues {
                        li {
                            a href={ (path) "/" (issue.id) } { (sentence(issue)) }
                            span.sub { (counted(issue.failures.attempts, "attempt")) ", last " (ago(issue.last.seen)) }
                        }
                    }
                }
            }
        }
    }
}

fn in_trouble(visitor: &SignedIn, report: &Report) -> Markup {
    let lines: Vec<_> = report.lines.iter().filter(|line| line.total.failed() > 0).take(ROWS).collect();
    html! {
        section.card aria-labelledby="trouble" {
            h2 #trouble { "Endpoints that fail most" }
            @if lines.is_empty() { p.hint { "None has failed." } }
            @else {
                ul.plain {
                    @for line in lines {
                        li {
                            @match line.key {
                                Key::Endpoint(app, endpoint) => a href={ (visitor.path(Place::Endpoints)) "/" (app) "/" (endpoint) } { (visible(&line.name, false)) },
                                _ => (visible(&line.name, false)),
                            }
                            span.sub { (count(line.total.failed())) " of " (count(line.total.attempts())) " attempts failed; success rate " (share(line.total.success_rate())) }
                        }
                    }
                }
            }
        }
    }
}

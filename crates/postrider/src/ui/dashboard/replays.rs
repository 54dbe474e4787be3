//! Replays: what is sent again in the background, how far it is, and its end.

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::id::TaskId;
use postrider_core::rights::Right;
use postrider_core::task::{Job, Skip, Task, TaskKind, TaskStatus};
use postrider_store::{Edge, Page as Rows, TaskFilter};
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use super::numbers::count;
use crate::context::Context;
use crate::service::{access, audit, tasks};
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::parts::{Kind, ago, exact, id, older, pill, span};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/replays";
    Router::new()
        .route(PATH, get(list))
        .route(&format!("{PATH}/{{task}}"), get(show))
        .route(&format!("{PATH}/{{task}}/cancel"), post(cancel))
}

#[derive(Debug, Deserialize)]
struct Named {
    task: String,
}

impl Named {
    fn id(&self) -> Result<TaskId, Failure> {
        self.task.parse().map_err(|_| access::Error::Missing("replay").into())
    }
}

const fn word(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Recover => "What failed is sent again",
        TaskKind::ReplayMissing => "What never went is sent",
        TaskKind::BulkReplay => "What went is sent again",
        TaskKind::ReplaySource => "What a source received is replayed",
        TaskKind::ReplaySearch => "What a search finds is sent again",
    }
}

fn standing(task: &Task) -> Markup {
    match task.status {
        TaskStatus::Running => pill(Kind::Other, "Running"),
        TaskStatus::Finished => pill(Kind::Good, "Finished"),
        TaskStatus::Failed => pill(Kind::Bad, "Failed"),
        TaskStatus::Canceled => pill(Kind::Waiting, "Canceled"),
    }
}

pub(super) const fn left_out(why: Skip) -> &'static str {
    match why {
        Skip::NoPayload => "without a payload any more",
        Skip::UnderWay => "under way already",
        Skip::NoEndpoint => "whose endpoint is gone",
        Skip::NotSigned => "that could not be signed",
    }
}

async fn list(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let after = pairs.find(|(name, _)| name == "after").and_then(|(_, value)| value.parse::<TaskId>().ok());
    let rows = Rows { limit: ROWS, edge: after.map(Edge::After), order: None };
    let listed = tasks::list(&context, visitor.identity(), TaskFilter::default(), rows).await?;
    let path = visitor.path(Place::Replays);
    let is_moving = listed.rows.iter().any(|task| task.status == TaskStatus::Running);
    let next = listed.next.map(|next| format!("{path}?after={next}"));
    let body = html! {
        @if listed.rows.is_empty() {
            div.empty {
                h2 { "Nothing has been replayed" }
                p { "Replays begin at a search of deliveries, at an endpoint (recover what failed, send what is missing), at an issue, or by "
                    code { "postrider replay" } ". Each keeps the rate limits of its endpoint, survives a restart, and can be ended here." }
            }
        } @else {
            @let table = html! {
                table.things {
                    thead { tr {
                        th scope="col" { "State" } th scope="col" { "What" } th scope="col" { "Progress" }
                        th.number scope="col" { "Sent" } th.number scope="col" { "Left out" } th.number scope="col" { "Begun" }
                    } }
                    tbody { @for task in &listed.rows {
                        tr {
                            td.tight { (standing(task)) }
                            td.wide { a.row href={ (path) "/" (task.id) } { (word(task.job.kind())) }
                                @if let Some(query) = searched(task) { span.sub { code { (visible(query, false)) } } }
                                span.sub { "accepted from " (exact(task.span.since)) } }
                            td { (bar(task)) }
                            td.number { (count(task.progress.affected)) }
                            td.number { (count(task.progress.skipped.values().sum())) }
                            td.number { (ago(task.created_at)) }
                        }
                    } }
                }
            };
            @if is_moving { fresh-part #replays every="2" { (table) } } @else { (table) }
            (older(next.as_deref()))
        }
    };
    Ok(Frame::new(&visitor, Place::Replays).page(&body).into_response())
}

/// The search whose deliveries the task sends again.
const fn searched(task: &Task) -> Option<&String> {
    match &task.job {
        Job::ReplaySearch(replay) => Some(&replay.query),
        _ => None,
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn bar(task: &Task) -> Markup {
    let percent = (task.walked() * 100.0).round();
    html! { progress max="100" value=(percent) aria-label={ (percent) " percent of the span looked at" } { (percent) " %" } }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let task = tasks::get(&context, visitor.identity(), named.id()?).await?;
    let heading = html! { (word(task.job.kind())) " " (standing(&task)) };
    let body = html! {
        @if task.status == TaskStatus::Running { fresh-part #replay every="2" { (one(&visitor, &task)) } }
        @else { (one(&visitor, &task)) }
    };
    Ok(Frame::new(&visitor, Place::Replays).of(word(task.job.kind()), heading).page(&body).into_response())
}

fn one(visitor: &SignedIn, task: &Task) -> Markup {
    let took = task.updated_at.since(task.created_at);
    let speed = task.progress.matched as f64 / took.as_secs_f64().max(1.0);
    html! {
        div.stack {
            p.sentence {
                strong { (count(task.progress.affected)) } " of " (count(task.progress.matched)) " matching are on their way again"
                @if task.status == TaskStatus::Running { ", at " (format!("{speed:.0}")) " a second" }
                ". They keep their ids, so receivers that know them already can tell."
            }
            @if let Some(failure) = &task.failure { p.alert { (visible(failure, false)) } }
            (bar(task))
            @if task.status == TaskStatus::Running && visitor.identity().rights().has(Right::Send) {
                form.actions method="post" action={ (visitor.path(Place::Replays)) "/" (task.id) "/cancel" } {
                    input type="hidden" name="csrf" value=(visitor.csrf());
                    button type="submit" { "End it" }
                    span.hint { "What it has sent stays sent." }
                }
            }
            div.card {
                dl.facts.aside {
                    div { dt { "Accepted" } dd { "from " (exact(task.span.since)) " to " (exact(task.span.until)) } }
                    @if let (Some(app), Some(endpoint)) = (task.app, task.job.endpoint()) {
                        div { dt { "Endpoint" } dd { a href={ (visitor.path(Place::Endpoints)) "/" (app) "/" (endpoint) } { (endpoint) } } }
                    }
                    @if let Some(query) = searched(task) {
                        div { dt { "Search" } dd { a href={ (visitor.path(Place::Deliveries)) "?q=" (encoded(query)) } { code { (visible(query, false)) } } } }
                    }
                    div { dt { "Begun" } dd { (exact(task.created_at)) } }
                    div { dt { "Took" } dd { (span(took)) } }
                    @for (why, left) in &task.progress.skipped { div { dt { "Left out" } dd { (count(*left)) " " (left_out(*why)) } } }
                    div { dt { "Task" } dd { (id(task.id)) } }
                }
            }
        }
    }
}

async fn cancel(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let act = tasks::cancel(&context, visitor.identity(), named.id()?);
    let task = audit::doing(&context, "background_task.cancel", visitor.doer(), act).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Replays), task.id)))
}

impl From<tasks::Error> for Failure {
    fn from(error: tasks::Error) -> Self {
        match error {
            tasks::Error::Access(error) => error.into(),
            error => Self::new(StatusCode::CONFLICT, "Not begun", format!("{error}.")),
        }
    }
}

//! What failed or never came is sent again, from a time on.

use std::time::Duration;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::endpoint::Endpoint;
use postrider_core::rights::Right;
use postrider_core::task::{Job, Task, TaskStatus};
use postrider_core::time::Timestamp;

use super::{Named, Tab, page, path};
use crate::context::Context;
use crate::service::{replay, tasks};
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::parts::exact;
use crate::ui::portal::customer::Customer;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::{csrf, lacking};
use crate::ui::text::visible;

const HOUR: Duration = Duration::from_secs(3_600);
/// How far back can be chosen, in hours, and in words.
const SPANS: [(u32, &str); 6] = [
    (1, "the last hour"),
    (5, "the last 5 hours"),
    (24, "the last day"),
    (72, "the last 3 days"),
    (168, "the last week"),
    (720, "the last 30 days"),
];

/// The page, with how far a task is that its address names.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let endpoint = named.find(&context, &customer).await?;
    let asked = query.as_deref().and_then(|query| query.strip_prefix("task=")?.parse().ok());
    let task = match asked {
        Some(task) => Some(tasks::get(&context, customer.identity(), task).await?),
        None => None,
    };
    let task = task.filter(|task| task.job.endpoint() == Some(endpoint.id));
    let main = html! {
        @if let Some(task) = &task { (progress(task)) }
        @match lacking(&customer, Right::Send, "Sending again is not allowed here.") {
            Some(why_not) => div.card { (why_not) },
            None => div.halves {
                (form(&customer, &endpoint, "recover", "Send failed events again",
                    "Everything that was given up goes to this endpoint once more.", "Send failed ones again"))
                (form(&customer, &endpoint, "replay-missing", "Send what never came",
                    "Events that this endpoint wants now and never got: from before it was added, or before it chose their type.", "Send missing ones"))
            },
        }
    };
    Ok(page(&customer, &endpoint, Tab::Recover, &main).into_response())
}

fn form(customer: &Customer, endpoint: &Endpoint, act: &str, title: &str, what: &str, word: &str) -> Markup {
    let field = format!("{act}-hours");
    html! {
        form.card method="post" action={ (path(endpoint.id)) "/" (act) } {
            (csrf(customer))
            h2 { (title) }
            p.why { (what) }
            div.line {
                label for=(field) { "Of" }
                select id=(field) name="hours" {
                    @for (hours, words) in SPANS { option value=(hours) selected[hours == 24] { (words) } }
                }
                button type="submit" { (word) }
            }
        }
    }
}

/// How far a task is. Its script asks anew while it is under way.
fn progress(task: &Task) -> Markup {
    let is_running = task.status == TaskStatus::Running;
    let what = match task.job {
        Job::ReplayMissing(_) => "missing events",
        _ => "failed events",
    };
    html! {
        section.card #task data-again=[is_running.then_some("2")] aria-live="polite" {
            h2 {
                @match task.status {
                    TaskStatus::Running => { "Sending " (what) " …" }
                    TaskStatus::Finished => { "Done with " (what) }
                    TaskStatus::Failed => { "Given up" }
                    TaskStatus::Canceled => { "Ended before it was done" }
                }
            }
            progress max="1" value=(format!("{:.3}", task.walked())) aria-label="How far it is" {}
            p { (task.progress.affected) " sent again, of " (task.progress.matched) " looked at, since " (exact(task.span.since)) "." }
            @if let Some(failure) = &task.failure { p.alert { (visible(failure, false)) } }
        }
    }
}

/// Since when: as many hours back as are chosen.
fn since(form: &Form, now: Timestamp) -> Result<Timestamp, Failure> {
    let chosen = SPANS.iter().find(|(hours, _)| hours.to_string() == form.get("hours"));
    let (hours, _) = chosen.ok_or_else(|| Failure::refused("Choose how far back to go."))?;
    Ok(now.before(HOUR * *hours))
}

/// Sends again what was given up.
pub(super) async fn recover(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let since = since(&customer.read(&context, request).await?, context.now())?;
    let (app, endpoint) = (customer.app(), named.endpoint());
    let act = replay::recover(&context, customer.identity(), &app, &endpoint, (since, None), None);
    let task = customer.doing(&context, "endpoint.recover", act).await?;
    Ok(begun(&task))
}

/// Sends what never came.
pub(super) async fn replay_missing(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let since = since(&customer.read(&context, request).await?, context.now())?;
    let (app, endpoint) = (customer.app(), named.endpoint());
    let act = replay::replay_missing(&context, customer.identity(), &app, &endpoint, (since, None), None);
    let task = customer.doing(&context, "endpoint.replay_missing", act).await?;
    Ok(begun(&task))
}

fn begun(task: &Task) -> Response {
    let path = task.job.endpoint().map(|endpoint| Tab::Recover.path(endpoint)).unwrap_or_default();
    see(&format!("{path}?task={}", task.id))
}

//! How an endpoint does, and what went to it.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::endpoint::{DisabledReason, Endpoint};
use postrider_core::rights::Right;
use postrider_core::rollup::{Counter, Counts};

use super::{Named, Tab, page, path};
use crate::context::Context;
use crate::service::analytics;
use crate::ui::parts::{ago, clock, id};
use crate::ui::portal::activity::{self, Asked};
use crate::ui::portal::customer::Customer;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::csrf;
use crate::ui::text::visible;

/// The page.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let endpoint = named.find(&context, &customer).await?;
    let asked = Asked::read(&query.unwrap_or_default());
    let within = format!("endpoint:{}", endpoint.id);
    let found = activity::find(&context, &customer, &asked, &within).await?;
    let question = analytics::Query {
        app: Some(customer.app()),
        endpoint: Some(Ref::Id(endpoint.id)),
        ..analytics::Query::default()
    };
    let day = analytics::report(&context, customer.identity(), &question).await.ok();
    let main = html! {
        (standing(&customer, &endpoint))
        @if let Some(day) = &day { (figures(&day.total)) }
        section.stack aria-labelledby="sent" {
            h2 #sent { "What was sent to it" }
            (activity::list(&path(endpoint.id), &asked, &found))
        }
        (facts(&endpoint))
    };
    Ok(page(&customer, &endpoint, Tab::Overview, &main).into_response())
}

/// Why it gets nothing, or what is wrong with it.
fn standing(customer: &Customer, endpoint: &Endpoint) -> Markup {
    let may_resume = customer.may(Right::ManageEndpoints);
    html! {
        @match endpoint.disabled {
            Some(disabled) => div.card {
                p.sentence {
                    @match disabled.reason {
                        DisabledReason::Asked => "It is paused",
                        DisabledReason::Gone => "It answered 410 Gone, and was disabled",
                        DisabledReason::Failing => "Every attempt failed for days, so it was disabled",
                    }
                    " (" (ago(disabled.at)) "). Events wait until it is resumed."
                }
                @if may_resume {
                    form.actions method="post" action={ (path(endpoint.id)) "/resume" } {
                        (csrf(customer))
                        button.primary type="submit" { "Resume" }
                    }
                }
            },
            None => @if let Some(since) = endpoint.failing_since {
                p.sentence { strong.other { "Failing" } ": no attempt has succeeded since the first failure " (ago(since)) "." }
            },
        }
    }
}

fn figures(day: &Counts) -> Markup {
    let share = day.success_rate().map(|share| format!("{:.1} %", share * 100.0));
    let median = day.latency(0.5).map(clock);
    html! {
        dl.figures aria-label="The last 24 hours" {
            (figure("Delivered", &day.get(Counter::Delivered).to_string(), "in the last 24 hours"))
            (figure("Attempts", &day.attempts().to_string(), "retries among them"))
            (figure("Succeeded", share.as_deref().unwrap_or("–"), "of the attempts"))
            (figure("Given up", &day.get(Counter::GivenUp).to_string(), "after the last attempt"))
            (figure("Answer time", median.as_deref().unwrap_or("–"), "half are faster"))
        }
    }
}

fn figure(name: &str, value: &str, hint: &str) -> Markup {
    html! {
        div.figure { dt { (name) } dd.value { (value) } dd.hint { (hint) } }
    }
}

fn facts(endpoint: &Endpoint) -> Markup {
    html! {
        aside.card aria-label="Facts" {
            dl.facts {
                div { dt { "Endpoint" } dd { (id(endpoint.id)) } }
                div { dt { "Added" } dd { (ago(endpoint.created_at)) } }
                div { dt { "Event types" } dd {
                    @if endpoint.event_types.is_empty() { "all" } @else { (endpoint.event_types.len()) " chosen" }
                } }
                @if !endpoint.channels.is_empty() { div { dt { "Channels" } dd { (visible(&endpoint.channels.join(", "), false)) } } }
                @if let Some(rate) = endpoint.throttle_rate { div { dt { "At most" } dd { (rate) " attempts a second" } } }
            }
        }
    }
}

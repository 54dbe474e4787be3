//! The event types that the session sees, with what an endpoint gets of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use postrider_core::event_type::EventType;

use super::Shared;
use super::customer::Customer;
use super::failure::Failure;
use super::frame::{Frame, Place};
use super::subscriptions::Known;
use crate::context::Context;
use crate::service::event_types;
use crate::ui::catalog::{example, version_tables, versions};
use crate::ui::json;
use crate::ui::text::visible;

/// Bytes of an example that are shown.
const SHOWN: usize = 32 * 1024;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(Place::EventTypes.path(), get(list))
        .route(&format!("{}/{{name}}", Place::EventTypes.path()), get(one))
}

async fn list(customer: Customer, State(context): State<Context>) -> Result<Response, Failure> {
    let known = Known::read(&context, &customer).await?;
    let main = html! {
        p.why { "What can be sent to your endpoints. Each event is a request with a JSON body, signed with the endpoint's secret." }
        @if known.seen.is_empty() {
            div.empty { h2 { "No event types are described yet" } p { "Endpoints get all events until they choose among them." } }
        } @else {
            table.things {
                thead { tr { th scope="col" { "Event type" } th.off-small scope="col" { "Group" } } }
                tbody { @for event_type in &known.seen { (row(event_type)) } }
            }
        }
        @if known.is_cut { p.hint { "… There are more, which are not shown." } }
    };
    Ok(Frame::new(&customer, Place::EventTypes).page(&main).into_response())
}

fn row(event_type: &EventType) -> Markup {
    let first_line = event_type.description.trim().lines().next().unwrap_or_default();
    html! {
        tr {
            td.wide {
                a.row href={ (Place::EventTypes.path()) "/" (event_type.name) } { (visible(&event_type.name, false)) }
                @if event_type.deprecated { " " span.pill.other { "deprecated" } }
                span.sub { (visible(first_line, false)) }
            }
            td.off-small.tight { (visible(event_type.group_name.as_deref().unwrap_or_default(), false)) }
        }
    }
}

async fn one(
    customer: Customer,
    State(context): State<Context>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let event_type = event_types::get(&context, customer.identity(), &customer.sight(), &name).await?;
    let versions = versions(event_type.schemas.as_deref());
    let example = example(versions.first().map_or("{}", |(_, schema)| schema.get()));
    let heading = html! {
        (visible(&event_type.name, false)) @if event_type.deprecated { " " span.pill.other { "deprecated" } }
    };
    let main = html! {
        @if event_type.deprecated { p.alert { "This event type is deprecated: it is still sent, and nothing new should rely on it." } }
        @for part in event_type.description.split("\n\n") { p.why { (visible(part, true)) } }
        section.card {
            h2 { "Payload" }
            @if versions.is_empty() { p.hint { "It has no schema: the body is a JSON object." } }
            (version_tables(&versions))
        }
        section.card {
            h2 { "Example" }
            @if example.is_made_up && !versions.is_empty() { p.hint { "Made up from the schema." } }
            div.copied {
                pre.json #example tabindex="0" { (json::pretty(example.text.as_bytes(), SHOWN)) }
                copy-text hidden from="example" { button type="button" { "Copy" } }
            }
        }
    };
    let frame = Frame::new(&customer, Place::EventTypes).of(&event_type.name, heading);
    Ok(frame.page(&main).into_response())
}

//! The list of endpoints, and a new one.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::rights::Right;
use postrider_core::rollup::{Counter, Counts};
use postrider_store::{Edge, Page as Rows};

use super::fields::Fields;
use super::{path, state};
use crate::context::Context;
use crate::service::analytics::{self, By, Key};
use crate::service::endpoints;
use crate::ui::Page;
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::parts::older;
use crate::ui::portal::customer::Customer;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::{Frame, Place, csrf};
use crate::ui::portal::subscriptions::Known;
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

/// What happened at each endpoint in the last day.
type Day = BTreeMap<EndpointId, Counts>;

/// The list.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let after = query.as_deref().and_then(|query| query.strip_prefix("after=")?.parse().ok());
    let rows = Rows { limit: ROWS, edge: after.map(Edge::After), order: None };
    let listed = endpoints::list(&context, customer.identity(), &customer.app(), rows).await?;
    // Figures are a help beside the list. A list that is there is shown without them.
    let asked = analytics::Query { by: By::Endpoint, ..analytics::Query::default() };
    let report = analytics::report(&context, customer.identity(), &asked).await.ok();
    let lines = report.map(|report| report.lines).unwrap_or_default();
    let day: Day = lines.into_iter().filter_map(|line| Some((of(&line.key)?, line.total))).collect();
    let next = listed.next.map(|next| format!("{}?after={next}", Place::Endpoints.path()));
    let main = html! {
        @if listed.rows.is_empty() && after.is_none() { (empty(&customer)) } @else {
            table.things {
                thead { tr {
                    th scope="col" { "State" } th scope="col" { "Endpoint" } th.off-small scope="col" { "Event types" }
                    th.number scope="col" { "Attempts, 24 h" } th.number scope="col" { "Failed" }
                } }
                tbody { @for endpoint in &listed.rows { (row(endpoint, day.get(&endpoint.id))) } }
            }
            (older(next.as_deref()))
        }
    };
    let frame = Frame::new(&customer, Place::Endpoints);
    let frame = if customer.may(Right::ManageEndpoints) { frame.with_actions(adding()) } else { frame };
    Ok(frame.page(&main).into_response())
}

const fn of(key: &Key) -> Option<EndpointId> {
    match key {
        Key::Endpoint(_, endpoint) => Some(*endpoint),
        _ => None,
    }
}

fn adding() -> Markup {
    html! { a.button.primary href={ (Place::Endpoints.path()) "/new" } { (icon(Icon::Plus)) "Add endpoint" } }
}

fn row(endpoint: &Endpoint, day: Option<&Counts>) -> Markup {
    let (made, failed) = day.map_or((0, 0), |day| (day.attempts(), day.failed()));
    let given_up = day.map_or(0, |day| day.get(Counter::GivenUp));
    html! {
        tr {
            td.tight { (state(endpoint)) }
            td.wide {
                a.row href=(path(endpoint.id)) { (visible(&endpoint.url, false)) }
                @if !endpoint.description.is_empty() { span.sub { (visible(&endpoint.description, false)) } }
            }
            td.off-small.tight { @if endpoint.event_types.is_empty() { "all" } @else { (endpoint.event_types.len()) } }
            td.number { span.visually-hidden { "attempts " } (made) }
            td.number {
                span.visually-hidden { "failed " }
                @if failed > 0 { strong.bad { (failed) } } @else { "0" }
                @if given_up > 0 { span.sub { (given_up) " given up" } }
            }
        }
    }
}

fn empty(customer: &Customer) -> Markup {
    html! {
        div.empty {
            h2 { "No endpoints yet" }
            p { "An endpoint is a URL of yours that gets a request for each event. Add one, send it an example, and see what it answered." }
            @if customer.may(Right::ManageEndpoints) { p { (adding()) } }
            @else { p.hint { "Adding one is not allowed here." } }
        }
    }
}

/// The form for a new one.
pub(super) async fn new(customer: Customer, State(context): State<Context>) -> Result<Response, Failure> {
    customer.identity().needs(Right::ManageEndpoints)?;
    let known = Known::read(&context, &customer).await?;
    Ok(form(&customer, &Fields::default(), &known).into_response())
}

/// Makes one, and shows its page.
pub(super) async fn add(
    customer: Customer,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = customer.read(&context, request).await?;
    customer.identity().needs(Right::ManageEndpoints)?;
    let known = Known::read(&context, &customer).await?;
    let fields = Fields::sent(&sent, &known, &[]);
    let (identity, app) = (customer.identity(), customer.app());
    let act = async { endpoints::create(&context, identity, &app, fields.changes()?, None).await };
    match customer.doing(&context, "endpoint.create", act).await {
        Ok(endpoint) => Ok(see(&path(endpoint.id))),
        Err(error) => {
            let fields = fields.refused(error)?;
            let page = form(&customer, &fields, &known).with_status(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(page.into_response())
        }
    }
}

fn form(customer: &Customer, fields: &Fields, known: &Known) -> Page {
    let content = html! {
        form.card.sheet method="post" action=(Place::Endpoints.path()) {
            (csrf(customer))
            (fields.markup(known))
            div.actions { button.primary type="submit" { "Add endpoint" } a.button href=(Place::Endpoints.path()) { "Cancel" } }
        }
    };
    Frame::new(customer, Place::Endpoints).of("Add endpoint", html! { "Add endpoint" }).page(&content)
}

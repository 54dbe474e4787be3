//! What an endpoint is set to, and its end.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::endpoint::Endpoint;
use postrider_core::rights::Right;

use super::fields::Fields;
use super::{Named, Tab, page, path};
use crate::context::Context;
use crate::service::endpoints::{self, Changes};
use crate::ui::Page;
use crate::ui::page::see;
use crate::ui::portal::customer::Customer;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::{Place, csrf, lacking};
use crate::ui::portal::subscriptions::Known;
use crate::ui::text::visible;

/// The page.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let endpoint = named.find(&context, &customer).await?;
    let known = Known::read(&context, &customer).await?;
    Ok(shown(&customer, &endpoint, &Fields::of(&endpoint), &known).into_response())
}

fn shown(customer: &Customer, endpoint: &Endpoint, fields: &Fields, known: &Known) -> Page {
    let content = html! {
        @match lacking(customer, Right::ManageEndpoints, "Changing it is not allowed here.") {
            Some(why_not) => div.card { (why_not) (as_it_is(endpoint)) },
            None => {
                form.card.sheet method="post" action=(Tab::Settings.path(endpoint.id)) {
                    (csrf(customer))
                    (fields.markup(known))
                    div.actions { button.primary type="submit" { "Save" } }
                }
                (headers(endpoint))
                (ends(customer, endpoint))
            }
        }
    };
    page(customer, endpoint, Tab::Settings, &content)
}

fn as_it_is(endpoint: &Endpoint) -> Markup {
    html! {
        dl.facts {
            div { dt { "Event types" } dd {
                @if endpoint.event_types.is_empty() { "all" } @else { (visible(&endpoint.event_types.join(", "), false)) }
            } }
            @if let Some(rate) = endpoint.throttle_rate { div { dt { "Attempts a second" } dd { (rate) } } }
        }
        (headers(endpoint))
    }
}

/// Names alone: values may be credentials.
fn headers(endpoint: &Endpoint) -> Markup {
    html! {
        @if !endpoint.headers.is_empty() {
            section.card.sheet {
                h2 { "Headers" }
                p.hint { "Sent with every attempt. Their values are not shown." }
                ul.names { @for name in endpoint.headers.keys() { li { code { (visible(name, false)) } } } }
            }
        }
    }
}

fn ends(customer: &Customer, endpoint: &Endpoint) -> Markup {
    let path = path(endpoint.id);
    let is_paused = endpoint.disabled.is_some();
    html! {
        section.card.sheet {
            h2 { "Pause or delete" }
            p.hint { "A paused endpoint gets nothing; events wait for it. A deleted one is gone, and so is what waits for it." }
            div.actions {
                form method="post" action={ (path) (if is_paused { "/resume" } else { "/pause" }) } {
                    (csrf(customer))
                    button type="submit" { (if is_paused { "Resume" } else { "Pause" }) }
                }
                details.panel {
                    summary.danger { "Delete …" }
                    form method="post" action={ (path) "/delete" } {
                        (csrf(customer))
                        p { "There is no way back. Its signing secret is lost too." }
                        button.danger type="submit" { "Delete this endpoint" }
                    }
                }
            }
        }
    }
}

/// Changes it.
pub(super) async fn change(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = customer.read(&context, request).await?;
    let endpoint = named.find(&context, &customer).await?;
    let known = Known::read(&context, &customer).await?;
    let fields = Fields::sent(&sent, &known, &endpoint.event_types);
    let (identity, app, named) = (customer.identity(), customer.app(), named.endpoint());
    let act = async { endpoints::change(&context, identity, &app, &named, fields.changes()?).await };
    match customer.doing(&context, "endpoint.patch", act).await {
        Ok(endpoint) => Ok(see(&path(endpoint.id))),
        Err(error) => {
            let fields = fields.refused(error)?;
            let page = shown(&customer, &endpoint, &fields, &known);
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Nothing is sent to it until it is resumed.
pub(super) async fn pause(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    switch(&customer, &context, &named, request, true).await
}

/// It gets events again, those first that waited.
pub(super) async fn resume(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    switch(&customer, &context, &named, request, false).await
}

async fn switch(
    customer: &Customer,
    context: &Context,
    named: &Named,
    request: Request,
    disabled: bool,
) -> Result<Response, Failure> {
    customer.read(context, request).await?;
    let changes = Changes { disabled: Some(disabled), ..Changes::default() };
    let (app, named) = (customer.app(), named.endpoint());
    let act = endpoints::change(context, customer.identity(), &app, &named, changes);
    let endpoint = customer.doing(context, "endpoint.patch", act).await?;
    Ok(see(&path(endpoint.id)))
}

/// Deletes it.
pub(super) async fn delete(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    customer.read(&context, request).await?;
    let (app, named) = (customer.app(), named.endpoint());
    let act = endpoints::delete(&context, customer.identity(), &app, &named);
    customer.doing(&context, "endpoint.delete", act).await?;
    Ok(see(Place::Endpoints.path()))
}

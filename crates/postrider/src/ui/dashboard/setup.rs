//! The way to the first delivery, in steps that tick themselves, whoever takes them: this page, the API or the command
//! line.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use maud::{Markup, html};
use postrider_core::app::{App, Ref};
use postrider_core::endpoint::Endpoint;
use postrider_core::rights::Right;
use postrider_store::{AppFilter, DeliveryHit, Page as Rows};

use super::deliveries::owner;
use super::failure::Failure;
use super::{Shared, delivery};
use crate::context::Context;
use crate::service::bins::Mode;
use crate::service::messages::{Content, Draft};
use crate::service::{access, apps, audit, endpoints, messages, search};
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// The application that the page makes.
const APP: &str = "first-customer";
/// The event that it sends.
const EVENT_TYPE: &str = "hello.sent";

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/setup";
    Router::new()
        .route(PATH, get(show))
        .route(&format!("{PATH}/application"), post(application))
        .route(&format!("{PATH}/endpoint"), post(endpoint))
        .route(&format!("{PATH}/message"), post(message))
}

/// How far it is.
struct Reached {
    app: Option<App>,
    endpoint: Option<Endpoint>,
    delivery: Option<DeliveryHit>,
}

impl Reached {
    /// The newest of each: what was done last is what the visitor works on.
    async fn look(context: &Context, visitor: &SignedIn) -> Result<Self, Failure> {
        let identity = visitor.identity();
        let one = |order| Rows { limit: 1, edge: None, order };
        let with_endpoints = AppFilter { with_endpoints: true, ..AppFilter::default() };
        let newest = Some(postrider_store::Order::Descending);
        let ready = apps::list(context, identity, with_endpoints, one(newest)).await?.rows.pop();
        let app = match ready {
            Some(app) => Some(app),
            None => apps::list(context, identity, AppFilter::default(), one(newest)).await?.rows.pop(),
        };
        let endpoint = match &app {
            Some(app) => {
                let page = Rows { limit: 1, edge: None, order: None };
                endpoints::list(context, identity, &Ref::Id(app.id), page).await?.rows.pop()
            }
            None => None,
        };
        let delivery =
            search::newest(context, identity, "", 1).await.ok().and_then(|mut found| found.rows.pop());
        Ok(Self { app, endpoint, delivery })
    }
}

async fn show(visitor: SignedIn, State(context): State<Context>) -> Result<Response, Failure> {
    let reached = Reached::look(&context, &visitor).await?;
    let is_done = reached.delivery.is_some();
    let steps = html! { ol.setup { (steps(&context, &visitor, &reached)) } };
    let body = html! {
        p.why { "Four steps to the first delivery. Each ticks itself when it has happened, wherever it was done." }
        @if is_done { (steps) } @else { fresh-part #setup every="2" { (steps) } }
    };
    Ok(Frame::new(&visitor, Place::Setup).page(&body).into_response())
}

fn steps(context: &Context, visitor: &SignedIn, Reached { app, endpoint, delivery }: &Reached) -> Markup {
    let url = context.public_url();
    let may = visitor.identity().rights();
    let named = app
        .as_ref()
        .map_or("APPLICATION".to_owned(), |app| app.uid.clone().unwrap_or_else(|| app.id.to_string()));
    let has_bins = context.bins.settings().mode == Mode::Open;
    html! {
        (step(1, "A key for your program", true, &html! {
            p {
                "Programs call the API with a key: the one that the first start has printed, or one that an admin makes"
                @if visitor.sees(Place::Keys) { " under " a href=(visitor.path(Place::Keys)) { "Keys" } } "."
            }
        }))
        (step(2, "An application: one of your customers", app.is_some(), &html! {
            @if let Some(app) = app { p { "There is “" (visible(&app.name, false)) "”." } }
            @else {
                @if may.has(Right::Manage) { (button(visitor, "application", "Make “first-customer”")) }
                (curl(&format!("curl {url}/api/v1/app \\\n  -H 'authorization: Bearer KEY' -H 'content-type: application/json' \\\n  -d '{{\"name\": \"First customer\", \"uid\": \"{APP}\"}}'")))
            }
        }))
        (step(3, "An endpoint: where the customer receives", endpoint.is_some(), &html! {
            @if let Some(endpoint) = endpoint { p { code { (visible(&endpoint.url, false)) } } }
            @else {
                @if app.is_some() && has_bins && may.has(Right::ManageEndpoints) { (button(visitor, "endpoint", "Use a request bin of this server")) }
                (curl(&format!("curl {url}/api/v1/app/{named}/endpoint \\\n  -H 'authorization: Bearer KEY' -H 'content-type: application/json' \\\n  -d '{{\"url\": \"https://example.com/webhooks\"}}'")))
            }
        }))
        (step(4, "A message", delivery.is_some(), &html! {
            @if let Some(hit) = delivery {
                p { a.button.primary href=(delivery::path(visitor.environment().id, owner(&hit.app), hit.message.id, hit.endpoint.id)) { "Look at its delivery" } }
            } @else {
                @if endpoint.is_some() && may.has(Right::Publish) { (button(visitor, "message", "Send “hello.sent”")) }
                (curl(&format!("curl {url}/api/v1/app/{named}/msg \\\n  -H 'authorization: Bearer KEY' -H 'content-type: application/json' \\\n  -d '{{\"eventType\": \"{EVENT_TYPE}\", \"payload\": {{\"hello\": \"world\"}}}}'")))
            }
        }))
    }
}

fn step(number: u8, title: &str, is_done: bool, content: &Markup) -> Markup {
    html! {
        li.done[is_done] {
            span.tick aria-hidden="true" { @if is_done { "✓" } @else { (number) } }
            div.card {
                h2 { (title) @if is_done { span.visually-hidden { ", done" } } }
                (content)
            }
        }
    }
}

fn curl(command: &str) -> Markup {
    html! { pre tabindex="0" { (visible(command, true)) } }
}

fn button(visitor: &SignedIn, act: &str, word: &str) -> Markup {
    html! {
        form method="post" action={ (visitor.path(Place::Setup)) "/" (act) } {
            input type="hidden" name="csrf" value=(visitor.csrf());
            button.primary type="submit" { (word) }
        }
    }
}

async fn signed(visitor: &SignedIn, context: &Context, request: Request) -> Result<(), Failure> {
    Form::read_signed(visitor, context, request).await.map_err(|_| Failure::not_ours())?;
    Ok(())
}

async fn application(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    signed(&visitor, &context, request).await?;
    let changes = apps::Changes {
        name: Some("First customer".to_owned()),
        uid: Some(Some(APP.to_owned())),
        ..apps::Changes::default()
    };
    let act = apps::get_or_create(&context, visitor.identity(), changes, None);
    audit::doing(&context, "application.create", visitor.doer(), act).await?;
    Ok(see(&visitor.path(Place::Setup)))
}

async fn endpoint(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    signed(&visitor, &context, request).await?;
    let reached = Reached::look(&context, &visitor).await?;
    let app = reached.app.ok_or(access::Error::Missing("application"))?;
    let changes = endpoints::Changes {
        url: Some(format!("{}/bin/first-customer", context.public_url())),
        description: Some("A request bin of this server".to_owned()),
        ..endpoints::Changes::default()
    };
    let app = Ref::Id(app.id);
    let act = endpoints::create(&context, visitor.identity(), &app, changes, None);
    Box::pin(audit::doing(&context, "endpoint.create", visitor.doer(), act)).await?;
    Ok(see(&visitor.path(Place::Setup)))
}

async fn message(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    signed(&visitor, &context, request).await?;
    let reached = Reached::look(&context, &visitor).await?;
    let app = reached.app.ok_or(access::Error::Missing("application"))?;
    let draft = Draft {
        event_type: EVENT_TYPE.to_owned(),
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        retention: None,
        content: Content::Json(Bytes::from_static(br#"{"hello": "world"}"#)),
        application: None,
    };
    let sent = messages::publish(&context, visitor.identity(), &Ref::Id(app.id), draft, None).await;
    sent.map_err(|error| Failure::new(http::StatusCode::CONFLICT, "Not sent", format!("{error}.")))?;
    Ok(see(&visitor.path(Place::Setup)))
}

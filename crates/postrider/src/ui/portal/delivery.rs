//! One delivery: what the dashboard shows of it, for whose it is.

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::app::Ref;
use postrider_core::id::{EndpointId, MessageId};
use serde::Deserialize;

use super::Shared;
use super::customer::Customer;
use super::endpoint::path as endpoint_path;
use super::failure::Failure;
use super::frame::{Frame, Place};
use crate::context::Context;
use crate::service::access::Owner;
use crate::service::{deliveries, inspect};
use crate::ui::dashboard::delivery::{Asked, Scene, Viewer};
use crate::ui::page::see;

const PATH: &str = "/portal/deliveries/{message}/{endpoint}";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(PATH, get(show))
        .route(&format!("{PATH}/resend"), post(resend))
        .route(&format!("{PATH}/skip"), post(skip))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    message: String,
    endpoint: String,
}

impl Named {
    fn parts(&self) -> (Ref<MessageId>, Ref<EndpointId>) {
        (Ref::parse(&self.message), Ref::parse(&self.endpoint))
    }
}

/// The path of a delivery's page. Ids need no escaping.
pub(super) fn path(message: MessageId, endpoint: EndpointId) -> String {
    format!("/portal/deliveries/{message}/{endpoint}")
}

async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (app, (message, endpoint)) = (customer.app(), named.parts());
    let inspected =
        inspect::delivery(&context, customer.identity(), Owner::App(&app), &message, &endpoint).await?;
    let asked = Asked::read(&query.unwrap_or_default());
    let viewer = Viewer {
        path: path(inspected.message.id, inspected.endpoint.id),
        csrf: customer.csrf(),
        rights: customer.identity().rights(),
        endpoint: endpoint_path(inspected.endpoint.id),
        message: None,
        app: None,
        edit: None,
        original: None,
    };
    let scene = Scene { viewer, inspected: &inspected, asked: &asked, now: context.now(), checked: None };
    let frame = Frame::new(&customer, Place::Activity).of(&scene.title(), scene.heading());
    Ok(frame.page(&scene.content()).into_response())
}

/// Sends it again, now.
async fn resend(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    customer.read(&context, request).await?;
    let (app, (message, endpoint)) = (customer.app(), named.parts());
    let act = deliveries::resend(&context, customer.identity(), &app, &message, &endpoint, None);
    customer.doing(&context, "message_attempt.resend", act).await?;
    Ok(see(&named.path()))
}

/// Gives it up.
async fn skip(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    customer.read(&context, request).await?;
    let (app, (message, endpoint)) = (customer.app(), named.parts());
    let act = deliveries::skip(&context, customer.identity(), &app, &message, &endpoint);
    customer.doing(&context, "delivery.skip", act).await?;
    Ok(see(&named.path()))
}

impl Named {
    /// The page again. Both parts have named something, so that they are ids or uids, which need no escaping.
    fn path(&self) -> String {
        format!("/portal/deliveries/{}/{}", self.message, self.endpoint)
    }
}

//! The REST face: HTTP and JSON around `service`, in the form that the client libraries speak.
//!
//! In reading order:
//!
//! - the way of a request: `guard`, `places`, `audited`, `caller`, `path`, `query`, `repeatable`, `body` and `json`;
//! - the way of an answer: `answer`, `page`, `problem`;
//! - the operations, by noun: `application`, `event_type`, `endpoint`, `message`, `attempt`, `delivery`, `search`, `background_task`, `ingest`, `listen`,
//!   `environment`, `key`, `user`, `portal`, `audit`, `system`;
//! - `openapi`: the document, which is made from the same declarations as the routes.
//!
//! Invariants: a caller is known before its body is read, and a body is never larger than the configured limit; every
//! answer but 204 and streams of events is JSON; a handler translates and decides nothing.

#![expect(clippy::option_option, reason = "in a PATCH, absent and null are two things")]
#![expect(unused_qualifications, reason = "utoipa's macros spell out the paths of what they are given")]

mod audited;
mod body;
mod caller;
mod guard;
mod json;
mod patch;
mod path;
mod places;
mod query;
mod repeatable;

mod answer;
mod page;
mod problem;

mod application;
mod event_type;

mod endpoint;

mod message;

mod analytics;
mod attempt;
mod background_task;
mod delivery;
mod issue;
mod search;
mod status;

mod ingest;

mod listen;

mod audit;
mod bin;
mod environment;
mod key;
mod portal;
mod system;
mod user;

mod openapi;

pub(crate) use analytics::{json as analytics_json, latency_json};

use axum::Router;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::context::Context;

/// All operations.
fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(application::routes())
        .merge(event_type::routes())
        .merge(endpoint::routes())
        .merge(message::routes())
        .merge(attempt::routes())
        .merge(delivery::routes())
        .merge(search::routes())
        .merge(background_task::routes())
        .merge(issue::routes())
        .merge(analytics::routes())
        .merge(ingest::routes())
        .merge(listen::routes())
        .merge(bin::routes())
        .merge(environment::routes())
        .merge(key::routes())
        .merge(portal::routes())
        .merge(audit::routes())
        .merge(user::routes())
        .merge(system::routes())
}

/// The API, ready to be served.
pub fn router(context: Context) -> Router {
    let (router, document) = routes().split_for_parts();
    let document = openapi::complete(document);
    let audit = audited::Audit::new(Context::clone(&context), &document);
    let document = answer::render(&document);
    let guard = guard::Guard::new(context.limits.requests);
    router
        .route("/openapi.json", get(async move || answer::json(http::StatusCode::OK, document)))
        .fallback(guard::no_route)
        .method_not_allowed_fallback(guard::no_method)
        .layer(audit)
        .layer(guard)
        .with_state(context)
}

/// The description of the API.
#[must_use]
pub fn openapi() -> OpenApi {
    openapi::complete(routes().into_openapi())
}

//! Attempts: what happened each time a message was tried at an endpoint.

mod content;
mod list;
mod model;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::context::Context;

/// The tag of these operations.
pub(super) const TAG: &str = "Message Attempt";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(list::by_endpoint))
        .routes(routes!(list::by_message))
        .routes(routes!(content::get))
        .routes(routes!(content::expunge))
}

//! Deliveries: messages on their way to endpoints.

mod act;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::context::Context;
use crate::service::deliveries::Error;

/// The tag of the operations that older clients know under attempts.
pub(super) const ATTEMPT_TAG: &str = super::attempt::TAG;
/// The tag of the others.
pub(super) const TAG: &str = "Delivery";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(list::by_endpoint))
        .routes(routes!(list::by_message))
        .routes(routes!(act::resend))
        .routes(routes!(act::skip))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::NoPayload => {
                Self::refused("path", "msg_id", "value_error.payload_expired", error.to_string())
            }
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}

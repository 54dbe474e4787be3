//! Messages: one event for one application.

mod create;
mod model;
mod precheck;
mod read;
mod replay;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use model::{MessageHead, MessageOut, render, write, write_payload};
pub(super) use read::FilterQuery;

use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::messages::Error;

/// The tag of these operations.
pub(super) const TAG: &str = "Message";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(read::list, create::create))
        .routes(routes!(read::get))
        .routes(routes!(read::expunge))
        .routes(routes!(replay::replay))
        .routes(routes!(precheck::precheck))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::Application(error) => error.into(),
            Error::EventIdTaken => Self::conflict(sentence(&error)),
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}

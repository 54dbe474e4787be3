//! Endpoints: where an application's messages go.

mod example;
mod headers;
mod model;
mod read;
mod replay;
mod secret;
mod write;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use model::EndpointOut;

use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::endpoints::Error;

/// The tag of these operations.
pub(super) const TAG: &str = "Endpoint";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(read::list, write::create))
        .routes(routes!(read::get, write::upsert, write::patch, write::delete))
        .routes(routes!(secret::get))
        .routes(routes!(secret::rotate))
        .routes(routes!(headers::get, headers::set, headers::patch))
        .routes(routes!(read::stats))
        .routes(routes!(replay::recover))
        .routes(routes!(replay::replay_missing))
        .routes(routes!(replay::bulk_replay))
        .routes(routes!(example::send))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::UidTaken => Self::conflict(sentence(&error)),
            Error::TooMany { .. } => Self::too_many(&error),
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}

//! Receiving: sources with their endpoints, and what came to them.

mod dashboard;
mod endpoint;
mod filter;
mod headers;
mod model;
mod reception;
mod replay;
mod secret;
mod source;
mod transformation;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use replay::{EditsIn, ReplayedOut, named, render as render_replayed};

use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::sources::Error;

/// The tags of these operations.
const SOURCE: &str = "Ingest Source";
const ENDPOINT: &str = "Ingest Endpoint";
const FILTER: &str = "Ingest Endpoint Filter";
const TRANSFORMATION: &str = "Ingest Endpoint Transformation";
const RECEPTION: &str = "Ingest Reception";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(source::list, source::create))
        .routes(routes!(source::get, source::upsert, source::delete))
        .routes(routes!(source::rotate_token))
        .routes(routes!(dashboard::give_out))
        .routes(routes!(endpoint::list, endpoint::create))
        .routes(routes!(endpoint::get, endpoint::upsert, endpoint::delete))
        .routes(routes!(secret::get))
        .routes(routes!(secret::rotate))
        .routes(routes!(headers::get, headers::set))
        .routes(routes!(filter::get, filter::set, filter::delete))
        .routes(routes!(transformation::get, transformation::patch))
        .routes(routes!(reception::list))
        .routes(routes!(reception::get))
        .routes(routes!(reception::refused))
        .routes(routes!(replay::one))
        .routes(routes!(replay::range))
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

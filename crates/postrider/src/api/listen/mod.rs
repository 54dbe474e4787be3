//! Listening: what sources receive, as a stream of events, and what became of it where it went.
//!
//! The protocol is one answer that does not end (server-sent events) and one small request for each message, so that it
//! passes proxies and can be watched with curl.

mod ack;
mod model;
mod query;
mod stream;

use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, Refusal, sentence};
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::listen::Error;

/// The tag of these operations.
const TAG: &str = "Ingest Listener";

/// When to ask again for a place.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(stream::listen)).routes(routes!(ack::ack))
}

/// An error of an operation whose values stand in `place`.
fn problem(place: &str, error: Error) -> Problem {
    match error {
        Error::Access(error) => error.into(),
        Error::Invalid(invalid) => refused(place, invalid),
        Error::TooMany { .. } => Problem::Plain {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "overloaded",
            detail: sentence(&error).into(),
            retry_after: Some(RETRY_AFTER),
        },
        Error::Stopping => postrider_store::Error::Closed.into(),
    }
}

fn refused(place: &str, invalid: InvalidFields) -> Problem {
    let refusals = invalid.0.into_iter().map(|error| Refusal {
        loc: std::iter::once(place.to_owned()).chain(error.at).collect(),
        msg: error.invalid.message,
        kind: error.invalid.kind,
    });
    Problem::Invalid(refusals.collect())
}

//! The face of relays: the protocol of smee.io below `/smee/`, and that of the `svix` command at `/api/v1/listen/` with its
//! addresses below `/in/`, which [`inlet`](crate::inlet) hands over to the same service.
//!
//! Clients of both work unchanged. Nothing here asks for a key: see [`service::relay`](crate::service::relay) for what
//! bounds it. Answers are never read as pages.

mod smee;
mod socket;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{any, get, post};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::context::Context;

/// The addresses of relays.
pub fn router(context: Context) -> Router {
    Router::new()
        .route("/smee/new", get(smee::new))
        .route("/smee/{channel}", get(smee::follow).merge(post(smee::post)))
        .route("/api/v1/listen/", any(socket::listen))
        .with_state(context)
}

/// An answer in a sentence.
fn told(status: StatusCode, sentence: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{sentence}\n")));
    *response.status_mut() = status;
    dress(&mut response, "text/plain; charset=utf-8");
    response
}

fn dress(response: &mut Response, content_type: &'static str) {
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

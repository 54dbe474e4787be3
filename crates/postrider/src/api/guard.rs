//! What goes around every request: load shedding, panics, and the headers that all answers carry.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::sync::Semaphore;

use super::answer;
use super::problem::Problem;

/// Places for requests under way.
pub(super) type Places = Arc<Semaphore>;

/// Runs a request if there is a place for it, and dresses its answer.
pub(super) async fn guard(State(places): State<Places>, request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        preflight()
    } else {
        match places.try_acquire() {
            Ok(_place) => run(request, next).await,
            Err(_) => overloaded().into_response(),
        }
    };
    dress(response.headers_mut());
    response
}

/// A panic of one request is its own: the caller gets an answer, and the connection lives.
async fn run(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a request panicked");
        Problem::internal().into_response()
    })
}

fn overloaded() -> Problem {
    let detail = "Too many requests are under way.";
    Problem::passing(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail, Duration::from_secs(1))
}

/// Browsers on any site may use the API with a key in the header; there are no cookies that they could ride on.
fn preflight() -> Response {
    let mut response = answer::empty();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, idempotency-key, *"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn dress(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// No route has the path.
pub(super) async fn no_route() -> Problem {
    Problem::not_found("There is nothing at this path.")
}

/// The path has other methods.
pub(super) async fn no_method() -> Problem {
    let detail = "This path does not have this method.";
    Problem::plain(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

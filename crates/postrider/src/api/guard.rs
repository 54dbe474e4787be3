//! What goes around every request: load shedding, loops, panics, and the headers that all answers carry.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use postrider_core::scope::Identity;
use tower::{Layer, Service};

use super::places::{NoPlace, Payer, Places};
use super::problem::Problem;
use super::{answer, caller};

/// Guards services, which share its places for requests under way. Cheap to clone. A layer of its own and not a
/// function in a middleware, because it is on the way of every message.
#[derive(Clone)]
pub(super) struct Guard {
    places: Arc<Places>,
}

/// A guarded service.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    inner: S,
    places: Arc<Places>,
}

impl Guard {
    /// A guard that lets `requests` be under way at once.
    pub(super) fn new(requests: usize) -> Self {
        Self { places: Arc::new(Places::new(requests)) }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, places: Arc::clone(&self.places) }
    }
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.method() == Method::OPTIONS {
            return Box::pin(std::future::ready(Ok(dressed(preflight()))));
        }
        if is_delivery(request.headers()) {
            return Box::pin(std::future::ready(Ok(dressed(looped().into_response()))));
        }
        let place = match self.places.take(payer(&request)) {
            Ok(place) => place,
            Err(why) => return Box::pin(std::future::ready(Ok(dressed(overloaded(why).into_response())))),
        };
        let answering = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let _place = place;
            // A panic of one request is its own: the caller gets an answer, and the connection lives.
            let response = answering.await.unwrap_or_else(|_| {
                tracing::error!("a request panicked");
                Ok(Problem::internal().into_response())
            });
            response.map(dressed)
        })
    }
}

/// Whether a request is one of our deliveries, or somebody's like them: every one of ours is signed under one of these
/// names, and custom headers cannot have them.
fn is_delivery(headers: &HeaderMap) -> bool {
    ["webhook-signature", "svix-signature"].iter().any(|name| headers.contains_key(*name))
}

/// An endpoint that leads back here, with a key among its headers, would make messages out of messages: with a few
/// such endpoints, one request becomes any number of them.
fn looped() -> Problem {
    let detail = "This request is a webhook: the API takes none, so that deliveries cannot lead back to it.";
    Problem::plain(StatusCode::LOOP_DETECTED, "loop_detected", detail)
}

/// Whose share of the places a request has.
fn payer(request: &Request) -> Payer<'_> {
    if request.extensions().get::<Identity>().is_some() {
        return Payer::Operator;
    }
    Payer::Key(caller::bearer(request.headers()).unwrap_or_default())
}

fn overloaded(why: NoPlace) -> Problem {
    let detail = match why {
        NoPlace::Full => "Too many requests are under way.",
        NoPlace::OverShare => "Too many requests with this key are under way.",
    };
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

fn dressed(mut response: Response) -> Response {
    dress(response.headers_mut());
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

//! What providers are answered.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use postrider_core::inbound::Reply;

/// What keeps a browser from taking what is answered for a page of ours.
const SAFE: [(HeaderName, &str); 2] =
    [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")];

/// An answer that the provider's preset gives. Never read as a page: what it echoes is the caller's.
pub(super) fn of(reply: Reply, is_head: bool) -> Response {
    let Reply { status, content_type, headers, body } = reply;
    let mut response = Response::new(if is_head { Body::empty() } else { Body::from(body) });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let content_type = content_type.map(|value| ("content-type".to_owned(), value));
    for (name, value) in content_type.into_iter().chain(headers) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    for (name, value) in SAFE {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Nothing is there; the same for a token that never was, was replaced, or whose source is gone.
pub(super) fn not_found() -> Response {
    told(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.")
}

/// The body has too many bytes.
pub(super) fn too_large(limit: usize) -> Response {
    told(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        &format!("The body is larger than {limit} bytes."),
    )
}

/// The body did not come in time.
pub(super) fn too_slow() -> Response {
    told(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body came too slowly.")
}

/// The body is not whole.
pub(super) fn broken_off() -> Response {
    told(StatusCode::BAD_REQUEST, "generic_error", "The body ended before it was complete.")
}

/// It has come through servers like this one again and again.
pub(super) fn looped() -> Response {
    let detail = "This request has been forwarded too often: an endpoint leads back to a source.";
    told(StatusCode::LOOP_DETECTED, "loop_detected", detail)
}

/// Our own trouble, which passes.
pub(super) fn come_again(after: Duration) -> Response {
    let mut response = told(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again a little later.");
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn told(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = serde_json::json!({ "code": code, "detail": detail }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

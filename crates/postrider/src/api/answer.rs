//! Answers that are JSON.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::service::Ensured;

/// An answer with `value` as its body.
pub(crate) fn reply(status: StatusCode, value: &impl Serialize) -> Response {
    json(status, render(value))
}

/// An answer with a body that is JSON already.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer to an upsert: 201 for what it made, 200 for what was there.
pub(crate) fn ensured<T>(ensured: &Ensured<T>, render: fn(&T) -> Bytes) -> Response {
    match ensured {
        Ensured::Created(value) => json(StatusCode::CREATED, render(value)),
        Ensured::Existing(value) => json(StatusCode::OK, render(value)),
    }
}

/// An answer without a body.
pub(crate) fn empty() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The text of `value`.
pub(crate) fn render(value: &impl Serialize) -> Bytes {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out);
    out.into()
}

/// Appends the text of `value`.
pub(crate) fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("our own types are JSON, and memory takes it");
}

/// Appends the text of `object`, which is not empty, with one more member whose value `raw` writes as it is.
pub(crate) fn write_with(
    object: &impl Serialize,
    name: &str,
    raw: impl FnOnce(&mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    write(object, out);
    debug_assert!(out.ends_with(b"}") && !out.ends_with(b"{}"), "an object with members");
    out.pop();
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    raw(out);
    out.push(b'}');
}

//! What is answered to what cannot be done.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::answer_json;
use crate::service::fields::InvalidFields;

/// In the form of the API's errors.
pub(super) fn told(status: StatusCode, code: &str, detail: &str) -> Response {
    answer_json(status, json!({ "code": code, "detail": detail }).to_string())
}

/// There is no such bin, link, request or act.
pub(super) fn not_found() -> Response {
    told(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.")
}

/// A form, or what acts like one, that is not from our page.
pub(super) fn not_from_here() -> Response {
    let detail = "This is taken from the bin's own page only. Load the page again, and try once more.";
    told(StatusCode::FORBIDDEN, "not_from_here", detail)
}

/// There is too much of something; it may be better soon.
pub(super) fn come_again(detail: &str, after: Duration) -> Response {
    let mut response = told(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    response
}

/// Values are refused; each with its place.
pub(super) fn invalid(invalid: &InvalidFields) -> Response {
    let refusals = invalid.0.iter().map(|error| {
        let at = std::iter::once("body").chain(error.at.iter().map(String::as_str));
        json!({ "loc": at.collect::<Vec<_>>(), "msg": error.invalid.message, "type": error.invalid.kind })
    });
    let detail: Vec<Value> = refusals.collect();
    answer_json(StatusCode::UNPROCESSABLE_ENTITY, json!({ "detail": detail }).to_string())
}

/// The same as one sentence, for a page.
pub(super) fn sentence(invalid: &InvalidFields) -> String {
    let findings = invalid.0.iter().map(|error| {
        let at = error.at.join(".");
        if at.is_empty() {
            error.invalid.message.to_string()
        } else {
            format!("{at}: {}", error.invalid.message)
        }
    });
    findings.collect::<Vec<_>>().join("; ")
}

//! Answers that visitors may keep, and ask about.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::telemetry::build;
use crate::ui::assets::{DOCS, DOCS_SCRIPT, STYLE};

/// Anybody may keep it, and asks each time whether it is still good: a change must be seen when it is looked for.
const CONTROL: HeaderValue = HeaderValue::from_static("public, no-cache");

/// What `make` makes, under a tag for this `revision` of the content; nothing new for who has that already. What is no
/// success is not kept.
pub(super) fn kept(headers: &HeaderMap, revision: &str, make: impl FnOnce() -> Response) -> Response {
    let tag = tag(revision);
    let mut response = if has(headers, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        make()
    };
    if matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
        response.headers_mut().insert(header::CACHE_CONTROL, CONTROL);
        if let Ok(tag) = HeaderValue::try_from(tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
    }
    response
}

/// Whether a visitor has this `revision` already: [`kept`] makes nothing then.
pub(super) fn is_known(headers: &HeaderMap, revision: &str) -> bool {
    has(headers, &tag(revision))
}

fn tag(revision: &str) -> String {
    // Another program renders the same content otherwise, and its pages load other files.
    let looks = [&STYLE, &DOCS, &DOCS_SCRIPT].map(|asset| asset.path().split('/').nth(2).unwrap_or_default());
    format!("W/\"{revision}-{}-{}\"", build::VERSION, looks.concat())
}

fn has(headers: &HeaderMap, tag: &str) -> bool {
    let asked = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    asked.flat_map(|value| value.split(',')).any(|one| one.trim() == tag)
}

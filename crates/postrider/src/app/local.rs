//! The API without a network: for commands, for the sample of `postrider dev`, and for tests.

use axum::body::Body;
use axum::{Extension, Router};
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Collected, Limited};
use postrider_core::scope::Identity;
use serde_json::Value;
use tower::ServiceExt as _;

/// Bytes of one answer: more than the longest page of a list.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A caller inside this process, who needs no key.
#[derive(Clone)]
pub struct Local(Router);

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its body; `null` when it has none or is no JSON.
    pub body: Value,
}

impl Local {
    pub(super) fn new(api: Router, identity: Identity) -> Self {
        Self(api.layer(Extension(identity)))
    }

    /// Asks the API. `path` begins with a slash and is percent-encoded; it comes from the code, not from outside.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(text))
            .expect("callers give a valid path");
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map(Collected::to_bytes);
        Reply::new(status, &bytes.unwrap_or_default())
    }
}

impl Reply {
    /// An answer with this body.
    #[must_use]
    pub fn new(status: StatusCode, body: &[u8]) -> Self {
        Self { status, body: serde_json::from_slice(body).unwrap_or_default() }
    }
}

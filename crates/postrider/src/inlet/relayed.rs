//! Requests for a listener that has a token of the relay, instead of an address of a source.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::answer;
use crate::body::{self, Unread};
use crate::context::Context;
use crate::service::relay::{Uncalled, is_token};

/// Bytes of a body.
const BODY_BYTES: usize = 1024 * 1024;
/// When a sender should come again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Whether a request to this token is for a relay.
pub(super) fn is_for(context: &Context, token: &str) -> bool {
    context.relay.is_on() && is_token(token)
}

/// Hands the request to whoever has the token, and answers with what is said there.
pub(super) async fn relay(context: &Context, token: &str, parts: &Parts, body: Body) -> Response {
    // Known before the body is read.
    if !context.relay.sockets.is_held(token) {
        return answer::not_found();
    }
    let mut held = context.memory.hold();
    let bytes = match body::read(body, body::announced(&parts.headers), BODY_BYTES, &mut held).await {
        Ok(bytes) => bytes,
        Err(Unread::TooLarge) => return answer::too_large(BODY_BYTES),
        Err(Unread::TooSlow) => return answer::too_slow(),
        Err(Unread::BrokenOff) => return answer::broken_off(),
        Err(Unread::Crowded) => return answer::come_again(RETRY_AFTER),
    };
    let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    match context.relay.sockets.call(token, parts.method.to_string(), headers, bytes).await {
        Ok(reply) => answer::of(reply, parts.method == http::Method::HEAD),
        Err(Uncalled::Nobody) => answer::not_found(),
        Err(Uncalled::Busy) => answer::come_again(RETRY_AFTER),
        Err(Uncalled::Silent) => {
            let mut response = answer::come_again(RETRY_AFTER);
            *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
            response
        }
    }
}

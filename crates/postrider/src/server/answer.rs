//! Answering one request, whatever the handler does.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::Service as _;

/// Headers of a request.
const HEADERS: usize = 64;

/// The whole answer to a head that did not come in time.
pub(super) const SLOW_HEAD: &[u8] = b"HTTP/1.1 408 Request Timeout\r\n\
    content-type: application/json\r\n\
    connection: close\r\n\
    content-length: 78\r\n\r\n\
    {\"code\":\"request_timeout\",\"detail\":\"the request's head did not come in time\"}\n";

/// Hands a request to the router.
pub(super) async fn answer(mut router: Router, request: Request<Incoming>) -> Response<Body> {
    if request.headers().len() > HEADERS {
        return refusal(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "{\"code\":\"too_many_headers\",\"detail\":\"a request has at most 64 headers\"}\n",
        );
    }
    // A panic must not take the connection with it: pipelined requests behind it are innocent.
    match AssertUnwindSafe(async { router.call(request).await }).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        // The panic hook has logged what and where.
        Err(_) => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "{\"code\":\"server_error\",\"detail\":\"the server failed to answer this request\"}\n",
        ),
    }
}

/// An answer after which the connection is closed: the request's body may be unread.
fn refusal(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slow_heads_answer_is_framed() {
        let text = std::str::from_utf8(SLOW_HEAD).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{} in {head}", body.len());
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }
}

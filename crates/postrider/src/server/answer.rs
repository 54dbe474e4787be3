//! Answering one request, whatever the handler does.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::Service as _;

use super::head;

/// Headers of a request.
const HEADERS: usize = 64;

/// What is answered to a request that no handler has answered. The connection is closed after it: how the request goes
/// on, or where the next one begins, is not known.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
}

/// The head did not come in time.
pub(super) const SLOW_HEAD: Refusal = Refusal {
    status: StatusCode::REQUEST_TIMEOUT,
    code: "request_timeout",
    detail: "The request's head did not come in time.",
};
/// The head has too many bytes.
pub(super) const LARGE_HEAD: Refusal = Refusal {
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    code: "head_too_large",
    detail: "The line and headers of a request have at most 16 KiB.",
};
/// What came is no head.
pub(super) const MALFORMED_HEAD: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    code: "malformed_request",
    detail: "The request's line or headers are not valid HTTP/1.1.",
};
/// It is not told, or told twice, for whom the request is.
pub(super) const NOT_ONE_HOST: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    code: "malformed_request",
    detail: "A request has one Host header.",
};
/// The body is sent in a way that could be read in two.
pub(super) const NOT_CHUNKED: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    code: "malformed_request",
    detail: "The only Transfer-Encoding is chunked.",
};
const MANY_HEADERS: Refusal = Refusal {
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    code: "too_many_headers",
    detail: "A request has at most 64 headers.",
};
const PANICKED: Refusal = Refusal {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: "server_error",
    detail: "The server failed to answer this request.",
};

impl Refusal {
    /// In the form of the API's errors. Codes and details have nothing that JSON escapes.
    fn body(&self) -> String {
        format!("{{\"code\":\"{}\",\"detail\":\"{}\"}}", self.code, self.detail)
    }

    /// For where a request was read.
    fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// For where none was: all bytes of the answer.
    pub(super) fn message(&self) -> String {
        let body = self.body();
        format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.status,
            body.len()
        )
    }
}

/// Hands a request to the router.
pub(super) async fn answer(mut router: Router, request: Request<Incoming>) -> Response<Body> {
    if request.headers().len() > HEADERS {
        return MANY_HEADERS.response();
    }
    if let Some(refusal) = head::refuse(request.version(), request.headers()) {
        return refusal.response();
    }
    // A panic must not take the connection with it: pipelined requests behind it are innocent.
    match AssertUnwindSafe(async { router.call(request).await }).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        // The panic hook has logged what and where.
        Err(_) => PANICKED.response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_framed_and_in_the_form_of_the_apis_errors() {
        let heads = [SLOW_HEAD, LARGE_HEAD, MALFORMED_HEAD, NOT_ONE_HOST, NOT_CHUNKED, MANY_HEADERS];
        for refusal in heads.into_iter().chain([PANICKED]) {
            let text = refusal.message();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {} ", refusal.status.as_u16())), "{head}");
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{} in {head}", body.len());
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["code"], &body["detail"]), (&refusal.code.into(), &refusal.detail.into()));
        }
    }
}

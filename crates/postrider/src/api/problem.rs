//! Everything that is not the answer a caller hoped for, as HTTP.
//!
//! Each error of `service` is turned into a [`Problem`] by one exhaustive match, which stands beside the handlers that
//! use it; what all of them share is here. Every problem has a JSON body: `{code, detail}`, or for refused values
//! `{detail: [{loc, msg, type}]}`.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use postrider_store::{Answer, Error as StoreError, Repeat};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use crate::service::access;
use crate::service::fields::{FieldError, InvalidFields};

/// When to ask again after a failure of ours that may pass.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// See the module's documentation.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A status with a code for programs and a sentence for people.
    Plain {
        /// The status.
        status: StatusCode,
        /// A stable word.
        code: &'static str,
        /// A sentence.
        detail: Cow<'static, str>,
        /// When to ask again.
        retry_after: Option<Duration>,
    },
    /// Refused values, status 422.
    Invalid(Vec<Refusal>),
    /// Not a problem at all: the request was made before, and this was the answer.
    Answered {
        /// Its status.
        status: StatusCode,
        /// Its body.
        body: Bytes,
    },
}

/// The body of most errors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HttpError)]
pub(crate) struct PlainBody<'a> {
    /// A stable word for programs.
    #[schema(example = "not_found")]
    code: &'a str,
    /// A sentence for people.
    #[schema(example = "There is no such application.")]
    detail: &'a str,
}

/// The body of an error that lists refused values.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HttpValidationError)]
pub(crate) struct InvalidBody<'a> {
    /// One entry for each refused value.
    detail: &'a [Refusal],
}

/// One refused value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(crate) struct Refusal {
    /// Where it stood: `body`, `query`, `path` or `header`, then names and indexes inside.
    #[schema(example = json!(["body", "channels", "0"]))]
    pub(crate) loc: Vec<String>,
    /// A sentence for people.
    pub(crate) msg: Cow<'static, str>,
    /// A stable word for programs.
    #[serde(rename = "type")]
    #[schema(example = "value_error")]
    pub(crate) kind: &'static str,
}

impl Problem {
    /// A status with its code and sentence. Not 422: clients read lists of refused values there and nothing else.
    pub(crate) fn plain(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        debug_assert_ne!(status, StatusCode::UNPROCESSABLE_ENTITY);
        Self::Plain { status, code, detail: detail.into(), retry_after: None }
    }

    /// As [`Problem::plain`], for something that may work later.
    pub(crate) fn passing(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
        retry_after: Duration,
    ) -> Self {
        Self::Plain { status, code, detail: detail.into(), retry_after: Some(retry_after) }
    }

    /// Refused values of a query string.
    pub(crate) fn in_query(invalid: InvalidFields) -> Self {
        Self::invalid("query", invalid)
    }

    fn invalid(place: &str, invalid: InvalidFields) -> Self {
        let refusal = |FieldError { at, invalid }: FieldError| {
            let loc = std::iter::once(place.to_owned()).chain(at).collect();
            Refusal { loc, msg: invalid.message, kind: invalid.kind }
        };
        Self::Invalid(invalid.0.into_iter().map(refusal).collect())
    }

    /// One refused value: `place` is `query`, `path` or `header`.
    pub(crate) fn refused(
        place: &str,
        name: &str,
        kind: &'static str,
        msg: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid(vec![Refusal { loc: vec![place.to_owned(), name.to_owned()], msg: msg.into(), kind }])
    }

    /// Nothing is there, or nothing that this caller may see.
    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Something else has the name.
    pub(crate) fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::CONFLICT, "conflict", detail)
    }

    /// There are as many as there may be.
    pub(crate) fn too_many(error: &dyn std::error::Error) -> Self {
        let loc = vec!["body".to_owned()];
        Self::Invalid(vec![Refusal { loc, msg: error.to_string().into(), kind: "value_error.too_many" }])
    }

    /// A failure of ours.
    pub(crate) fn internal() -> Self {
        let detail = "Something failed on our side; it was recorded.";
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }
}

/// An error's message as a sentence.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}

impl From<access::Error> for Problem {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Denied(denied) => {
                Self::plain(StatusCode::FORBIDDEN, "insufficient access", sentence(&denied))
            }
            access::Error::Missing(_) => Self::not_found(sentence(&error)),
            access::Error::Crowded(_) => {
                let detail = "This application has too much of this under way.";
                Self::passing(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail, Duration::from_secs(1))
            }
            access::Error::TooFast { retry_after } => {
                let detail = "This application publishes too fast.";
                Self::passing(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail, retry_after)
            }
            access::Error::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (busy, down) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE);
        match error {
            StoreError::Overloaded { retry_after } => {
                Self::passing(busy, "overloaded", "Too much is waiting to be written.", retry_after)
            }
            StoreError::Full => {
                let detail = "The disk is full: nothing new is accepted until there is room.";
                Self::passing(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail, RETRY_AFTER)
            }
            StoreError::Closed => Self::passing(down, "stopping", "The server is stopping.", RETRY_AFTER),
            StoreError::Broken(_) => {
                tracing::error!(%error, "failed to answer: the store is broken");
                let detail = "Nothing can be made durable; the server must be restarted.";
                Self::passing(down, "store_broken", detail, RETRY_AFTER)
            }
            StoreError::Unknown => {
                tracing::error!(%error, "failed to answer: what became of the request is not known");
                let detail = "Whether this happened is not known. Ask again with the same idempotency key.";
                Self::passing(down, "outcome_unknown", detail, RETRY_AFTER)
            }
            StoreError::Corrupt { .. } | StoreError::Engine(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "failed to answer");
                Self::internal()
            }
        }
    }
}

impl From<InvalidFields> for Problem {
    fn from(invalid: InvalidFields) -> Self {
        Self::invalid("body", invalid)
    }
}

impl From<Repeat> for Problem {
    fn from(repeat: Repeat) -> Self {
        match repeat {
            Repeat::Answered { status, answer: Answer::Body(body) } => {
                Self::Answered { status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK), body }
            }
            // Handlers whose answer is made again from a message do so before it comes here.
            Repeat::Answered { answer: Answer::Message(_), .. } | Repeat::OtherRequest => Self::refused(
                "header",
                "idempotency-key",
                "value_error.idempotency_key",
                "this key was used for another request",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Answered { status, body } => answer::json(status, body),
            Self::Invalid(refusals) => {
                answer::reply(StatusCode::UNPROCESSABLE_ENTITY, &InvalidBody { detail: &refusals })
            }
            Self::Plain { status, code, detail, retry_after } => {
                let mut response = answer::reply(status, &PlainBody { code, detail: &detail });
                let headers = response.headers_mut();
                if let Some(wait) = retry_after {
                    // Whole seconds, and never "at once".
                    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                    headers.insert(header::RETRY_AFTER, seconds.max(1).into());
                }
                if status == StatusCode::UNAUTHORIZED {
                    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                response
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use postrider_core::names::Invalid;

    use super::*;

    async fn body(problem: Problem) -> (u16, Option<String>, String) {
        let response = problem.into_response();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(response.headers()["content-type"], "application/json");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, retry_after, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn bodies_have_the_two_forms_of_the_contract() {
        let (status, _, text) = body(access::Error::Missing("application").into()).await;
        assert_eq!(
            (status, text.as_str()),
            (404, r#"{"code":"not_found","detail":"There is no such application."}"#)
        );
        let invalid = InvalidFields::one("uid", Invalid::value("must be x")).under("application");
        let (status, _, text) = body(invalid.into()).await;
        let expected =
            r#"{"detail":[{"loc":["body","application","uid"],"msg":"must be x","type":"value_error"}]}"#;
        assert_eq!((status, text.as_str()), (422, expected));
    }

    #[tokio::test]
    async fn overload_is_429_and_says_when_to_come_back() {
        let overloaded = StoreError::Overloaded { retry_after: Duration::from_millis(1_200) };
        for (error, status, wait) in [
            (overloaded, 429, Some("2")),
            (StoreError::Overloaded { retry_after: Duration::ZERO }, 429, Some("1")),
            (StoreError::Full, 507, Some("5")),
            (StoreError::Closed, 503, Some("5")),
            (StoreError::Broken("x".into()), 503, Some("5")),
            (StoreError::Unknown, 503, Some("5")),
            (StoreError::Engine("secret detail".into()), 500, None),
        ] {
            let (answered, retry_after, text) = body(error.into()).await;
            assert_eq!((answered, retry_after.as_deref()), (status, wait));
            assert!(!text.contains("secret"));
        }
    }

    #[tokio::test]
    async fn a_repeated_request_gets_the_first_answer() {
        let repeat = Repeat::Answered { status: 201, answer: Answer::Body(Bytes::from_static(b"{}")) };
        assert_eq!(body(repeat.into()).await, (201, None, "{}".to_owned()));
        assert_eq!(body(Repeat::OtherRequest.into()).await.0, 422);
    }
}

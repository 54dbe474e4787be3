//! A message is published: the busiest operation.
//!
//! The body is parsed once, without a tree: the payload is found as a span of the bytes that came, and is stored,
//! delivered and answered as these.

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::app::Ref;
use postrider_core::names::Invalid;
use postrider_core::time::Timestamp;
use postrider_store::{Answer, Repeat};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{MessageOut, TAG, render};
use crate::api::application::ApplicationIn;
use crate::api::body::Raw;
use crate::api::caller::Caller;
use crate::api::path::{AppPath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::repeatable::Repeatable;
use crate::api::{answer, json};
use crate::context::Context;
use crate::service::fields::{Checks, InvalidFields};
use crate::service::messages::{self, Content, Draft, Error};

const HOUR: Duration = Duration::from_secs(3_600);
const RETENTION_DAYS_MAX: u32 = 90;
const RETENTION_HOURS_MAX: u32 = RETENTION_DAYS_MAX * 24;

/// How to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CreateQuery {
    /// Whether the answer repeats the payload.
    #[serde(default = "yes")]
    #[param(required = false, default = true)]
    with_content: bool,
}

const fn yes() -> bool {
    true
}

/// A message to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageIn)]
pub(crate) struct MessageIn<'a> {
    /// The name of its event type.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$", example = "invoice.paid")]
    event_type: String,
    /// What is delivered, byte for byte as it stands here. Nested at most 64 levels deep.
    #[serde(borrow)]
    #[schema(value_type = Object, example = json!({"invoice": "42", "amount": 12.50}))]
    payload: &'a RawValue,
    /// The caller's own id for the event, unique in the application: another message with it is refused (409).
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    event_id: Option<String>,
    /// Its channels, at most 10. Endpoints that listen on channels get it only if they share one.
    channels: Option<Vec<String>>,
    /// Words to find it by, at most 5.
    tags: Option<Vec<String>>,
    /// Messages with the same key reach each endpoint in the order in which they were accepted.
    #[schema(max_length = 128, pattern = r"^[a-zA-Z0-9\-_.:+]+$")]
    ordering_key: Option<String>,
    /// Not sent before this time, at most 90 days ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    deliver_at: Option<Timestamp>,
    /// Days that the payload is kept, if less than the environment's retention.
    #[schema(minimum = 1, maximum = 90)]
    payload_retention_period: Option<u32>,
    /// Hours that the payload is kept, if less than the environment's retention; goes before the days.
    #[schema(minimum = 1, maximum = 2160)]
    payload_retention_hours: Option<u32>,
    /// The application to make if there is none with the `uid` in the path yet.
    application: Option<ApplicationIn>,
    /// How to send something else than JSON.
    #[serde(borrow)]
    transformations_params: Option<TransformationsParams<'a>>,
}

/// How to send something else than JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransformationsParams<'a> {
    /// The text to deliver instead of the payload.
    #[serde(borrow)]
    raw_payload: Option<Cow<'a, str>>,
    /// Headers for it, such as `content-type`.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    headers: Option<std::collections::BTreeMap<String, String>>,
}

/// Publishes a message
///
/// When the answer is 202, the message and a delivery for every endpoint that wants it are on disk.
#[utoipa::path(
    post,
    path = "/api/v1/app/{app_id}/msg",
    operation_id = "message.create",
    tag = TAG,
    params(AppPath, CreateQuery, Repeatable),
    request_body = MessageIn,
    responses((status = 202, description = "The message is accepted.", body = MessageOut)),
)]
pub(crate) async fn create(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Query(query): Query<CreateQuery>,
    repeatable: Repeatable,
    Raw { bytes: body, .. }: Raw,
) -> Result<Response, Problem> {
    let draft = draft(&body)?;
    let remember = repeatable.remember(caller, &body);
    let app = path.app();
    let body = match messages::publish(&context, caller.0, &app, draft, remember).await {
        Ok(message) => render(&message, query.with_content),
        Err(Error::Repeated(Repeat::Answered { answer: Answer::Message(message), .. })) => {
            let named = Ref::Id(message);
            let message = messages::get(&context, caller.0, &app, &named, query.with_content).await?;
            render(&message, query.with_content)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(answer::json(StatusCode::ACCEPTED, body))
}

/// What the caller wants to publish, in terms of the service.
fn draft(body: &Bytes) -> Result<Draft, Problem> {
    let message: MessageIn<'_> = json::parse(body)?;
    let retention = retention(message.payload_retention_period, message.payload_retention_hours)?;
    let content = match message.transformations_params {
        Some(TransformationsParams { raw_payload: Some(text), headers }) => Content::Raw {
            text: Bytes::copy_from_slice(text.as_bytes()),
            headers: headers.unwrap_or_default().into_iter().collect(),
        },
        _ => Content::Json(body.slice_ref(message.payload.get().as_bytes())),
    };
    Ok(Draft {
        event_type: message.event_type,
        event_id: message.event_id,
        channels: message.channels.unwrap_or_default(),
        tags: message.tags.unwrap_or_default(),
        ordering_key: message.ordering_key,
        deliver_at: message.deliver_at,
        retention,
        content,
        application: message.application.map(Into::into),
    })
}

fn retention(days: Option<u32>, hours: Option<u32>) -> Result<Option<Duration>, InvalidFields> {
    let mut checks = Checks::default();
    for (at, value, max) in [
        ("payloadRetentionPeriod", days, RETENTION_DAYS_MAX),
        ("payloadRetentionHours", hours, RETENTION_HOURS_MAX),
    ] {
        if value.is_some_and(|value| !(1..=max).contains(&value)) {
            checks.check::<()>(at, Err(Invalid::value(format!("must be from 1 to {max}"))));
        }
    }
    checks.finish()?;
    Ok(hours.or(days.map(|days| days * 24)).map(|hours| HOUR * hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_a_span_of_the_body() {
        let body = Bytes::from_static(br#"{"eventType":"a.b","payload": { "n": 1.0 } ,"tags":["t"]}"#);
        let draft = draft(&body).unwrap();
        let Content::Json(payload) = draft.content else { panic!("not JSON") };
        assert_eq!(payload, r#"{ "n": 1.0 }"#);
        assert!(body.as_ptr_range().contains(&payload.as_ptr()), "no copy");
        assert_eq!((draft.event_type.as_str(), draft.tags.len()), ("a.b", 1));
    }

    #[test]
    fn raw_text_goes_before_the_payload() {
        let body = Bytes::from_static(
            br#"{"eventType":"a","payload":{},"transformationsParams":{"rawPayload":"<\n>","headers":{"content-type":"text/xml"}}}"#,
        );
        let Content::Raw { text, headers } = draft(&body).unwrap().content else { panic!("not raw") };
        assert_eq!(text, "<\n>");
        assert_eq!(headers, [("content-type".to_owned(), "text/xml".to_owned())]);
    }

    #[test]
    fn retention_has_both_ends_and_hours_go_first() {
        for (days, hours, expected) in [
            (None, None, Some(None)),
            (Some(1), None, Some(Some(24))),
            (Some(90), Some(1), Some(Some(1))),
            (Some(0), None, None),
            (Some(91), None, None),
            (None, Some(2_161), None),
        ] {
            let found = retention(days, hours).ok().map(|kept| kept.map(|kept| kept.as_secs() / 3_600));
            assert_eq!(found, expected, "{days:?} {hours:?}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (body, loc, kind) in [
            (r#"{"payload":{}}"#, "body.eventType", "value_error.missing"),
            (r#"{"eventType":"a"}"#, "body.payload", "value_error.missing"),
            (r#"{"eventType":"a","payload":{},"tags":"t"}"#, "body.tags", "type_error.list"),
            (r#"{"eventType":"a","payload":{},"deliverAt":"now"}"#, "body.deliverAt", "value_error"),
            (
                r#"{"eventType":"a","payload":{},"application":{}}"#,
                "body.application.name",
                "value_error.missing",
            ),
            (
                r#"{"eventType":"a","payload":{},"transformationsParams":{"rawPayload":1}}"#,
                "body.transformationsParams.rawPayload",
                "type_error.str",
            ),
        ] {
            let Err(Problem::Invalid(refusals)) = draft(&Bytes::copy_from_slice(body.as_bytes())) else {
                panic!("{body}")
            };
            assert_eq!((refusals[0].loc.join(".").as_str(), refusals[0].kind), (loc, kind), "{body}");
        }
    }
}

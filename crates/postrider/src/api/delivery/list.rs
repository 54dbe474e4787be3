//! Deliveries are listed, by endpoint or by message.

use axum::extract::State;
use axum::response::Response;
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::Endpoint;
use postrider_core::message::Message;
use postrider_core::time::Timestamp;
use postrider_store::DeliveryFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ATTEMPT_TAG;
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::endpoint::EndpointOut;
use crate::api::message::{FilterQuery, MessageHead, MessageOut, write_payload};
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{EndpointPath, MessagePath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::status::{self, ExpandedQuery, Status, StatusQuery};
use crate::context::Context;
use crate::service::deliveries;

/// Where a delivery stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeliveryStatus {
    /// 0 success, 1 pending, 2 fail, 3 sending, 4 canceled.
    status: u8,
    /// The same in a word.
    #[schema(example = "pending")]
    status_text: &'static str,
    /// When the next attempt is due, where one is.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt: Option<Timestamp>,
}

/// A message, and where it stands at one endpoint.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `write` puts together")]
struct EndpointMessageOut<'a> {
    #[serde(flatten)]
    message: MessageOut<'a>,
    #[serde(flatten)]
    status: DeliveryStatus,
}

#[derive(Serialize)]
struct EndpointMessageHead<'a> {
    #[serde(flatten)]
    message: MessageHead<'a>,
    #[serde(flatten)]
    status: DeliveryStatus,
}

/// An endpoint, and where one message stands there.
#[derive(Debug, Serialize, ToSchema)]
struct MessageEndpointOut<'a> {
    #[serde(flatten)]
    endpoint: EndpointOut<'a>,
    #[serde(flatten)]
    status: DeliveryStatus,
}

/// How much of each to show.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentQuery {
    /// Whether payloads are shown.
    #[serde(default = "yes")]
    #[param(required = false, default = true)]
    with_content: bool,
}

const fn yes() -> bool {
    true
}

impl DeliveryStatus {
    fn new(Status { number, text }: Status, delivery: &Delivery) -> Self {
        let next_attempt = delivery.due.filter(|_| !delivery.state.is_finished());
        Self { status: number, status_text: text, next_attempt }
    }
}

/// Lists messages at an endpoint
///
/// What was sent there, is being sent or will be, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg",
    operation_id = "message_attempt.list_attempted_messages",
    tag = ATTEMPT_TAG,
    params(EndpointPath, PageQuery, StatusQuery, FilterQuery, ContentQuery),
    responses((status = 200, description = "One page of messages.", body = PageOut<EndpointMessageOut>)),
)]
pub(crate) async fn by_endpoint(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Query(page): Query<PageQuery>,
    Query(status): Query<StatusQuery>,
    Query(message): Query<FilterQuery>,
    Query(ContentQuery { with_content }): Query<ContentQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let filter =
        DeliveryFilter { message: message.into(), states: status.states()?, with_payload: with_content };
    let (app, endpoint) = (path.app(), path.endpoint());
    let listed = deliveries::by_endpoint(&context, identity, &app, &endpoint, filter, page.clone()).await?;
    let write = |(delivery, message): &(Delivery, Message), out: &mut Vec<u8>| {
        let head = EndpointMessageHead {
            message: MessageHead::new(message, with_content),
            status: DeliveryStatus::new(status.show(delivery.state), delivery),
        };
        answer::write_with(&head, "payload", |out| write_payload(message, with_content, out), out);
    };
    Ok(page::list(&page, &listed, |(delivery, _)| delivery.message, write))
}

/// Lists endpoints of a message
///
/// Where it was sent, is being sent or will be.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint",
    operation_id = "message_attempt.list_attempted_destinations",
    tag = ATTEMPT_TAG,
    params(MessagePath, PageQuery, ExpandedQuery),
    responses((status = 200, description = "One page of endpoints.", body = PageOut<MessageEndpointOut>)),
)]
pub(crate) async fn by_message(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<MessagePath>,
    Query(page): Query<PageQuery>,
    Query(ExpandedQuery { expanded_statuses }): Query<ExpandedQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed =
        deliveries::by_message(&context, identity, &path.app(), &path.message(), page.clone()).await?;
    let write = |(delivery, endpoint): &(Delivery, Endpoint), out: &mut Vec<u8>| {
        let status = DeliveryStatus::new(status::show(delivery.state, expanded_statuses), delivery);
        answer::write(&MessageEndpointOut { endpoint: EndpointOut::from(endpoint), status }, out);
    };
    Ok(page::list(&page, &listed, |(delivery, _)| delivery.endpoint, write))
}

//! What a source has received, and what it has refused.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use postrider_core::headers::is_sensitive;
use postrider_core::id::{EndpointId, MessageId, RefusalId};
use postrider_core::reception::{Received, Refusal};
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::RECEPTION;
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{Path, ReceptionPath, SourcePath};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::sources::{self, Seen};

/// What is shown instead of a credential.
const WITHHELD: &str = "(withheld)";

/// A received message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReceptionOut {
    /// The message's id.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: MessageId,
    /// The name of its event type.
    #[schema(example = "push")]
    event_type: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// What the check came to: `verified`, `authenticated`, `failed` or `unverified`. What a schedule has made is
    /// `verified`.
    #[schema(example = "verified")]
    verdict: Option<&'static str>,
    /// Why the check failed.
    reason: Option<String>,
    /// Which of the source's secrets matched, counted from 0.
    secret: Option<usize>,
    /// The provider's id for the event.
    event_id: Option<String>,
    /// The message that this one repeats; it was not delivered again.
    #[schema(value_type = Option<String>)]
    duplicate_of: Option<MessageId>,
    /// The first message of the batch that this one came in.
    #[schema(value_type = Option<String>)]
    batch: Option<MessageId>,
    /// The message that this one was made of by a replay.
    #[schema(value_type = Option<String>)]
    replay_of: Option<MessageId>,
    /// Whether the replay was changed by hand.
    edited: bool,
    /// Endpoints that would have got it but for their filters, at most 100.
    #[schema(value_type = Vec<String>)]
    left_out: Vec<EndpointId>,
    /// SHA-256 of the body, in hexadecimal digits.
    body_hash: Option<String>,
    /// The request; that of a batch is with its first message.
    request: Option<RequestOut>,
    /// The body in Base64; null in lists, and when it is no longer kept.
    body: Option<String>,
}

/// A request as it came.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RequestOut {
    /// Its method.
    #[schema(example = "POST")]
    method: String,
    /// What its path had behind the token, and its query.
    #[schema(example = "/orders?shop=7")]
    tail: String,
    /// Its headers in their order, names as they were written; credentials are withheld.
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    /// The address of the sender, or of the proxy in front of the server.
    #[schema(value_type = Option<String>)]
    remote: Option<IpAddr>,
}

/// A refused request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefusalOut {
    /// Its id.
    #[schema(value_type = String, example = "rfsl_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: RefusalId,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// A stable word for why.
    #[schema(example = "no_match")]
    code: String,
    /// Why, for people.
    reason: String,
    /// The request.
    request: RequestOut,
    /// Bytes of the body.
    body_bytes: u64,
    /// The beginning of the body in Base64, at most 16 KiB.
    body: String,
}

/// The refused requests that are kept.
#[derive(Debug, Serialize, ToSchema)]
struct RefusalsOut {
    /// Newest first; at most 100, and 1 MiB of them.
    data: Vec<RefusalOut>,
}

impl From<Received> for RequestOut {
    fn from(request: Received) -> Self {
        let Received { method, tail, query, headers, remote } = request;
        let tail = query.map_or_else(|| tail.clone(), |query| format!("{tail}?{query}"));
        let headers = headers.into_iter().map(|(name, value)| {
            let value = if is_sensitive(&name) { WITHHELD.to_owned() } else { value.into() };
            (name, value)
        });
        Self { method, tail, headers: headers.collect(), remote }
    }
}

/// In hexadecimal digits.
fn hex(hash: [u8; 32]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte is a digit");
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl From<Seen> for ReceptionOut {
    fn from(Seen { message, reception }: Seen) -> Self {
        let (verdict, body_hash) =
            reception.as_ref().map(|known| (known.standing.name(), hex(known.body_hash))).unzip();
        let duplicate_of = reception.as_ref().and_then(|known| known.duplicate_of);
        let left_out = reception.as_ref().map(|known| known.detail.left_out.clone()).unwrap_or_default();
        let replay = reception.as_ref().and_then(|known| known.detail.replay.as_ref());
        let (replay_of, edited) =
            (replay.map(|replay| replay.of), replay.is_some_and(|replay| replay.edited));
        let detail = reception.map(|known| known.detail);
        let (request, batch, reason, secret, event_id) = match detail {
            Some(detail) => (detail.request, detail.batch, detail.reason, detail.secret, detail.event_id),
            None => (None, None, None, None, None),
        };
        Self {
            id: message.id,
            event_type: message.event_type,
            timestamp: message.id.timestamp(),
            verdict,
            reason,
            secret,
            event_id,
            duplicate_of,
            batch,
            replay_of,
            edited,
            left_out,
            body_hash,
            request: request.map(RequestOut::from),
            body: message.payload.map(|payload| STANDARD.encode(&payload.body)),
        }
    }
}

impl From<Refusal> for RefusalOut {
    fn from(refusal: Refusal) -> Self {
        Self {
            id: refusal.id,
            timestamp: refusal.at,
            code: refusal.code,
            reason: refusal.reason,
            request: refusal.request.into(),
            body_bytes: refusal.body_bytes,
            body: STANDARD.encode(&refusal.body),
        }
    }
}

/// Lists received messages
///
/// Newest first, without their bodies.
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/reception",
    operation_id = "ingest_reception.list",
    tag = RECEPTION,
    params(SourcePath, PageQuery),
    responses((status = 200, description = "One page of received messages.", body = PageOut<ReceptionOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = sources::receptions(&context, identity, &path.source(), page.clone()).await?;
    let write = |seen: &Seen, out: &mut Vec<u8>| answer::write(&ReceptionOut::from(seen.clone()), out);
    Ok(page::list(&page, &listed, |seen| seen.message.id, write))
}

/// Gets a received message
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/reception/{reception_id}",
    operation_id = "ingest_reception.get",
    tag = RECEPTION,
    params(ReceptionPath),
    responses((status = 200, description = "The message, with its request and body.", body = ReceptionOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<ReceptionPath>,
) -> Result<Response, Problem> {
    let seen = sources::reception(&context, identity, &path.source(), path.message()?).await?;
    Ok(answer::reply(StatusCode::OK, &ReceptionOut::from(seen)))
}

/// Lists refused requests
///
/// The last ones of the source, for finding out why a provider's requests do not come through.
#[utoipa::path(
    get,
    path = "/ingest/api/v1/source/{source_id}/refused",
    operation_id = "ingest_reception.refused",
    tag = RECEPTION,
    params(SourcePath),
    responses((status = 200, description = "The requests.", body = RefusalsOut)),
)]
pub(crate) async fn refused(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
) -> Result<Response, Problem> {
    let refusals = sources::refusals(&context, identity, &path.source()).await?;
    let data = refusals.into_iter().map(RefusalOut::from).collect();
    Ok(answer::reply(StatusCode::OK, &RefusalsOut { data }))
}

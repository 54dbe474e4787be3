//! What listeners are told, on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::id::{MessageId, SourceId};
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::listen::{Backlog, End, Heard, Listener};

/// A received request: the event `request` of the stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeardOut {
    /// The message's id: the cursor, too.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    pub(super) id: MessageId,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// The source's id.
    #[schema(value_type = String, example = "src_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    source: SourceId,
    /// The source's own id.
    #[schema(example = "shop")]
    source_uid: Option<String>,
    /// The method of the request; POST for what came by none.
    #[schema(example = "POST")]
    method: String,
    /// What its path had behind the token.
    #[schema(example = "/orders")]
    path: String,
    /// Its query, as it came.
    #[schema(example = "shop=7")]
    query: Option<String>,
    /// Its headers in their order but for those of the connection, names in lower case. Each byte of a value is the
    /// character of its number. Credentials are among them: what verifies a request needs all of it.
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    /// The body in Base64, byte for byte as it came; null when it is no longer kept.
    body_base64: Option<String>,
    /// The name of its event type.
    #[schema(example = "push")]
    event_type: String,
    /// The provider's id for the event.
    event_id: Option<String>,
    /// What its check came to.
    verification: Option<VerificationOut>,
    /// The message that this one repeats.
    #[schema(value_type = Option<String>)]
    duplicate_of: Option<MessageId>,
    /// The message that this one was made of by a replay.
    #[schema(value_type = Option<String>)]
    replay_of: Option<MessageId>,
    /// The how-manieth time it is given to a member of the group; 1 where there is none.
    attempt: u32,
    /// Whether the provider waits for the answer, for some seconds.
    awaited: bool,
}

/// What the check of a request came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationOut {
    /// `verified`, `authenticated`, `failed` or `unverified`.
    #[schema(example = "verified")]
    verdict: &'static str,
    /// Why the check failed.
    reason: Option<String>,
    /// Which of the source's secrets matched, counted from 0.
    secret: Option<usize>,
}

/// Received requests, where the caller asks for no stream.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeardPageOut {
    /// The requests, oldest first.
    pub(super) data: Vec<HeardOut>,
    /// What to ask for next, as `since`.
    pub(super) cursor: String,
    /// Whether there is nothing more now. There may be more although `data` is empty, where a filter leaves nothing.
    pub(super) done: bool,
}

/// The first event of the stream, `ready`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadyOut {
    /// The name of this connection, for acknowledgements.
    listener: String,
    /// Where it begins.
    cursor: String,
    /// How many messages wait.
    backlog: u64,
    /// Whether there may be more of them.
    backlog_more: bool,
}

impl ReadyOut {
    pub(super) fn new(listener: Listener, cursor: String, backlog: Backlog) -> Self {
        Self { listener: listener.text(), cursor, backlog: backlog.count, backlog_more: backlog.more }
    }
}

/// The last event of the stream, `end`.
#[derive(Debug, Serialize)]
pub(super) struct EndOut {
    /// A word for why.
    reason: &'static str,
}

impl From<End> for EndOut {
    fn from(end: End) -> Self {
        let reason = match end {
            End::Stopping => "stopping",
            End::Age => "age",
            End::Flood => "flood",
            End::Key => "key",
            End::Trouble => "trouble",
        };
        Self { reason }
    }
}

impl From<Heard> for HeardOut {
    fn from(heard: Heard) -> Self {
        let Heard { message, source, source_uid, reception, request, headers, attempt, awaited } = heard;
        let (method, path, query) = request.map_or_else(
            || ("POST".to_owned(), String::new(), None),
            |request| (request.method, request.tail, request.query),
        );
        let duplicate_of = reception.as_ref().and_then(|known| known.duplicate_of);
        let detail = reception.as_ref().map(|known| &known.detail);
        let event_id = detail.and_then(|detail| detail.event_id.clone());
        let replay_of = detail.and_then(|detail| detail.replay.as_ref()).map(|replay| replay.of);
        let verification = reception.map(|known| VerificationOut {
            verdict: known.standing.name(),
            reason: known.detail.reason,
            secret: known.detail.secret,
        });
        Self {
            id: message.id,
            received_at: message.id.timestamp(),
            source,
            source_uid,
            method,
            path,
            query,
            headers,
            body_base64: message.payload.map(|payload| STANDARD.encode(&payload.body)),
            event_type: message.event_type,
            event_id,
            verification,
            duplicate_of,
            replay_of,
            attempt,
            awaited,
        }
    }
}

//! What a source received is replayed: one message, or a range of them. Changes to a message, and what became of it, look the
//! same where an application published it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::app::Ref;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::names::Invalid;
use postrider_core::reception::Standing;
use postrider_core::replay::Sign;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::RECEPTION;
use crate::api::answer;
use crate::api::background_task::{StartedOut, render_started};
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::path::{Path, ReceptionPath, SourcePath};
use crate::api::problem::Problem;
use crate::api::repeatable::Repeatable;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::replay::{self, Edits, Error, Named, Range, Replayed};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::NoPayload => {
                Self::refused("path", "reception_id", "value_error.payload_expired", error.to_string())
            }
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}

/// Whose signature a replay has.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SignIn {
    /// The provider's, as it came. Where it covers a time, a receiver may find it too old.
    #[default]
    AsItCame,
    /// One as the provider's, of this moment, made with the source's secret.
    Provider,
    /// Ours, with the key of the endpoint that it goes to.
    Postrider,
}

/// What the check of a request came to.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictIn {
    /// The provider signed it.
    Verified,
    /// It had the right password or token.
    Authenticated,
    /// The check failed, and the source takes such requests all the same.
    Failed,
    /// Nothing was checked.
    Unverified,
}

/// How one received message is replayed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplayReceptionIn {
    /// Endpoints of the source that get it, by id or `uid`, at most 100. Without any, listeners see it.
    #[serde(default)]
    endpoint_ids: Vec<String>,
    /// The only listener, or group of listeners, that sees it.
    listener: Option<String>,
    /// Whose signature it has.
    #[serde(default)]
    sign: SignIn,
    /// What is changed before it is signed.
    #[serde(default)]
    edits: EditsIn,
}

/// Changes to a request.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::api) struct EditsIn {
    /// Headers to set, or with null to leave out, by name.
    #[schema(example = json!({"x-github-event": "ping", "x-extra": null}))]
    headers: BTreeMap<String, Option<String>>,
    /// Another body, as text.
    body: Option<String>,
    /// Another body, in Base64.
    body_base64: Option<String>,
    /// Values to set in the body by path, which must be there: all other bytes of the body stay as they are. Fields of
    /// a form are texts.
    #[schema(value_type = Object, example = json!({"data.object.amount": 500}))]
    set: BTreeMap<String, Box<RawValue>>,
}

/// What of a source is replayed, and where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplaySourceIn {
    /// Messages received from this time.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Messages received before this time; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Of one of these event types.
    #[serde(default)]
    event_types: Vec<String>,
    /// Whose check came to one of these.
    #[serde(default)]
    verdicts: Vec<VerdictIn>,
    /// Repetitions too, which went nowhere when they came.
    #[serde(default)]
    include_duplicates: bool,
    /// Endpoints of the source that get it, by id or `uid`, at most 100. Without any, listeners see it.
    #[serde(default)]
    endpoint_ids: Vec<String>,
    /// The only listener, or group of listeners, that sees it.
    listener: Option<String>,
    /// Whose signature it has.
    #[serde(default)]
    sign: SignIn,
    /// Only count what is of the range.
    #[serde(default)]
    dry_run: bool,
}

/// What became of a replay.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ReplayedOut {
    /// The message that goes.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: MessageId,
    /// The message that it was made of; null when it is the same one, sent again.
    #[schema(value_type = Option<String>)]
    replay_of: Option<MessageId>,
    /// The endpoints that get it.
    #[schema(value_type = Vec<String>)]
    endpoint_ids: Vec<EndpointId>,
    /// The only listener, or group of listeners, that sees it.
    listener: Option<String>,
}

/// How much a replay would be about.
#[derive(Debug, Serialize, ToSchema)]
struct CountedOut {
    /// Messages of the range.
    matched: u64,
    /// Whether these are all; there may be more where counting would take too long.
    complete: bool,
}

impl From<SignIn> for Sign {
    fn from(sign: SignIn) -> Self {
        match sign {
            SignIn::AsItCame => Self::AsItCame,
            SignIn::Provider => Self::Provider,
            SignIn::Postrider => Self::Postrider,
        }
    }
}

impl From<VerdictIn> for Standing {
    fn from(verdict: VerdictIn) -> Self {
        match verdict {
            VerdictIn::Verified => Self::Verified,
            VerdictIn::Authenticated => Self::Authenticated,
            VerdictIn::Failed => Self::Failed,
            VerdictIn::Unverified => Self::Unverified,
        }
    }
}

pub(in crate::api) fn named(endpoint_ids: &[String], listener: Option<String>) -> Named {
    Named { endpoints: endpoint_ids.iter().map(|id| Ref::parse(id)).collect(), listener }
}

impl EditsIn {
    pub(in crate::api) fn edits(self) -> Result<Edits, InvalidFields> {
        let refused =
            |why: &'static str| InvalidFields::one("bodyBase64", Invalid::value(why)).under("edits");
        let body = match (self.body, self.body_base64) {
            (Some(_), Some(_)) => return Err(refused("cannot stand beside `body`")),
            (Some(text), None) => Some(Bytes::from(text)),
            (None, Some(text)) => {
                Some(STANDARD.decode(text).map_err(|_| refused("must be Base64, with its padding"))?.into())
            }
            (None, None) => None,
        };
        let set = self.set.into_iter().map(|(path, value)| (path, value.get().to_owned())).collect();
        Ok(Edits { headers: self.headers, body, set })
    }
}

pub(in crate::api) fn render(replayed: &Replayed) -> Bytes {
    answer::render(&ReplayedOut {
        id: replayed.message,
        replay_of: Some(replayed.of).filter(|of| *of != replayed.message),
        endpoint_ids: replayed.to.endpoints.clone(),
        listener: replayed.to.listener.clone(),
    })
}

/// Replays a received message
///
/// Unchanged and with the signature that it has, the same message goes to the endpoints once more. Edited, signed anew, or
/// for listeners, it is a new message, which says what it was made of. Either way it goes only where it is sent.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/reception/{reception_id}/replay",
    operation_id = "ingest_reception.replay",
    tag = RECEPTION,
    params(ReceptionPath, Repeatable),
    request_body = ReplayReceptionIn,
    responses((status = 202, description = "It is on its way.", body = ReplayedOut)),
)]
pub(crate) async fn one(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<ReceptionPath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ReplayReceptionIn>,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render);
    let ReplayReceptionIn { endpoint_ids, listener, sign, edits } = value;
    let how = (named(&endpoint_ids, listener), sign.into(), edits.edits()?);
    let which = (&path.source(), path.message()?);
    let replayed = replay::one(&context, caller.0, which, how, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render(&replayed)))
}

/// Replays what a source received
///
/// Begins a task in the background that does with every message of the time range what replaying it by itself would do.
/// What is a replay itself is left out. With `dryRun` it only counts.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/source/{source_id}/replay",
    operation_id = "ingest_source.replay",
    tag = RECEPTION,
    params(SourcePath, Repeatable),
    request_body = ReplaySourceIn,
    responses(
        (status = 200, description = "How much it would be about.", body = CountedOut),
        (status = 202, description = "The task has begun.", body = StartedOut),
    ),
)]
pub(crate) async fn range(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<SourcePath>,
    repeatable: Repeatable,
    Json { value, raw, .. }: Json<ReplaySourceIn>,
) -> Result<Response, Problem> {
    let range = Range {
        since: value.since,
        until: value.until,
        event_types: value.event_types,
        standings: value.verdicts.into_iter().map(Standing::from).collect(),
        with_duplicates: value.include_duplicates,
        to: named(&value.endpoint_ids, value.listener),
        sign: value.sign.into(),
    };
    if value.dry_run {
        let replay::Counted { matched, complete } =
            replay::count(&context, caller.0, &path.source(), range).await?;
        return Ok(answer::reply(StatusCode::OK, &CountedOut { matched, complete }));
    }
    let once = repeatable.once(caller, &raw, StatusCode::ACCEPTED, render_started);
    let task = replay::range(&context, caller.0, &path.source(), range, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

//! What is found, on the wire. Standings have the words of the query language, so that an answer says what to ask next.

use std::borrow::Cow;
use std::time::Duration;

use postrider_core::attempt::Trigger;
use postrider_core::id::{AppId, AttemptId, EndpointId, MessageId, SourceId};
use postrider_core::message::Message;
use postrider_core::query::{AppHead, EndpointHead, LastAttempt, Status};
use postrider_core::time::Timestamp;
use postrider_store::{DeliveryHit, Facets, MessageHit};
use serde::Serialize;
use utoipa::ToSchema;

/// One page of what a search finds.
#[derive(ToSchema)]
#[schema(as = SearchResponse)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `page::list_with` writes piece by piece")]
pub(super) struct ResultsOut<T> {
    /// What was found.
    data: Vec<T>,
    /// Where to go on; null when there is nothing to go on from.
    #[schema(required)]
    iterator: Option<String>,
    /// Where the page before this one is found.
    prev_iterator: Option<String>,
    /// Whether there is nothing more in this direction.
    done: bool,
    /// How far the search came.
    searched: SearchedOut,
}

/// How far a search came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Searched)]
pub(super) struct SearchedOut {
    /// Messages and deliveries that were looked at.
    rows: u64,
    /// When the last of them was accepted; null if there were none.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// How long that took, in microseconds.
    micros: u64,
    /// Whether the index of payloads said what to look at, at least on a part of the way: what it passed over is not counted.
    indexed: bool,
}

/// A message that was found, whoever it is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FoundHead)]
struct HeadOut<'a> {
    /// The message.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    msg_id: MessageId,
    /// The caller's own id for the event.
    event_id: Option<&'a str>,
    /// The name of its event type.
    #[schema(example = "invoice.paid")]
    event_type: &'a str,
    /// Its channels.
    channels: &'a [String],
    /// Words to find it by.
    tags: &'a [String],
    /// The message that this one was made of, with a change by hand.
    #[schema(value_type = Option<String>)]
    replay_of: Option<MessageId>,
    /// Whether a person has changed it.
    edited: bool,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The application; null for what a source received.
    #[schema(value_type = Option<String>)]
    app_id: Option<AppId>,
    /// The caller's own id of the application.
    app_uid: Option<&'a str>,
    /// The name of the application.
    app_name: Option<&'a str>,
    /// The source that received it.
    #[schema(value_type = Option<String>)]
    source_id: Option<SourceId>,
    /// The caller's own id of the source.
    source_uid: Option<&'a str>,
}

/// A delivery that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundDelivery<'a> {
    #[serde(flatten)]
    head: HeadOut<'a>,
    /// The endpoint.
    endpoint: EndpointOut<'a>,
    /// `delivered`, `pending`, `retrying`, `sending`, `failed` or `canceled`.
    #[schema(example = "failed")]
    status: &'static str,
    /// Attempts made so far.
    attempts: u32,
    /// When the next attempt is due, where one is.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt: Option<Timestamp>,
    /// How the last attempt went; null before the first.
    last_attempt: Option<AttemptOut<'a>>,
}

/// Where a delivery goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundEndpoint)]
struct EndpointOut<'a> {
    /// The endpoint's id.
    #[schema(value_type = String)]
    id: EndpointId,
    /// The caller's own id of it.
    uid: Option<&'a str>,
    /// Its URL as it is now.
    url: &'a str,
    /// What it is for.
    description: &'a str,
    /// It was deleted.
    deleted: bool,
}

/// How an attempt went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FoundAttempt)]
struct AttemptOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "atmpt_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: AttemptId,
    /// 1 for the first attempt of the delivery.
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// `scheduled`, or `manual` when a person asked for it.
    trigger: &'static str,
    /// The answer's status; 0 where no answer came.
    response_status_code: u16,
    /// How long it took, in milliseconds.
    response_duration_ms: u64,
    /// The class of what went wrong where no answer came.
    #[schema(example = "timeout")]
    error: Option<&'static str>,
    /// The same in a sentence.
    error_message: Option<&'a str>,
}

/// A message that was found, and how its deliveries stand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundMessage<'a> {
    #[serde(flatten)]
    head: HeadOut<'a>,
    /// How many of its deliveries stand where.
    deliveries: StandingsOut,
}

/// How many deliveries stand where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standings)]
struct StandingsOut {
    /// Arrived.
    delivered: u64,
    /// Waiting for an attempt, or for the one before.
    pending: u64,
    /// On their way at this moment.
    sending: u64,
    /// Given up.
    failed: u64,
    /// Skipped, or never to be sent.
    canceled: u64,
}

/// How what a search finds divides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub(super) struct FacetsOut<'a> {
    /// Deliveries that were found.
    matched: u64,
    /// Whether everything was looked at.
    whole: bool,
    /// By status, the most frequent first.
    statuses: Vec<CountOut<'a>>,
    /// By the class of the last attempt's HTTP status, `none` where no answer came.
    codes: Vec<CountOut<'a>>,
    /// By event type: the ten most frequent.
    types: Vec<CountOut<'a>>,
    /// By endpoint: the ten most frequent.
    endpoints: Vec<EndpointCountOut<'a>>,
    /// How far the search came.
    searched: SearchedOut,
}

/// How often a value occurs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FacetCount)]
struct CountOut<'a> {
    /// The value, as a query has it.
    value: Cow<'a, str>,
    /// How often.
    count: u64,
}

/// How often an endpoint occurs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointFacet)]
struct EndpointCountOut<'a> {
    /// The endpoint.
    value: EndpointOut<'a>,
    /// How often.
    count: u64,
}

impl SearchedOut {
    pub(super) fn new(rows: u64, since: Option<Timestamp>, took: Duration, indexed: bool) -> Self {
        Self { rows, since, micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX), indexed }
    }
}

impl<'a> HeadOut<'a> {
    fn new(message: &'a Message, app: &'a AppHead) -> Self {
        // The hidden application of a source is nobody's business.
        let own = app.source.is_none();
        Self {
            msg_id: message.id,
            event_id: message.event_id.as_deref(),
            event_type: &message.event_type,
            channels: &message.channels,
            tags: &message.tags,
            replay_of: message.edited_of,
            edited: message.edited_of.is_some(),
            timestamp: message.id.timestamp(),
            app_id: own.then_some(app.id),
            app_uid: app.uid.as_deref(),
            app_name: own.then_some(app.name.as_str()),
            source_id: app.source,
            source_uid: app.source_uid.as_deref(),
        }
    }
}

impl<'a> From<&'a EndpointHead> for EndpointOut<'a> {
    fn from(endpoint: &'a EndpointHead) -> Self {
        let EndpointHead { id, uid, url, description, is_deleted } = endpoint;
        Self { id: *id, uid: uid.as_deref(), url, description, deleted: *is_deleted }
    }
}

impl<'a> From<&'a LastAttempt> for AttemptOut<'a> {
    fn from(last: &'a LastAttempt) -> Self {
        let trigger = match last.trigger {
            Trigger::Scheduled => "scheduled",
            Trigger::Manual => "manual",
        };
        Self {
            id: last.id,
            number: last.number,
            timestamp: last.at,
            trigger,
            response_status_code: last.status_code,
            response_duration_ms: u64::try_from(last.latency.as_millis()).unwrap_or(u64::MAX),
            error: last.failure.as_ref().map(|failure| failure.class.name()),
            error_message: last.failure.as_ref().map(|failure| failure.sentence.as_str()),
        }
    }
}

impl<'a> From<&'a DeliveryHit> for FoundDelivery<'a> {
    fn from(hit: &'a DeliveryHit) -> Self {
        let delivery = &hit.delivery;
        Self {
            head: HeadOut::new(&hit.message, &hit.app),
            endpoint: EndpointOut::from(&hit.endpoint),
            status: Status::of(delivery.state, delivery.attempts).name(),
            attempts: delivery.attempts,
            next_attempt: delivery.due.filter(|_| !delivery.state.is_finished()),
            last_attempt: hit.last.as_ref().map(AttemptOut::from),
        }
    }
}

impl<'a> From<&'a MessageHit> for FoundMessage<'a> {
    fn from(hit: &'a MessageHit) -> Self {
        let stats = hit.deliveries;
        Self {
            head: HeadOut::new(&hit.message, &hit.app),
            deliveries: StandingsOut {
                delivered: stats.succeeded,
                pending: stats.pending,
                sending: stats.sending,
                failed: stats.failed,
                canceled: stats.canceled,
            },
        }
    }
}

impl<'a> FacetsOut<'a> {
    pub(super) fn new(facets: &'a Facets, took: Duration) -> Self {
        let class = |class: u16| if class == 0 { "none".to_owned() } else { format!("{class}xx") };
        let counted = |value: Cow<'a, str>, count: &u64| CountOut { value, count: *count };
        let statuses = facets.statuses.iter();
        let codes = facets.codes.iter();
        let types = facets.types.iter();
        let endpoints = facets.endpoints.iter();
        Self {
            matched: facets.matched,
            whole: facets.is_whole,
            statuses: statuses.map(|(status, count)| counted(status.name().into(), count)).collect(),
            codes: codes.map(|(code, count)| counted(class(*code).into(), count)).collect(),
            types: types.map(|(name, count)| counted(name.into(), count)).collect(),
            endpoints: endpoints
                .map(|(value, count)| EndpointCountOut { value: value.into(), count: *count })
                .collect(),
            searched: SearchedOut::new(facets.looked, facets.reached, took, facets.indexed),
        }
    }
}

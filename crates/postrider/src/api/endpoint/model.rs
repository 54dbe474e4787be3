//! What an endpoint looks like on the wire.

use std::collections::BTreeMap;

use postrider_core::endpoint::{DisabledReason, Endpoint, Ordering};
use postrider_core::id::EndpointId;
use postrider_core::retry::Schedule;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::patch::present;
use crate::service::endpoints::Changes;

/// Whether an endpoint's messages wait for each other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum EndpointOrdering {
    /// Only messages with the same `orderingKey` wait for each other.
    None,
    /// Each message waits until the one before it arrived or was skipped.
    Fifo,
}

/// Why nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum EndpointDisabledReason {
    /// Someone disabled it.
    Asked,
    /// It answered 410 Gone.
    Gone,
    /// Every attempt failed for five days.
    Failing,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct EndpointOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "ep_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: EndpointId,
    /// The caller's own id.
    uid: Option<&'a str>,
    /// Where it is.
    #[schema(example = "https://example.com/webhooks")]
    url: &'a str,
    /// What it is for, for people.
    description: &'a str,
    /// The event types it gets; null means all.
    event_types: Option<&'a [String]>,
    /// The same as `eventTypes`, under the name that older clients read.
    filter_types: Option<&'a [String]>,
    /// The channels it listens on; null means all messages.
    channels: Option<&'a [String]>,
    /// Attempts a second, at most; null means no limit.
    throttle_rate: Option<u32>,
    /// Whether nothing is sent to it.
    disabled: bool,
    /// Why nothing is sent to it.
    disabled_reason: Option<EndpointDisabledReason>,
    /// Since when every attempt failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// Whether messages wait for each other.
    ordering: EndpointOrdering,
    /// Deadline of one attempt in seconds; null means the server's default.
    timeout_seconds: Option<u64>,
    /// Seconds to wait before each attempt, the first one included; null means as the event type or the environment
    /// says.
    #[schema(value_type = Option<Vec<u64>>)]
    retry_schedule: Option<&'a Schedule>,
    /// The caller's notes.
    metadata: &'a BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An endpoint to be made, or to replace one. An upsert leaves `headers`, `secret`, `ordering`, `timeoutSeconds` and
/// `retrySchedule` as they are where the body has none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct EndpointIn {
    /// Where it is: `https` or `http`, at most 2,048 bytes, and not a private address.
    #[schema(format = "uri", min_length = 1, max_length = 2048, example = "https://example.com/webhooks")]
    url: String,
    /// What it is for, for people, at most 4,096 bytes.
    description: Option<String>,
    /// The caller's own id, unique in the application; it works wherever a path takes the id.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    uid: Option<String>,
    /// The event types it gets, at most 500 and 32 KiB in all; null or empty means all.
    event_types: Option<Vec<String>>,
    /// The same as `eventTypes`, under the name that older clients send.
    filter_types: Option<Vec<String>>,
    /// The channels it listens on, at most 10; null or empty means all messages.
    channels: Option<Vec<String>>,
    /// Attempts a second, at most; null means no limit.
    #[schema(minimum = 1, maximum = 65535)]
    throttle_rate: Option<u32>,
    /// Whether nothing is to be sent to it. What is published meanwhile is not sent later.
    disabled: Option<bool>,
    /// Notes by name, at most 16 KiB.
    metadata: Option<BTreeMap<String, String>>,
    /// Headers sent with every attempt, at most 32 and 8 KiB in all.
    headers: Option<BTreeMap<String, String>>,
    /// The signing key: `whsec_` and base64 of 24 to 64 bytes, or `whsk_` and base64 of an Ed25519 key. One is made
    /// when absent. For an endpoint that exists this is a rotation with a day of grace.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    /// Whether messages wait for each other.
    ordering: Option<EndpointOrdering>,
    /// Deadline of one attempt in seconds; null means the server's default.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 60)]
    timeout_seconds: Option<Option<u64>>,
    /// Seconds to wait before each attempt, the first one included: 1 to 50 numbers, each at most 30 days.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<u64>>, example = json!([0, 5, 300]))]
    retry_schedule: Option<Option<Schedule>>,
}

/// Changes to an endpoint; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::api) struct EndpointPatch {
    /// Where it is.
    #[schema(format = "uri", min_length = 1, max_length = 2048)]
    url: Option<String>,
    /// What it is for, for people, at most 4,096 bytes.
    description: Option<String>,
    /// The caller's own id; null gives it up.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    uid: Option<Option<String>>,
    /// The event types it gets, at most 500 and 32 KiB in all; null or empty means all.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    event_types: Option<Option<Vec<String>>>,
    /// The same as `eventTypes`, under the name that older clients send.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    filter_types: Option<Option<Vec<String>>>,
    /// The channels it listens on, at most 10; null or empty means all messages.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    channels: Option<Option<Vec<String>>>,
    /// Attempts a second, at most; null lifts the limit.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 65535)]
    throttle_rate: Option<Option<u32>>,
    /// Whether nothing is to be sent to it.
    disabled: Option<bool>,
    /// Notes by name, at most 16 KiB; they replace those before.
    metadata: Option<BTreeMap<String, String>>,
    /// Whether messages wait for each other.
    ordering: Option<EndpointOrdering>,
    /// Deadline of one attempt in seconds; null means the server's default.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 60)]
    timeout_seconds: Option<Option<u64>>,
    /// Seconds to wait before each attempt, the first one included; null means as the event type or the environment
    /// says.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<u64>>)]
    retry_schedule: Option<Option<Schedule>>,
}

impl<'a> From<&'a Endpoint> for EndpointOut<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        let event_types = some(&endpoint.event_types);
        Self {
            id: endpoint.id,
            uid: endpoint.uid.as_deref(),
            url: &endpoint.url,
            description: &endpoint.description,
            event_types,
            filter_types: event_types,
            channels: some(&endpoint.channels),
            throttle_rate: endpoint.throttle_rate,
            disabled: endpoint.disabled.is_some(),
            disabled_reason: endpoint.disabled.map(|disabled| match disabled.reason {
                DisabledReason::Asked => EndpointDisabledReason::Asked,
                DisabledReason::Gone => EndpointDisabledReason::Gone,
                DisabledReason::Failing => EndpointDisabledReason::Failing,
            }),
            failing_since: endpoint.failing_since,
            ordering: match endpoint.ordering {
                Ordering::None => EndpointOrdering::None,
                Ordering::Fifo => EndpointOrdering::Fifo,
            },
            timeout_seconds: endpoint.timeout.map(|timeout| timeout.as_secs()),
            retry_schedule: endpoint.retry_schedule.as_ref(),
            metadata: &endpoint.metadata,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

impl From<EndpointIn> for Changes {
    fn from(endpoint: EndpointIn) -> Self {
        Self {
            url: Some(endpoint.url),
            description: Some(endpoint.description.unwrap_or_default()),
            uid: Some(endpoint.uid),
            throttle_rate: Some(endpoint.throttle_rate),
            disabled: Some(endpoint.disabled.unwrap_or(false)),
            event_types: Some(endpoint.event_types.or(endpoint.filter_types).unwrap_or_default()),
            channels: Some(endpoint.channels.unwrap_or_default()),
            metadata: Some(endpoint.metadata.unwrap_or_default()),
            headers: endpoint.headers,
            secret: endpoint.secret,
            timeout_seconds: endpoint.timeout_seconds,
            ordering: endpoint.ordering.map(Into::into),
            retry_schedule: endpoint.retry_schedule,
        }
    }
}

impl From<EndpointPatch> for Changes {
    fn from(patch: EndpointPatch) -> Self {
        Self {
            url: patch.url,
            description: patch.description,
            uid: patch.uid,
            throttle_rate: patch.throttle_rate,
            disabled: patch.disabled,
            event_types: patch.event_types.or(patch.filter_types).map(Option::unwrap_or_default),
            channels: patch.channels.map(Option::unwrap_or_default),
            metadata: patch.metadata,
            headers: None,
            secret: None,
            timeout_seconds: patch.timeout_seconds,
            ordering: patch.ordering.map(Into::into),
            retry_schedule: patch.retry_schedule,
        }
    }
}

impl From<EndpointOrdering> for Ordering {
    fn from(ordering: EndpointOrdering) -> Self {
        match ordering {
            EndpointOrdering::None => Self::None,
            EndpointOrdering::Fifo => Self::Fifo,
        }
    }
}

/// Lists that say "all" by being empty are null on the wire.
fn some(list: &[String]) -> Option<&[String]> {
    Some(list).filter(|list| !list.is_empty())
}

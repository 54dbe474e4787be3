//! What sources and their endpoints look like on the wire.

use std::collections::BTreeMap;

use postrider_core::endpoint::Endpoint;
use postrider_core::id::{EndpointId, SourceId};
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::service::endpoints;
use crate::service::sources::{Addressed, Changes, shown};

/// A source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestSourceOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "src_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: SourceId,
    /// The caller's own id.
    #[schema(example = "shop")]
    uid: Option<&'a str>,
    /// A name for people.
    #[schema(example = "Orders of the shop")]
    name: &'a str,
    /// Where the provider sends to; null for a source that publishes by a schedule.
    #[schema(example = "https://hooks.example.com/in/0sTBsGvIWoY1VHOB-5cVJRpEsGLtsVvq")]
    ingest_url: Option<&'a str>,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "github")]
    kind: &'a str,
    /// How it is configured, without what is secret.
    #[schema(value_type = Object)]
    config: Value,
    /// The caller's notes.
    metadata: &'a BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A source to be made, or to replace one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestSourceIn {
    /// A name for people, 1 to 4,096 bytes.
    #[schema(min_length = 1, example = "Orders of the shop")]
    name: String,
    /// The caller's own id, unique in the environment; it works wherever a path takes the id.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    uid: Option<String>,
    /// Which provider sends: `generic-webhook`, `cron`, or the name of a provider such as `github`. A type that there is
    /// not is refused with a list of those that there are.
    #[serde(rename = "type")]
    #[schema(example = "github")]
    kind: String,
    /// How it is configured. What the type needs (a `secret`, a `publicKey`; a `schedule` and a `payload`), and for all
    /// types but `cron`: `secrets` (a list, while one replaces another), `settings` of the preset by name,
    /// `toleranceSeconds`, `acceptUnverified`, `split` (a batch becomes a message for each item), `sync` (a listener
    /// may answer the provider), and `forward`: `asItCame` (the provider's headers and bytes) or `resigned` (the bytes,
    /// signed with the endpoint's key).
    #[schema(value_type = Object, example = json!({"secret": "a secret of the provider"}))]
    #[serde(default)]
    config: Map<String, Value>,
    /// Notes by name, at most 16 KiB.
    metadata: Option<BTreeMap<String, String>>,
}

/// A new address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotateTokenOut<'a> {
    /// Where the provider sends to from now on. The address before this one is good for 48 hours more.
    ingest_url: &'a str,
}

/// An endpoint of a source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestEndpointOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "ep_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: EndpointId,
    /// The caller's own id.
    uid: Option<&'a str>,
    /// Where it is.
    url: &'a str,
    /// What it is for.
    description: &'a str,
    /// The event types it gets; null means all.
    filter_types: Option<&'a [String]>,
    /// Attempts a second, at most.
    throttle_rate: Option<u32>,
    /// Whether nothing is sent to it.
    disabled: bool,
    /// The caller's notes.
    metadata: &'a BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An endpoint to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestEndpointIn {
    #[serde(flatten)]
    endpoint: IngestEndpointUpsertIn,
    /// The signing key: `whsec_` and base64 of 24 to 64 bytes, or `whsk_` and base64 of an Ed25519 key. One is made
    /// when absent. It signs where the source forwards `resigned`.
    secret: Option<String>,
    /// Headers sent with every attempt, at most 32 and 8 KiB in all.
    headers: Option<BTreeMap<String, String>>,
}

/// An endpoint to replace one, or to be made. Its signing key and headers stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestEndpointUpsertIn {
    /// Where it is: `https` or `http`, at most 2,048 bytes, and not a private address; or `exec:NAME` for a command of
    /// the server's configuration that is there for this source.
    #[schema(format = "uri", min_length = 1, max_length = 2048, example = "https://example.com/webhooks")]
    url: String,
    /// What it is for, for people, at most 4,096 bytes.
    description: Option<String>,
    /// The caller's own id, unique in the source; it works wherever a path takes the id.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    uid: Option<String>,
    /// The event types it gets, at most 500 and 32 KiB in all; null or empty means all. In names of providers, what is
    /// not one of `A-Z a-z 0-9 - _ .` counts as a dot.
    filter_types: Option<Vec<String>>,
    /// Attempts a second, at most; null means no limit.
    #[schema(minimum = 1, maximum = 65535)]
    throttle_rate: Option<u32>,
    /// Whether nothing is to be sent to it. What comes meanwhile is not sent later.
    disabled: Option<bool>,
    /// Notes by name, at most 16 KiB.
    metadata: Option<BTreeMap<String, String>>,
}

impl<'a> From<&'a Addressed> for IngestSourceOut<'a> {
    fn from(Addressed { source, address }: &'a Addressed) -> Self {
        Self {
            id: source.id,
            uid: source.uid.as_deref(),
            name: &source.name,
            ingest_url: address.as_deref(),
            kind: &source.kind,
            config: shown(source),
            metadata: &source.metadata,
            created_at: source.created_at,
            updated_at: source.updated_at,
        }
    }
}

impl<'a> From<&'a Addressed> for RotateTokenOut<'a> {
    fn from(addressed: &'a Addressed) -> Self {
        Self { ingest_url: addressed.address.as_deref().unwrap_or_default() }
    }
}

impl From<IngestSourceIn> for Changes {
    fn from(source: IngestSourceIn) -> Self {
        let IngestSourceIn { name, uid, kind, config, metadata } = source;
        Self { name, uid, metadata: metadata.unwrap_or_default(), kind, config }
    }
}

impl<'a> From<&'a Endpoint> for IngestEndpointOut<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        Self {
            id: endpoint.id,
            uid: endpoint.uid.as_deref(),
            url: &endpoint.url,
            description: &endpoint.description,
            filter_types: Some(&endpoint.event_types[..]).filter(|types| !types.is_empty()),
            throttle_rate: endpoint.throttle_rate,
            disabled: endpoint.disabled.is_some(),
            metadata: &endpoint.metadata,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

impl From<IngestEndpointUpsertIn> for endpoints::Changes {
    fn from(endpoint: IngestEndpointUpsertIn) -> Self {
        Self {
            url: Some(endpoint.url),
            description: Some(endpoint.description.unwrap_or_default()),
            uid: Some(endpoint.uid),
            throttle_rate: Some(endpoint.throttle_rate),
            disabled: Some(endpoint.disabled.unwrap_or(false)),
            event_types: Some(endpoint.filter_types.unwrap_or_default()),
            metadata: Some(endpoint.metadata.unwrap_or_default()),
            ..Self::default()
        }
    }
}

impl From<IngestEndpointIn> for endpoints::Changes {
    fn from(IngestEndpointIn { endpoint, secret, headers }: IngestEndpointIn) -> Self {
        Self { headers, secret, ..endpoint.into() }
    }
}

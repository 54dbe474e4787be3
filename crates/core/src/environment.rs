//! An environment: a walled-off set of applications, event types and keys.

use serde::{Deserialize, Serialize};

use crate::id::EnvironmentId;
use crate::retry::Schedule;
use crate::time::Timestamp;

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// A name for people.
    pub name: String,
    /// How it behaves.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an environment's owner may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Which names the signature headers have.
    pub signature_headers: SignatureHeaders,
    /// What happens to a message whose event type does not exist.
    pub unknown_event_types: UnknownEventTypes,
    /// Days that messages, deliveries and attempts are kept once they are finished: 1 to 3,650.
    pub retention_days: u32,
    /// When attempts happen, unless an event type or an endpoint says otherwise.
    pub retry_schedule: Schedule,
    /// Whether endpoints must have `https` URLs.
    pub https_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            signature_headers: SignatureHeaders::default(),
            unknown_event_types: UnknownEventTypes::default(),
            retention_days: 90,
            retry_schedule: Schedule::default(),
            https_only: false,
        }
    }
}

/// The names of the three signature headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignatureHeaders {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`: Standard Webhooks.
    #[default]
    Webhook,
    /// `svix-id`, `svix-timestamp`, `svix-signature`: for receivers that verify with the older names.
    Svix,
    /// Both sets.
    Both,
}

/// What happens to a message whose event type does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownEventTypes {
    /// It is delivered like any other.
    #[default]
    Accept,
    /// It is refused with a validation error.
    Refuse,
}

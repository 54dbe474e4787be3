//! An endpoint: where an application's messages go.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::Metadata;
use crate::id::{AppId, EndpointId};
use crate::retry::Schedule;
use crate::secret::SigningKeys;
use crate::time::Timestamp;

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub app: AppId,
    /// The caller's own id, unique in the application while the endpoint exists.
    pub uid: Option<String>,
    /// Where it is, as the caller wrote it.
    pub url: String,
    /// What it is for, for people.
    pub description: String,
    /// The event types it wants; empty means all.
    pub event_types: Vec<String>,
    /// The channels it listens on; empty means all messages.
    pub channels: Vec<String>,
    /// Attempts a second, at most.
    pub throttle_rate: Option<u32>,
    /// Why nothing is sent to it, if so.
    pub disabled: Option<Disabled>,
    /// The caller's notes.
    pub metadata: Metadata,
    /// Headers sent with every attempt, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// What attempts are signed with.
    pub keys: SigningKeys,
    /// Deadline of one attempt, from name lookup to the last byte; `None` is the server's default.
    pub timeout: Option<Duration>,
    /// Whether messages wait for each other.
    pub ordering: Ordering,
    /// When attempts happen, instead of the event type's and the environment's schedule.
    pub retry_schedule: Option<Schedule>,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Since when and why an endpoint gets nothing. Its waiting deliveries stay until it is enabled again or their
/// retention ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: DisabledReason,
}

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// A person or the owner's program said so.
    Asked,
    /// It answered 410.
    Gone,
    /// Every attempt failed for days.
    Failing,
}

/// Whether an endpoint's messages wait for each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ordering {
    /// Only messages with the same ordering key wait for each other.
    #[default]
    None,
    /// Strict order: each message waits until the one before it succeeded or was skipped.
    Fifo,
}

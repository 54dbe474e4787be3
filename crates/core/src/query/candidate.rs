//! What a query is held against: a message, where it goes, and how that went.

use std::time::Duration;

use crate::attempt::{Failure, Trigger};
use crate::delivery::Delivery;
use crate::id::{AppId, AttemptId, EndpointId, SourceId};
use crate::message::Message;
use crate::time::Timestamp;

/// Whose message it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHead {
    /// The application's id.
    pub id: AppId,
    /// The caller's id of it.
    pub uid: Option<String>,
    /// Its name for people.
    pub name: String,
    /// The source whose hidden application it is.
    pub source: Option<SourceId>,
    /// The caller's id of that source.
    pub source_uid: Option<String>,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointHead {
    /// The endpoint's id.
    pub id: EndpointId,
    /// The caller's id of it.
    pub uid: Option<String>,
    /// Its URL as it is now.
    pub url: String,
    /// What it is for, for people.
    pub description: String,
    /// It was deleted, and what was sent to it is still on record.
    pub is_deleted: bool,
}

/// How the last attempt of a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAttempt {
    /// The attempt's id.
    pub id: AttemptId,
    /// 1 for the first attempt of the delivery.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// Why it happened.
    pub trigger: Trigger,
    /// Whether the endpoint answered 2xx.
    pub succeeded: bool,
    /// The HTTP status; 0 where no answer came.
    pub status_code: u16,
    /// What went wrong where no answer came.
    pub failure: Option<Failure>,
    /// How long it took.
    pub latency: Duration,
}

/// A delivery, where it goes and how it went.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// The endpoint.
    pub endpoint: &'a EndpointHead,
    /// Its last attempt; `None` before the first one.
    pub last: Option<&'a LastAttempt>,
    /// The header lines of the last request: `name: value`, each ended by a line feed.
    pub headers: &'a [u8],
}

/// A message, and perhaps one of its deliveries. What is not there, or is not known yet, no condition on it finds.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Whose it is.
    pub app: &'a AppHead,
    /// The message.
    pub message: &'a Message,
    /// A delivery of it.
    pub sent: Option<Sent<'a>>,
    /// The payload's bytes; `None` once it has expired or was expunged.
    pub payload: Option<&'a [u8]>,
}

//! A message: one event for one application.

use bytes::Bytes;

use crate::id::{AppId, MessageId};
use crate::time::Timestamp;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, which is also its time and its `webhook-id`.
    pub id: MessageId,
    /// Whom it is for.
    pub app: AppId,
    /// The name of its event type.
    pub event_type: String,
    /// The caller's own id, unique in the application.
    pub event_id: Option<String>,
    /// Its channels; empty means that it goes only by event type.
    pub channels: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Messages with the same key reach each endpoint in the order in which they were accepted.
    pub ordering_key: Option<String>,
    /// Not before this time.
    pub deliver_at: Option<Timestamp>,
    /// When the payload is dropped, where the caller asked for less than the environment's retention.
    pub expire_at: Option<Timestamp>,
    /// The message that this one was made of by hand, with a change. It is somebody's test: it is attempted once, and is
    /// in no sum of what happened.
    pub edited_of: Option<MessageId>,
    /// What is delivered; `None` once it has expired or was expunged.
    pub payload: Option<Payload>,
}

/// The bytes that endpoints get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The text of the JSON object exactly as it arrived, or the caller's raw text.
    pub body: Bytes,
    /// Set when the caller sent raw text instead of JSON.
    pub raw: Option<Raw>,
}

/// How raw text is delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Raw {
    /// Headers that the caller asked for, by lower-case name: `content-type` and others that custom headers may be.
    pub headers: Vec<(String, String)>,
    /// Set where the headers are those of a received request: nothing is added to them, no signature either, and their
    /// values are bytes, each written as the character of its number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_it_came: bool,
}

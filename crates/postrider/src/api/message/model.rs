//! What a message looks like on the wire.
//!
//! A payload is written into an answer as the text that came, byte for byte. So the rest of a message is an object of
//! its own, [`MessageHead`], and [`write`] puts the two together.

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::message::Message;
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer;

/// A message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `write` puts together")]
pub(in crate::api) struct MessageOut<'a> {
    #[serde(flatten)]
    head: MessageHead<'a>,
    /// What is delivered. `{}` when it was not asked for or is not JSON, `{"expired": true}` when it is no longer
    /// kept.
    #[schema(value_type = Object)]
    payload: (),
}

/// A message without its payload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct MessageHead<'a> {
    /// Its id, which receivers get as `webhook-id`.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    pub(in crate::api) id: MessageId,
    /// The caller's own id for the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    /// The name of its event type.
    #[schema(example = "invoice.paid")]
    event_type: &'a str,
    /// Its channels; null when it has none.
    channels: Option<&'a [String]>,
    /// Words to find it by; null when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a [String]>,
    /// Messages with the same key reach each endpoint in the order in which they were accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    ordering_key: Option<&'a str>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// Not sent before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deliver_at: Option<Timestamp>,
    /// The message that this one was made of, with a change by hand.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_of: Option<MessageId>,
    /// Whether a person has changed it. Such a message is attempted once, and is in no sum.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    /// The text that is delivered, where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_payload: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> MessageHead<'a> {
    pub(in crate::api) fn new(message: &'a Message, with_content: bool) -> Self {
        let some = |list: &'a [String]| Some(list).filter(|list| !list.is_empty());
        let payload = message.payload.as_ref().filter(|payload| with_content && payload.raw.is_some());
        Self {
            id: message.id,
            event_id: message.event_id.as_deref(),
            event_type: &message.event_type,
            channels: some(&message.channels),
            tags: some(&message.tags),
            ordering_key: message.ordering_key.as_deref(),
            timestamp: message.id.timestamp(),
            deliver_at: message.deliver_at,
            replay_of: message.edited_of,
            edited: message.edited_of.is_some(),
            raw_payload: payload.map(|payload| String::from_utf8_lossy(&payload.body)),
        }
    }
}

/// Appends a message. Without content the payload is `{}`.
pub(in crate::api) fn write(message: &Message, with_content: bool, out: &mut Vec<u8>) {
    let head = MessageHead::new(message, with_content);
    answer::write_with(&head, "payload", |out| write_payload(message, with_content, out), out);
}

/// Appends a message's payload as it is shown.
pub(in crate::api) fn write_payload(message: &Message, with_content: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(match &message.payload {
        _ if !with_content => b"{}",
        None => br#"{"expired":true}"#,
        Some(payload) if payload.raw.is_some() => b"{}",
        Some(payload) => &payload.body,
    });
}

/// The text of a message.
pub(in crate::api) fn render(message: &Message, with_content: bool) -> Bytes {
    let payload = message.payload.as_ref().map_or(0, |payload| payload.body.len());
    let mut out = Vec::with_capacity(256 + if with_content { payload } else { 0 });
    write(message, with_content, &mut out);
    out.into()
}

#[cfg(test)]
mod tests {
    use postrider_core::id::AppId;
    use postrider_core::message::{Payload, Raw};

    use super::*;

    fn message(payload: Option<Payload>) -> Message {
        Message {
            id: "msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv".parse().unwrap(),
            app: AppId::from_bytes([0; 20]),
            event_type: "invoice.paid".into(),
            event_id: None,
            channels: vec!["a".into()],
            tags: vec![r"x\y".into()],
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            edited_of: None,
            payload,
        }
    }

    fn shown(message: &Message, with_content: bool) -> String {
        let text = String::from_utf8(render(message, with_content).to_vec()).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        text
    }

    #[test]
    fn a_payload_is_shown_byte_for_byte() {
        let body = Bytes::from_static(b"{ \"n\": 1.0e2,\"a\":1,\"a\":2 }");
        let message = message(Some(Payload { body, raw: None }));
        let text = shown(&message, true);
        assert!(text.starts_with(r#"{"id":"msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv","eventType":"invoice.paid","channels":["a"],"tags":["x\\y"],"timestamp":"#));
        assert!(text.ends_with(",\"payload\":{ \"n\": 1.0e2,\"a\":1,\"a\":2 }}"));
        assert!(shown(&message, false).ends_with(r#","payload":{}}"#));
    }

    #[test]
    fn text_that_is_not_json_has_a_place_of_its_own() {
        let body = Bytes::from_static(b"<a>\"\xff</a>");
        let message = message(Some(Payload { body, raw: Some(Raw::default()) }));
        assert!(shown(&message, true).ends_with("\"rawPayload\":\"<a>\\\"\u{fffd}</a>\",\"payload\":{}}"));
        assert!(!shown(&message, false).contains("rawPayload"));
    }

    #[test]
    fn what_is_no_longer_kept_says_so() {
        assert!(shown(&message(None), true).ends_with(r#","payload":{"expired":true}}"#));
        assert!(shown(&message(None), false).ends_with(r#","payload":{}}"#));
    }
}

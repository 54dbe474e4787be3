//! A request as listeners of a channel get it: one object, in which each header is a member beside `body`, `query` and
//! `timestamp`.
//!
//! Clients make a header of each member that they do not know, and write the body anew from `body`. So the bytes as they
//! came, by which signatures verify, are told only to those that ask for them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use postrider_core::time::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// Names that belong to the connection. Sorted.
const OF_THE_CONNECTION: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
];
/// Members that are ours. A header of such a name is left out.
const OWN: [&str; 5] = ["body", "query", "rawbody", "rawbody_base64", "timestamp"];

/// Why a body cannot be relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is said to be JSON, or nothing is said of it, and it is not.
    #[error("the body is not JSON")]
    NotJson,
    /// It is of a kind that channels do not carry.
    #[error("a channel carries JSON and forms")]
    Kind,
}

/// A message of a channel.
#[derive(Debug)]
pub struct Posted {
    /// Larger than that of every message before it.
    pub number: i64,
    /// The object's members but for the raw ones, without its last brace; one line.
    head: String,
    /// The body as it came.
    raw: Bytes,
}

impl Posted {
    /// A message of what a request had that came at `now`. It has no number yet.
    pub(super) fn of(
        now: Timestamp,
        headers: &[(String, String)],
        query: Option<&str>,
        raw: Bytes,
    ) -> Result<Self, Unreadable> {
        let mut members = Map::new();
        for (name, value) in headers {
            if OF_THE_CONNECTION.binary_search(&name.as_str()).is_ok() || OWN.contains(&name.as_str()) {
                continue;
            }
            match members.get_mut(name) {
                Some(Value::String(before)) => {
                    before.push_str(", ");
                    before.push_str(value);
                }
                _ => drop(members.insert(name.clone(), json!(value))),
            }
        }
        members.insert("query".to_owned(), Value::Object(form(query.unwrap_or_default().as_bytes())));
        members.insert("timestamp".to_owned(), json!(now.as_micros() / 1_000));
        let kind = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        let body = body(kind, &raw)?;
        let mut head = Value::Object(members).to_string();
        head.pop();
        head.push_str(",\"body\":");
        head.push_str(&body);
        Ok(Self { number: 0, head, raw })
    }

    /// The object, on one line; with the bytes as they came if `raw`.
    #[must_use]
    pub fn text(&self, raw: bool) -> String {
        let mut text = self.head.clone();
        if raw {
            let as_text = json!(String::from_utf8_lossy(&self.raw));
            let coded = STANDARD.encode(&self.raw);
            let _ = write!(text, ",\"rawbody\":{as_text},\"rawbody_base64\":\"{coded}\"");
        }
        text.push('}');
        text
    }

    /// About how much memory it keeps.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.head.len() + self.raw.len() + 64
    }
}

/// The body as a JSON value on one line. That of JSON is its own text, so that members keep their order.
fn body(kind: Option<&str>, raw: &[u8]) -> Result<String, Unreadable> {
    let kind = kind.unwrap_or("application/json").split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        return Ok(Value::Object(form(raw)).to_string());
    }
    if !(kind == "application/json" || kind.ends_with("+json") || kind == "text/plain") {
        return Err(Unreadable::Kind);
    }
    if raw.is_empty() {
        return Ok("{}".to_owned());
    }
    let value: &serde_json::value::RawValue = serde_json::from_slice(raw).map_err(|_| Unreadable::NotJson)?;
    // Line ends can only stand between tokens, where a blank means the same.
    Ok(value.get().replace(['\n', '\r'], " "))
}

/// The fields of a form; of several with one name, the last.
fn form(text: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(
        headers: &[(&str, &str)],
        query: Option<&str>,
        raw: &'static str,
    ) -> Result<Posted, Unreadable> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Posted::of(Timestamp::from_seconds(1), &headers, query, Bytes::from_static(raw.as_bytes()))
    }

    #[test]
    fn a_message_is_one_line_with_its_members_in_their_order() {
        assert!(OF_THE_CONNECTION.is_sorted() && OWN.is_sorted());
        let headers = [("x-a", "1"), ("x-a", "2"), ("host", "us"), ("body", "forged"), ("x-q", "\"\n")];
        let posted = posted(&headers, Some("a=b&c=d%20e"), "{\"z\": 1,\r\n \"a\":\"\\n\"}").unwrap();
        let text = posted.text(false);
        assert_eq!(
            text,
            r#"{"query":{"a":"b","c":"d e"},"timestamp":1000,"x-a":"1, 2","x-q":"\"\n","body":{"z": 1,   "a":"\n"}}"#
        );
        let raw: Value = serde_json::from_str(&posted.text(true)).unwrap();
        assert_eq!(raw["rawbody"], "{\"z\": 1,\r\n \"a\":\"\\n\"}");
        assert!(!posted.text(true).contains(['\n', '\r']));
    }

    #[test]
    fn json_and_forms_are_carried_and_nothing_else() {
        let json = [("content-type", "application/vnd.api+json")];
        for (headers, raw, expected) in [
            (&json[..], "[1]", Ok("[1]")),
            (&[][..], "", Ok("{}")),
            (
                &[("content-type", "application/x-www-form-urlencoded")],
                "a=1&b=%7B",
                Ok(r#"{"a":"1","b":"{"}"#),
            ),
            (&json, "{", Err(Unreadable::NotJson)),
            (&json, "{} {}", Err(Unreadable::NotJson)),
            (&[("content-type", "application/octet-stream")], "{}", Err(Unreadable::Kind)),
        ] {
            let made = posted(headers, None, raw).map(|posted| posted.text(false));
            match (made, expected) {
                (Ok(text), Ok(body)) => assert!(text.ends_with(&format!("\"body\":{body}}}")), "{text}"),
                (made, expected) => assert_eq!(made.err(), expected.err(), "{raw}"),
            }
        }
    }
}

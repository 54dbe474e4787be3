//! A request that a source received: as it came, and what was found out about it.
//!
//! One that becomes a message is a [`Reception`], which belongs to the message and goes with it. One that was refused is
//! a [`Refusal`], of which a source keeps the last few for people to look at.

use std::net::IpAddr;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::id::{EndpointId, MessageId, RefusalId};
use crate::time::Timestamp;

/// A request, but for its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Its method.
    pub method: String,
    /// What its path had behind the token, with the slash; empty for nothing.
    pub tail: String,
    /// Its query as it came, without the question mark.
    pub query: Option<String>,
    /// Its headers in the order of the wire, names as they were written. Where requests came without waiting for answers
    /// names are in lower case, and of one that came several times all stand where the first one stood.
    pub headers: Vec<(String, Octets)>,
    /// Who sent it, or the proxy in front of us.
    pub remote: Option<IpAddr>,
}

/// Bytes of a header. Serialized as text in which each character is the byte of its number (ISO 8859-1), so that
/// ordinary values can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Octets(pub Bytes);

impl From<String> for Octets {
    fn from(text: String) -> Self {
        Self(text.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect())
    }
}

impl From<Octets> for String {
    fn from(octets: Octets) -> Self {
        octets.0.iter().copied().map(char::from).collect()
    }
}

/// What the check of a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The provider signed it.
    Verified,
    /// It had the right password or token; nothing says that its bytes are the provider's.
    Authenticated,
    /// The check failed, and the source takes such requests all the same.
    Failed,
    /// Nothing was checked.
    Unverified,
}

impl Standing {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Verified, Self::Authenticated, Self::Failed, Self::Unverified];

    /// The one with this number, which is what is stored.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| *standing as i64 == number)
    }

    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Authenticated => "authenticated",
            Self::Failed => "failed",
            Self::Unverified => "unverified",
        }
    }
}

/// What is known of a received message beside its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// What the check came to.
    pub standing: Standing,
    /// SHA-256 of the body.
    pub body_hash: [u8; 32],
    /// The message that this one repeats: it was kept, and went nowhere.
    pub duplicate_of: Option<MessageId>,
    /// The rest.
    pub detail: Detail,
}

/// What is kept of a reception for people. Stored as JSON, sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The request. That of a batch is with its first message; the others name that.
    pub request: Option<Received>,
    /// The first message of the batch that this one came in.
    pub batch: Option<MessageId>,
    /// Why the check failed, as a sentence.
    pub reason: Option<String>,
    /// Which of the source's secrets matched, counted from 0.
    pub secret: Option<usize>,
    /// The provider's id for the event.
    pub event_id: Option<String>,
    /// What it replays, where it did not come from outside.
    #[serde(default)]
    pub replay: Option<Replay>,
    /// Endpoints that would have got it but for their filters, at most [`limits::LEFT_OUT`](crate::limits::LEFT_OUT).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<EndpointId>,
}

/// A message that was made of an earlier one of the source: it counts as no repetition of it, and goes only where a
/// person has sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The message that it was made of.
    pub of: MessageId,
    /// Whether its headers or bytes were changed by hand. What signs it anew alone is no change.
    pub edited: bool,
    /// The only listener, or group of listeners, that sees it.
    pub listener: Option<String>,
    /// Whether it went to endpoints. Then no listener sees it unless one was named.
    #[serde(default)]
    pub to_endpoints: bool,
}

impl Replay {
    /// Whether a listener with these names (its own, and that of its group) sees it.
    #[must_use]
    pub fn is_for(&self, names: &[&str]) -> bool {
        match &self.listener {
            Some(only) => names.contains(&only.as_str()),
            None => !self.to_endpoints,
        }
    }
}

/// A request that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its id, which is also its time.
    pub id: RefusalId,
    /// When it came.
    pub at: Timestamp,
    /// What it was.
    pub request: Received,
    /// A stable word for why.
    pub code: String,
    /// Why, as a sentence.
    pub reason: String,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// The beginning of the body.
    pub body: Bytes,
}

/// How many refusals a source keeps, and how many bytes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// At most this many.
    pub count: u64,
    /// And at most about this many bytes; the newest always stays.
    pub bytes: u64,
}

/// What two requests of a source have in common when they are the same event: the first half of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sameness(pub [u8; 16]);

impl Sameness {
    /// By the provider's own id.
    #[must_use]
    pub fn of_id(event_id: &str) -> Self {
        Self::of(&[b"id", event_id.as_bytes()])
    }

    /// By the body and the event type, where the provider has no id: two bodies that are alike under one type are taken
    /// for one event.
    #[must_use]
    pub fn of_body(body_hash: &[u8; 32], event_type: &str) -> Self {
        Self::of(&[b"body", body_hash, event_type.as_bytes()])
    }

    /// Of a replay: it is the same as nothing, and nothing is the same as it.
    #[must_use]
    pub fn of_replay(message: MessageId) -> Self {
        Self::of(&[b"replay", message.as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut whole = Vec::new();
        for part in parts {
            whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
            whole.extend_from_slice(part);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest(&SHA256, &whole).as_ref()[..16]);
        Self(half)
    }
}

/// SHA-256 of a body.
#[must_use]
pub fn hash(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_being_stored() {
        let all = Octets((0..=255).collect());
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Octets>(&text).unwrap(), all);
        assert_eq!(String::from(Octets(Bytes::from_static(b"application/json"))), "application/json");
    }

    #[test]
    fn sameness_is_of_one_kind_and_its_parts_do_not_run_together() {
        let hash = hash(b"{}");
        let all = [
            Sameness::of_id("a"),
            Sameness::of_id("b"),
            Sameness::of_body(&hash, "a"),
            Sameness::of_body(&hash, "b"),
            Sameness::of_body(&super::hash(b"[]"), "a"),
            Sameness::of_replay(MessageId::from_bytes([1; 20])),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one), "{index}");
        }
        assert_eq!(Sameness::of_id("a"), all[0]);
    }

    #[test]
    fn a_replay_is_for_those_it_names() {
        let replay = |listener: Option<&str>, to_endpoints| Replay {
            of: MessageId::from_bytes([1; 20]),
            edited: false,
            listener: listener.map(str::to_owned),
            to_endpoints,
        };
        for (replay, names, expected) in [
            (replay(None, false), &["me", "team"][..], true),
            (replay(None, true), &["me", "team"], false),
            (replay(Some("team"), true), &["me", "team"], true),
            (replay(Some("me"), false), &["me", "team"], true),
            (replay(Some("other"), false), &["me", "team"], false),
            (replay(Some("other"), false), &[], false),
        ] {
            assert_eq!(replay.is_for(names), expected, "{replay:?} {names:?}");
        }
    }

    #[test]
    fn numbers_of_standings_are_stored_and_stay() {
        for (number, standing) in Standing::ALL.into_iter().enumerate() {
            assert_eq!(Standing::of_number(number as i64), Some(standing));
            assert_eq!(serde_json::to_value(standing).unwrap(), standing.name());
        }
        assert_eq!(Standing::of_number(4), None);
    }
}

//! Replay: what was received or published once is sent again.
//!
//! There are two kinds, kept apart by what a message and its id stand for:
//!
//! - **Sent again**: the same message, with its id and bytes, to an endpoint of its application. A message has one
//!   delivery at an endpoint, so that one goes back to waiting, or is made.
//! - **A new message**: what was edited, signed anew as the provider signs, or is for listeners alone. It has an id of
//!   its own, names the message that it was made of ([`reception::Replay`](crate::reception::Replay)), and goes only
//!   where it was sent.
//!
//! Here are the choices of whoever replays, and [which kind](SourceReplay::makes_new) they come to. The requests of
//! providers are signed by [`inbound`](crate::inbound).

use serde::{Deserialize, Serialize};

use crate::delivery::State;
use crate::id::{EndpointId, SourceId};
use crate::message::Message;
use crate::reception::{Detail, Standing};

/// Whose signature a replay has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sign {
    /// The provider's, as it came. Where it covers a time, a receiver may find it too old.
    #[default]
    AsItCame,
    /// One as the provider's, of this moment, made with the source's secret.
    Provider,
    /// Ours, with the key of the endpoint that it goes to.
    Postrider,
}

/// Where a replay goes: nowhere but here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Endpoints.
    pub endpoints: Vec<EndpointId>,
    /// The only listener, or group of listeners, that sees it. Without one and without endpoints, all listeners do.
    pub listener: Option<String>,
}

/// What of an endpoint's messages is sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Of one of these types; empty means all.
    pub event_types: Vec<String>,
    /// On this channel.
    pub channel: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Whose deliveries are in one of these states; empty means all.
    #[serde(with = "states")]
    pub states: Vec<State>,
    /// Whose last attempt was answered with a status that begins with this digit; 0 for no answer.
    pub code_class: Option<u16>,
}

/// A replay of what a source received in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReplay {
    /// The source.
    pub source: SourceId,
    /// Of one of these types; empty means all.
    pub event_types: Vec<String>,
    /// That stands so; empty means all.
    pub standings: Vec<Standing>,
    /// Repetitions too.
    pub with_duplicates: bool,
    /// Where it goes.
    pub to: Targets,
    /// How it is signed.
    pub sign: Sign,
}

impl SourceReplay {
    /// Whether the message that `detail` is known of is one of those: received, of a standing that is wanted, and itself
    /// no replay, which would come twice.
    #[must_use]
    pub fn wants(&self, standing: Standing, is_duplicate: bool, detail: &Detail) -> bool {
        detail.replay.is_none()
            && (self.with_duplicates || !is_duplicate)
            && (self.standings.is_empty() || self.standings.contains(&standing))
    }

    /// Whether `message` becomes a new message, or is sent again as it is.
    #[must_use]
    pub fn makes_new(&self, message: &Message, detail: Option<&Detail>) -> bool {
        makes_new(&self.to, self.sign, message, detail)
    }
}

impl Default for SourceReplay {
    fn default() -> Self {
        Self {
            source: SourceId::from_bytes([0; 20]),
            event_types: Vec::new(),
            standings: Vec::new(),
            with_duplicates: false,
            to: Targets::default(),
            sign: Sign::default(),
        }
    }
}

/// Whether an unedited replay of `message` is a new message: listeners see only what is new, and a message is stored
/// with one form of signature.
#[must_use]
pub fn makes_new(to: &Targets, sign: Sign, message: &Message, detail: Option<&Detail>) -> bool {
    let is_as_it_came =
        message.payload.as_ref().and_then(|payload| payload.raw.as_ref()).is_some_and(|raw| raw.as_it_came);
    // That of a batch is with its first message.
    let request_is_known = detail.is_some_and(|detail| detail.request.is_some() || detail.batch.is_some());
    to.endpoints.is_empty()
        || to.listener.is_some()
        || match sign {
            // What never came from outside has no other form than the one that it is stored with.
            Sign::AsItCame => !is_as_it_came && request_is_known,
            Sign::Provider => true,
            Sign::Postrider => is_as_it_came,
        }
}

/// States by their numbers, as they are stored everywhere.
mod states {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::State;

    pub(super) fn serialize<S: Serializer>(states: &[State], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(states.iter().map(|state| *state as u8))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<State>, D::Error> {
        let numbers = Vec::<u8>::deserialize(deserializer)?;
        let state = |number: u8| State::from_number(number.into());
        numbers.into_iter().map(|number| state(number).ok_or_else(|| D::Error::custom("no state"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::id::{AppId, MessageId};
    use crate::message::{Payload, Raw};
    use crate::reception::{Received, Replay};

    fn message(as_it_came: bool) -> Message {
        Message {
            id: MessageId::from_bytes([1; 20]),
            app: AppId::from_bytes([2; 20]),
            event_type: "push".into(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            edited_of: None,
            payload: Some(Payload { body: Bytes::new(), raw: Some(Raw { headers: Vec::new(), as_it_came }) }),
        }
    }

    fn detail() -> Detail {
        let request = Received {
            method: "POST".into(),
            tail: String::new(),
            query: None,
            headers: Vec::new(),
            remote: None,
        };
        Detail { request: Some(request), ..Detail::default() }
    }

    #[test]
    fn the_same_message_is_sent_again_only_in_the_form_that_it_has() {
        let (known, unknown) = (detail(), Detail { request: None, ..detail() });
        let of_batch = Detail { batch: Some(MessageId::from_bytes([9; 20])), ..unknown.clone() };
        let endpoint = || vec![EndpointId::from_bytes([1; 20])];
        let to_endpoint = Targets { endpoints: endpoint(), listener: None };
        for (sign, as_it_came, detail, expected) in [
            (Sign::AsItCame, true, &known, false),
            (Sign::AsItCame, false, &known, true),
            (Sign::AsItCame, false, &unknown, false),
            (Sign::AsItCame, false, &of_batch, true),
            (Sign::Postrider, true, &known, true),
            (Sign::Postrider, false, &known, false),
            (Sign::Provider, true, &known, true),
            (Sign::Provider, false, &unknown, true),
        ] {
            let found = makes_new(&to_endpoint, sign, &message(as_it_came), Some(detail));
            assert_eq!(found, expected, "{sign:?} {as_it_came}");
        }
        for to in [
            Targets::default(),
            Targets { endpoints: Vec::new(), listener: Some("me".into()) },
            Targets { endpoints: endpoint(), listener: Some("me".into()) },
        ] {
            assert!(makes_new(&to, Sign::AsItCame, &message(true), Some(&known)), "{to:?}");
        }
    }

    #[test]
    fn a_range_leaves_out_what_is_a_replay_itself() {
        let all = SourceReplay::default();
        let some = SourceReplay { standings: vec![Standing::Failed], with_duplicates: true, ..all.clone() };
        let of = MessageId::from_bytes([1; 20]);
        let replay = Replay { of, edited: false, listener: None, to_endpoints: false };
        let replayed = Detail { replay: Some(replay), ..detail() };
        for (selection, standing, is_duplicate, detail, expected) in [
            (&all, Standing::Verified, false, &detail(), true),
            (&all, Standing::Verified, true, &detail(), false),
            (&all, Standing::Verified, false, &replayed, false),
            (&some, Standing::Verified, false, &detail(), false),
            (&some, Standing::Failed, true, &detail(), true),
            (&some, Standing::Failed, true, &replayed, false),
        ] {
            assert_eq!(selection.wants(standing, is_duplicate, detail), expected);
        }
    }

    #[test]
    fn what_is_stored_reads_back() {
        let selection = Selection {
            event_types: vec!["a".into()],
            states: vec![State::Failed, State::Succeeded],
            code_class: Some(5),
            ..Selection::default()
        };
        let text = serde_json::to_string(&selection).unwrap();
        assert_eq!(serde_json::from_str::<Selection>(&text).unwrap(), selection);
        assert_eq!(serde_json::from_str::<Selection>("{}").unwrap(), Selection::default());
        assert!(serde_json::from_str::<Selection>(r#"{"states":[9]}"#).is_err());
        let replay = SourceReplay { standings: vec![Standing::Failed], ..SourceReplay::default() };
        let text = serde_json::to_string(&replay).unwrap();
        assert_eq!(serde_json::from_str::<SourceReplay>(&text).unwrap(), replay);
    }
}

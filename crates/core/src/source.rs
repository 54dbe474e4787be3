//! A source: a place where we receive from a provider.
//!
//! A source owns one hidden [application](crate::app): its endpoints, messages and deliveries are ordinary ones, and
//! nothing that works on them knows of sources. The hidden application is reached through its source and in no other
//! way ([`scope`](crate::scope)).
//!
//! What may be shown is in [`Settings`]; what may not is in [`Private`], which the store seals and whose `Debug` shows
//! nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::Metadata;
use crate::filter::Rules;
use crate::id::{AppId, EnvironmentId, SourceId};
use crate::time::Timestamp;

pub use link::{Link, LinkKey};
pub use token::{IngestToken, SourceToken};

mod link;
mod token;

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// The environment it lives in.
    pub environment: EnvironmentId,
    /// The hidden application that has its endpoints and messages.
    pub app: AppId,
    /// The caller's own id, unique among the sources of the environment while the source exists.
    pub uid: Option<String>,
    /// A name for people.
    pub name: String,
    /// Its type as the caller named it, such as `github` or `generic-webhook`.
    pub kind: String,
    /// The caller's notes.
    pub metadata: Metadata,
    /// How it behaves.
    pub settings: Settings,
    /// What is never shown.
    pub private: Private,
    /// When its schedule fires next; `None` unless it has one.
    pub next_firing: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How a source behaves. Stored as JSON, so fields are only added.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The preset that requests are checked by; `None` where nothing is.
    pub preset: Option<String>,
    /// How far a signed time may be off, in seconds, instead of the preset's; 0 for any.
    pub tolerance_seconds: Option<u64>,
    /// Whether requests that fail the check, or that nothing checks, become messages all the same.
    pub accept_unverified: bool,
    /// Whether a batch becomes one message for each of its items.
    pub split: bool,
    /// What endpoints get.
    pub forward: Forward,
    /// Whether a listener may answer the provider.
    pub sync: bool,
    /// What the preset asks for beside secrets and may be shown, by its name.
    pub parameters: BTreeMap<String, String>,
    /// The schedule of a source that publishes by itself.
    pub cron: Option<Cron>,
    /// Whether the provider may still tell its secret by a handshake. Over once it has.
    pub awaits_handshake: bool,
    /// Code that is kept for endpoints, by their ids, until there is something that runs it.
    pub transformations: BTreeMap<String, Transformation>,
    /// Which requests endpoints get, by their ids; one that is not named gets all.
    pub filters: Rules,
}

/// What endpoints of a source get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Forward {
    /// The provider's headers and bytes, so that its own library can verify them again.
    #[default]
    AsItCame,
    /// The provider's bytes and content type, signed by us as every message is.
    Resigned,
}

/// A schedule and what is published by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cron {
    /// Five fields in the manner of cron, in UTC.
    pub schedule: String,
    /// The message's payload.
    pub payload: String,
    /// Its content type; `application/json` when absent.
    pub content_type: Option<String>,
}

impl Cron {
    /// The content type of what is published.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or("application/json")
    }
}

/// Code for an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transformation {
    /// The program.
    pub code: Option<String>,
    /// Whether it is to run.
    pub enabled: bool,
    /// Values for it, by name.
    pub variables: BTreeMap<String, String>,
}

/// What is never shown of a source.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    /// What requests may be signed with.
    pub credentials: Vec<Credential>,
    /// What the preset asks for beside secrets and must not be shown, by its name.
    pub parameters: BTreeMap<String, Hidden>,
    /// What its address may end in, the current one first.
    pub tokens: Vec<SourceToken>,
}

/// A secret of the provider, or a key that verifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its text, as the provider shows it.
    pub text: Hidden,
    /// From when on it counts no more.
    pub not_after: Option<Timestamp>,
}

/// Text that shows in no log and is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Hidden> for String {
    fn from(hidden: Hidden) -> Self {
        hidden.expose().to_owned()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(…)")
    }
}

impl Source {
    /// The token that its address ends in; a source has one from its beginning.
    #[must_use]
    pub fn token(&self) -> Option<&IngestToken> {
        self.private.tokens.first().map(|current| &current.token)
    }

    /// Makes `token` the current one. Those before it stay good until `until` at most, and no more of them are kept than
    /// [`limits::OLD_TOKENS`](crate::limits::OLD_TOKENS).
    pub fn rotate_token(&mut self, token: IngestToken, now: Timestamp, grace: Duration) {
        let until = now.after(grace);
        let tokens = &mut self.private.tokens;
        tokens.retain(|old| old.is_valid(now));
        for old in tokens.iter_mut() {
            old.expires_at = Some(old.expires_at.map_or(until, |end| end.min(until)));
        }
        tokens.insert(0, SourceToken { token, expires_at: None });
        tokens.truncate(1 + crate::limits::OLD_TOKENS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const GRACE: Duration = Duration::from_secs(60);

    fn source() -> Source {
        let token = IngestToken::generate(&TestRng::seed(1));
        Source {
            id: SourceId::from_bytes([1; 20]),
            environment: EnvironmentId::from_bytes([2; 20]),
            app: AppId::from_bytes([3; 20]),
            uid: None,
            name: "source".into(),
            kind: "github".into(),
            metadata: Metadata::new(),
            settings: Settings::default(),
            private: Private {
                credentials: vec![Credential { text: "s3cret".to_owned().into(), not_after: None }],
                tokens: vec![SourceToken { token, expires_at: None }],
                ..Private::default()
            },
            next_firing: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn nothing_private_shows_in_a_log() {
        let source = source();
        let text = format!("{source:?} {:?}", source.private.credentials);
        assert!(!text.contains("s3cret"), "{text}");
        assert!(!text.contains(source.token().unwrap().expose()), "{text}");
    }

    #[test]
    fn a_replaced_token_is_good_for_a_while_and_no_longer() {
        let mut source = source();
        let first = source.token().unwrap().clone();
        source.rotate_token(IngestToken::generate(&TestRng::seed(2)), NOW, GRACE);
        assert_ne!(source.token(), Some(&first));
        let old = source.private.tokens[1].clone();
        assert_eq!(old.token, first);
        assert!(old.is_valid(NOW.after(Duration::from_secs(59))) && !old.is_valid(NOW.after(GRACE)));
        // Another rotation does not give it more time.
        source.rotate_token(
            IngestToken::generate(&TestRng::seed(3)),
            NOW.after(Duration::from_secs(30)),
            GRACE,
        );
        assert_eq!(source.private.tokens[2].expires_at, old.expires_at);
        source.rotate_token(IngestToken::generate(&TestRng::seed(4)), NOW.after(GRACE), GRACE);
        assert_eq!(source.private.tokens.len(), 3, "what has expired is forgotten");
    }

    #[test]
    fn what_is_stored_reads_back() {
        let private = source().private;
        let text = serde_json::to_string(&private).unwrap();
        assert_eq!(serde_json::from_str::<Private>(&text).unwrap(), private);
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    }
}

//! Sessions of people, and the one-time links that begin them.
//!
//! Both are held by a [`Ticket`]: random text that only its holder has, while the store has its hash.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{PersonId, SessionId};
use crate::key::TokenHash;
use crate::rng::Rng;
use crate::time::Timestamp;

/// A session that nobody used for this long has ended.
pub const IDLE: Duration = Duration::from_secs(12 * 3_600);
/// No session is longer than this, however much it is used.
pub const LENGTH: Duration = Duration::from_secs(14 * 24 * 3_600);
/// Uses of a session within this time after one that was noted are not noted.
pub const SEEN_EVERY: Duration = Duration::from_secs(300);
/// How long a one-time link can be used.
pub const LINK_LENGTH: Duration = Duration::from_secs(24 * 3_600);
/// Sessions that one person can have at once: the oldest ends when another begins.
pub const SESSIONS: usize = 50;

const TICKET_BYTES: usize = 32;
/// Characters of a ticket: 32 bytes in base64.
const TICKET_CHARS: usize = 43;

/// A browser in which a person has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which is not secret.
    pub id: SessionId,
    /// Whose it is.
    pub person: PersonId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was used, to [`SEEN_EVERY`].
    pub seen_at: Timestamp,
    /// What the browser calls itself, at most 256 bytes.
    pub agent: String,
    /// The network that the person came from, as a prefix.
    pub network: String,
}

impl Session {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.seen_at.after(IDLE) && now < self.created_at.after(LENGTH)
    }

    /// Whether a use at `now` must be noted, so that the session does not end from idleness.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.seen_at.after(SEEN_EVERY)
    }
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first admin introduces themselves. Of no use once there is a person.
    First,
    /// A person who was invited, or whose password was reset, chooses a password.
    Password(PersonId),
    /// A person is signed in at once.
    SignIn(PersonId),
}

impl Purpose {
    /// The person it is for, if there is one yet.
    #[must_use]
    pub const fn person(self) -> Option<PersonId> {
        match self {
            Self::First => None,
            Self::Password(person) | Self::SignIn(person) => Some(person),
        }
    }
}

/// A one-time link, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: Purpose,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// Text of 256 random bits that only its holder knows: in a session's cookie, or in a one-time link.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(Zeroizing<String>);

impl Ticket {
    /// A new one.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut random = Zeroizing::new([0u8; TICKET_BYTES]);
        rng.fill(&mut *random);
        Self(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*random)))
    }

    /// What a browser sent, if it can be one at all.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == TICKET_CHARS && text.bytes().all(allowed))
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text: for its cookie, or the link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// What the forms of a session's pages carry. A page elsewhere cannot know it, even where it can have the cookie sent.
    #[must_use]
    pub fn form_token(&self) -> FormToken {
        FormToken::of(&self.0)
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(…)")
    }
}

/// What proves that a form is of a page that this session was shown: see [`Ticket::form_token`].
#[derive(Clone)]
pub struct FormToken(String);

impl FormToken {
    /// That of the session which this secret opens.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self(BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"form")))
    }

    /// The text for the form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form carried it, in a time that does not tell how much of it was right.
    #[must_use]
    pub fn matches(&self, sent: &str) -> bool {
        self.0.as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

impl std::fmt::Debug for FormToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn session(seen_after: Duration) -> Session {
        Session {
            id: SessionId::from_bytes([1; 20]),
            person: PersonId::from_bytes([2; 20]),
            created_at: START,
            seen_at: START.after(seen_after),
            agent: String::new(),
            network: String::new(),
        }
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
        let before = |end: Duration| end.saturating_sub(Duration::from_micros(1));
        for (seen_after, at, expected) in [
            (Duration::ZERO, Duration::ZERO, true),
            (Duration::ZERO, before(IDLE), true),
            (Duration::ZERO, IDLE, false),
            (before(LENGTH), before(LENGTH), true),
            (before(LENGTH), LENGTH, false),
        ] {
            assert_eq!(session(seen_after).is_valid(START.after(at)), expected, "{seen_after:?} {at:?}");
        }
        assert!(!session(Duration::ZERO).is_due(START.after(before(SEEN_EVERY))));
        assert!(session(Duration::ZERO).is_due(START.after(SEEN_EVERY)));
    }

    #[test]
    fn a_ticket_reads_back_and_nothing_else_does() {
        let ticket = Ticket::generate(&TestRng::seed(1));
        assert_eq!(Ticket::read(ticket.expose()), Some(ticket.clone()));
        for text in ["", "abc", &format!("{}=", &ticket.expose()[1..]), &format!("{}a", ticket.expose())] {
            assert_eq!(Ticket::read(text), None, "{text:?}");
        }
        assert!(!format!("{ticket:?}").contains(ticket.expose()));
    }

    #[test]
    fn a_form_token_is_of_one_session() {
        let (one, other) = (Ticket::generate(&TestRng::seed(1)), Ticket::generate(&TestRng::seed(2)));
        assert!(one.form_token().matches(one.form_token().as_str()));
        for sent in ["", other.form_token().as_str(), one.expose(), &one.form_token().as_str()[1..]] {
            assert!(!one.form_token().matches(sent), "{sent:?}");
        }
    }
}

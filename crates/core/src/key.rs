//! API keys and portal sessions: opaque random tokens, of which only a hash is stored.

use ring::digest::{SHA256, digest};
use zeroize::Zeroize as _;

use crate::event_type::Sight;
use crate::id::KeyId;
use crate::rng::Rng;
use crate::scope::Identity;
use crate::time::Timestamp;

/// What every token starts with, so that secret scanners and people recognise one.
pub const TOKEN_PREFIX: &str = "prk_";
const TOKEN_RANDOM: usize = 32;
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// What is stored of a key, and shown in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id, which is not secret.
    pub id: KeyId,
    /// What it may reach.
    pub identity: Identity,
    /// A name for people.
    pub name: String,
    /// The first characters of the token, to recognise it by.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since when it is refused because a person revoked it.
    pub revoked_at: Option<Timestamp>,
    /// What it is as a portal session; `None` for a key that an operator made.
    pub portal: Option<Portal>,
}

/// What a portal session has beside the rights of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portal {
    /// What the operator calls it; several may have the same name.
    pub session: Option<String>,
    /// The flags of event types that it sees.
    pub feature_flags: Vec<String>,
}

impl Key {
    /// Whether the key opens anything at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Which event types its holder sees.
    #[must_use]
    pub fn sight(&self) -> Sight {
        match &self.portal {
            Some(portal) => Sight::Flagged(portal.feature_flags.clone().into()),
            None => Sight::Everything,
        }
    }
}

/// The secret that a client sends as `Authorization: Bearer …`. It has no dot, from which client libraries would
/// read a region.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Text that cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 24 to 128 characters of A-Z, a-z, 0-9, `-` and `_`")]
pub struct InvalidToken;

/// SHA-256 of a token: what is stored and looked up. A token has 192 bits or more that nobody chose, so it needs
/// no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    /// A new random token.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut random = [0u8; TOKEN_RANDOM];
        rng.fill(&mut random);
        let mut text = String::with_capacity(TOKEN_PREFIX.len() + TOKEN_RANDOM);
        text.push_str(TOKEN_PREFIX);
        text.extend(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])));
        Self(text)
    }

    /// A token that an operator brings, as `POSTRIDER_BOOTSTRAP_KEY` does.
    pub fn from_operator(text: &str) -> Result<Self, InvalidToken> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (24..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidToken)
        }
    }

    /// The token itself: for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The first characters, for lists. At least 20 stay unknown.
    #[must_use]
    pub fn hint(&self) -> String {
        self.0[..(self.0.len() - 20).min(8)].to_owned()
    }
}

impl TokenHash {
    /// The hash of what a client sent.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}…)", self.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    #[test]
    fn tokens_have_no_dot_and_do_not_show_in_debug() {
        let token = Token::generate(&TestRng::seed(1));
        assert_eq!(token.expose().len(), 36);
        assert!(!token.expose().contains('.'));
        assert!(!format!("{token:?}").contains(&token.expose()[8..]));
        assert_eq!(Token::from_operator(token.expose()).unwrap().hash(), token.hash());
    }

    #[test]
    fn an_operators_token_must_be_long_and_plain() {
        for text in ["", "short", "has.a.dot.in.it.and.is.long.enough", "spaces are not allowed in here"] {
            assert_eq!(Token::from_operator(text), Err(InvalidToken), "{text}");
        }
    }
}

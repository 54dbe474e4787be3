//! What the address of a source ends in.
//!
//! Whoever knows it may post to the source, and nothing else; what is posted must still pass the source's check. So it
//! is shown with the source and kept sealed, unlike an API key, and looked up by a hash.

use serde::{Deserialize, Serialize};

use super::Hidden;
use crate::key::TokenHash;
use crate::rng::Rng;
use crate::time::Timestamp;

/// Random bytes of a token: 192 bits, as 32 characters.
const RANDOM: usize = 32;
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// A token. It has only characters that stand in a path as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IngestToken(Hidden);

impl IngestToken {
    /// A new random token.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut random = [0; RANDOM];
        rng.fill(&mut random);
        let text: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect();
        Self(text.into())
    }

    /// Whether `text` could be a token, so that nothing else is looked up.
    #[must_use]
    pub fn is_possible(text: &str) -> bool {
        text.len() == RANDOM && text.bytes().all(|byte| ALPHABET.contains(&byte))
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What it is looked up by.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

/// A token of a source, and how long it is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceToken {
    /// The token.
    pub token: IngestToken,
    /// From when on it leads nowhere; `None` for the current one.
    pub expires_at: Option<Timestamp>,
}

impl SourceToken {
    /// Whether it is good at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    #[test]
    fn a_token_is_possible_and_little_else_is() {
        let token = IngestToken::generate(&TestRng::seed(1));
        assert!(IngestToken::is_possible(token.expose()));
        assert_ne!(token, IngestToken::generate(&TestRng::seed(2)));
        for text in ["", "short", &"%".repeat(RANDOM), &"a".repeat(RANDOM + 1)] {
            assert!(!IngestToken::is_possible(text), "{text}");
        }
    }
}

//! The secrets of a source.

use zeroize::Zeroizing;

use super::ceiling;
use crate::time::Timestamp;

/// What a provider and a source both know, or the public key that a provider published, as text. Its form is the
/// provider's: [`Verifier::new`](super::Verifier::new) decodes it as the preset says.
///
/// Valid by construction: not empty and of at most 8 KiB. It never shows in `Debug` and is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Zeroizing<String>,
    not_after: Option<Timestamp>,
}

/// Text that cannot be a secret. The sentences never repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// Nothing but line ends. Everyone knows the empty secret, so what it verifies proves nothing.
    #[error("a secret must not be empty")]
    Empty,
    /// More than any key takes.
    #[error("a secret must have at most {} bytes", ceiling::SECRET_BYTES)]
    TooLong,
}

impl Secret {
    /// The secret that `text` is. Line ends behind it are taken for an accident of pasting; everything else counts,
    /// blanks too.
    pub fn new(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        if text.len() > ceiling::SECRET_BYTES {
            return Err(InvalidSecret::TooLong);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), not_after: None })
    }

    /// The same secret, good until `not_after` and no longer.
    #[must_use]
    pub const fn until(mut self, not_after: Timestamp) -> Self {
        self.not_after = Some(not_after);
        self
    }

    /// The text: for the store, which seals it, and for the people who own the source.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The last moment at which it counts; `None` if it has no end.
    #[must_use]
    pub const fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.not_after.is_none_or(|end| now <= end)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_behind_a_secret_are_trimmed() {
        for (given, kept) in [("a\n", "a"), ("a\r\n", "a"), (" a b \n", " a b "), ("a\nb", "a\nb")] {
            assert_eq!(Secret::new(given).unwrap().expose(), kept);
        }
    }

    #[test]
    fn the_empty_secret_is_refused() {
        for text in ["", "\n", "\r\n\n"] {
            assert_eq!(Secret::new(text).unwrap_err(), InvalidSecret::Empty);
        }
        assert_eq!(Secret::new(&"x".repeat(8_193)).unwrap_err(), InvalidSecret::TooLong);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("hunter2").unwrap().until(Timestamp::from_seconds(5));
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(
            secret.is_active(Timestamp::from_seconds(5)) && !secret.is_active(Timestamp::from_seconds(6))
        );
    }
}

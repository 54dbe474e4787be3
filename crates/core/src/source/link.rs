//! Links by which somebody without a key looks at one source.
//!
//! A link's token says which source it shows and until when, with a MAC over that. So nothing is kept for it: every node
//! that has the key reads the links of all, and one that has ended is nothing that must be removed. It cannot be revoked
//! before its end but with the source, which is why it gives no right but to look.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::id::{AppId, EnvironmentId};
use crate::time::Timestamp;

/// What every token starts with.
const PREFIX: &str = "prl_";
const ID: usize = 20;
/// Two ids and a time.
const STATEMENT: usize = 2 * ID + 8;
const MAC: usize = 32;

/// What links are authenticated with.
#[derive(Clone)]
pub struct LinkKey(hmac::Key);

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The environment of the source.
    pub environment: EnvironmentId,
    /// The source's hidden application.
    pub app: AppId,
    /// From when on it shows nothing, in whole seconds.
    pub expires_at: Timestamp,
}

impl LinkKey {
    /// With these bytes, which nothing else is authenticated with.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token of a link. It has no dot.
    #[must_use]
    pub fn token(&self, link: &Link) -> String {
        let mut bytes = Vec::with_capacity(STATEMENT + MAC);
        bytes.extend_from_slice(link.environment.as_bytes());
        bytes.extend_from_slice(link.app.as_bytes());
        bytes.extend_from_slice(&link.expires_at.as_seconds().to_be_bytes());
        let mac = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(mac.as_ref());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The link of a token that is ours and has not ended at `now`.
    #[must_use]
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Link> {
        let encoded = token.strip_prefix(PREFIX)?;
        if encoded.len() > 2 * (STATEMENT + MAC) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (statement, mac) = bytes.split_at_checked(STATEMENT)?;
        hmac::verify(&self.0, statement, mac).ok()?;
        let (environment, rest) = statement.split_first_chunk::<ID>()?;
        let (app, seconds) = rest.split_first_chunk::<ID>()?;
        let link = Link {
            environment: EnvironmentId::from_bytes(*environment),
            app: AppId::from_bytes(*app),
            expires_at: Timestamp::from_seconds(i64::from_be_bytes(seconds.try_into().ok()?)),
        };
        (now < link.expires_at).then_some(link)
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: i64 = 1_800_000_000;

    fn link() -> Link {
        Link {
            environment: EnvironmentId::from_bytes([1; ID]),
            app: AppId::from_bytes([2; ID]),
            expires_at: Timestamp::from_seconds(END),
        }
    }

    #[test]
    fn a_link_shows_what_it_says_until_it_ends() {
        let key = LinkKey::new(&[7; 32]);
        let token = key.token(&link());
        assert!(!token.contains('.'), "{token}");
        let at = |seconds| key.open(&token, Timestamp::from_seconds(seconds));
        assert_eq!(at(END - 1), Some(link()));
        assert_eq!(at(END), None);
        assert_eq!(LinkKey::new(&[8; 32]).open(&token, Timestamp::from_seconds(0)), None, "another key");
    }

    #[test]
    fn what_is_changed_or_cut_shows_nothing() {
        let key = LinkKey::new(&[7; 32]);
        let token = key.token(&link());
        let bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
        let now = Timestamp::from_seconds(0);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let other = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(other));
            assert_eq!(key.open(&other, now), None, "byte {at}");
            let cut = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes[..at]));
            assert_eq!(key.open(&cut, now), None, "cut at {at}");
        }
        for other in ["", "prl_", "prl_%", &token[1..], &format!("{token}AAAA"), &"prl_A".repeat(1_000)] {
            assert_eq!(key.open(other, now), None, "{other}");
        }
    }
}

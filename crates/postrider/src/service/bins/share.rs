//! Links that show a bin to others: they read, for a while, and change nothing.

use std::time::Duration;

use postrider_core::key::TokenHash;
use postrider_core::time::Timestamp;

use super::Bins;

/// How long a link is good, unless it is said.
pub const LIFETIME_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// The longest.
pub const LIFETIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Links of one bin.
const SHARES: usize = 20;
/// Random bytes of a token.
const RANDOM: usize = 16;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What it ends in, 128 random bits.
    pub token: String,
    /// From when on it leads nowhere.
    pub until: Timestamp,
}

/// Why there is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// The time is none or too long.
    #[error("a link is good for 1 minute to 7 days")]
    Lifetime,
    /// The bin has enough of them.
    #[error("a bin has at most {SHARES} links; revoke one first")]
    TooMany,
    /// The bin is not there, and there is no room for it.
    #[error("there is no room for this bin")]
    NoBin,
}

impl Bins {
    /// Makes a link to a bin.
    pub fn share(&self, name: &str, lifetime: Duration) -> Result<Share, ShareError> {
        if !(Duration::from_secs(60)..=LIFETIME_MAX).contains(&lifetime) {
            return Err(ShareError::Lifetime);
        }
        let now = self.now();
        let share = Share { token: self.random(RANDOM), until: now.after(lifetime) };
        let mut locked = self.shelf();
        let bin = locked.bin(name).ok_or(ShareError::NoBin)?;
        let (over, good): (Vec<_>, Vec<_>) = bin.shares.drain(..).partition(|share| share.until <= now);
        bin.shares = good;
        let is_full = bin.shares.len() >= SHARES;
        if !is_full {
            bin.shares.push(share.clone());
            locked.links.insert(TokenHash::of(&share.token), name.to_owned());
        }
        for share in over {
            locked.links.remove(&TokenHash::of(&share.token));
        }
        if is_full { Err(ShareError::TooMany) } else { Ok(share) }
    }

    /// Revokes a link of a bin; it leads nowhere when this returns.
    pub fn unshare(&self, name: &str, token: &str) {
        let mut locked = self.shelf();
        let Some(bin) = locked.bin(name) else { return };
        let before = bin.shares.len();
        bin.shares.retain(|share| share.token != token);
        if bin.shares.len() < before {
            locked.links.remove(&TokenHash::of(token));
        }
    }

    /// The bin that a link leads to, and until when.
    #[must_use]
    pub fn shared(&self, token: &str) -> Option<(String, Timestamp)> {
        let hash = TokenHash::of(token);
        let locked = self.shelf();
        let name = locked.links.get(&hash)?;
        let share = locked.peek(name)?.shares.iter().find(|share| TokenHash::of(&share.token) == hash)?;
        (self.now() < share.until).then(|| (name.clone(), share.until))
    }
}

//! The keys of one endpoint: the current one, and those that it replaced.

use std::time::Duration;

use super::SigningKey;
use crate::limits;
use crate::time::Timestamp;

/// An endpoint's keys: the current one, and those that it replaced and that still sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeys {
    /// The current key.
    pub current: SigningKey,
    /// Replaced keys, newest first, each until its time; at most [`limits::OLD_SIGNING_KEYS`].
    pub old: Vec<OldKey>,
}

/// A replaced key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldKey {
    /// The key.
    pub key: SigningKey,
    /// When it stops signing.
    pub expires_at: Timestamp,
}

impl SigningKeys {
    /// The keys of a new endpoint.
    #[must_use]
    pub const fn new(current: SigningKey) -> Self {
        Self { current, old: Vec::new() }
    }

    /// Makes `new` the current key. The one before signs for `grace` more, at most [`limits::ROTATION_GRACE_MAX`];
    /// keys replaced earlier keep their time. A grace of zero is what a leak asks for: only `new` signs from now on.
    pub fn rotate(&mut self, new: SigningKey, grace: Duration, now: Timestamp) {
        let key = std::mem::replace(&mut self.current, new);
        if grace.is_zero() {
            self.old.clear();
            return;
        }
        let expires_at = now.after(grace.min(limits::ROTATION_GRACE_MAX));
        self.old.insert(0, OldKey { key, expires_at });
        // A key that comes back, or is rotated to itself, must not sign twice.
        self.old.retain(|old| now < old.expires_at && old.key != self.current);
        self.old.truncate(limits::OLD_SIGNING_KEYS);
    }

    /// The keys that sign at `now`, the current one first.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let old = self.old.iter().filter(move |old| now < old.expires_at);
        std::iter::once(&self.current).chain(old.map(|old| &old.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn key(seed: u64) -> SigningKey {
        SigningKey::generate_hmac(&TestRng::seed(seed))
    }

    #[test]
    fn rotation_keeps_the_replaced_keys_for_their_time() {
        let mut keys = SigningKeys::new(key(1));
        keys.rotate(key(2), 2 * HOUR, NOW);
        keys.rotate(key(3), 5 * HOUR, NOW);
        let active = |keys: &SigningKeys, at| keys.active(at).cloned().collect::<Vec<_>>();
        assert_eq!(active(&keys, NOW), [key(3), key(2), key(1)]);
        assert_eq!(active(&keys, NOW.after(2 * HOUR)), [key(3), key(2)], "the end is exclusive");
        assert_eq!(active(&keys, NOW.after(5 * HOUR)), [key(3)]);

        keys.rotate(key(4), HOUR, NOW.after(3 * HOUR));
        assert_eq!(keys.old.len(), 2, "expired keys are dropped");
        keys.rotate(key(2), HOUR, NOW.after(3 * HOUR));
        assert_eq!(active(&keys, NOW.after(3 * HOUR)), [key(2), key(4), key(3)], "no key signs twice");
        keys.rotate(key(5), Duration::ZERO, NOW.after(3 * HOUR));
        assert_eq!(active(&keys, NOW.after(3 * HOUR)), [key(5)]);
    }

    #[test]
    fn the_number_and_the_time_of_old_keys_have_ceilings() {
        let mut keys = SigningKeys::new(key(0));
        for seed in 1..=20 {
            keys.rotate(key(seed), Duration::MAX, NOW);
        }
        assert_eq!(keys.old.len(), limits::OLD_SIGNING_KEYS);
        assert_eq!(keys.old[0].key, key(19), "the newest are kept");
        assert_eq!(keys.old[0].expires_at, NOW.after(limits::ROTATION_GRACE_MAX));
    }
}

//! Places for requests under way, and each key's fair share of them.
//!
//! While half of the places are free, anybody may have them. When the server is busy, one key has at most a quarter of
//! all: whoever floods it, others still get in. Shares are counted by a hash of the key and cost two atomic numbers;
//! two keys that fall together, one in a thousand pairs, have one share between them.
//!
//! This is before anybody is identified, so it also bounds those with a wrong key or none: all requests without a key
//! have one share.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counters of shares. A power of two.
const SHARES: usize = 1_024;

/// See the module's documentation.
pub(super) struct Places {
    max: usize,
    taken: AtomicUsize,
    shares: [AtomicUsize; SHARES],
    // Seeded at random: nobody can choose a key that falls together with another's.
    hasher: RandomState,
}

/// A place for one request. It is free again on drop.
pub(super) struct Place {
    places: Arc<Places>,
    share: Option<usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are taken.
    Full,
    /// The key has its share.
    OverShare,
}

/// Whose share a request is counted in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payer<'a> {
    /// That of a key; empty for a request without one.
    Key(&'a str),
    /// Nobody's: the operator, over the control socket or in this process.
    Operator,
}

impl Places {
    /// `max` of them.
    pub(super) fn new(max: usize) -> Self {
        let shares = [const { AtomicUsize::new(0) }; SHARES];
        Self { max, taken: AtomicUsize::new(0), shares, hasher: RandomState::new() }
    }

    /// A place, if `payer` may have one.
    pub(super) fn take(self: &Arc<Self>, payer: Payer<'_>) -> Result<Place, NoPlace> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // From here on, dropping it undoes what was counted.
        let mut place = Place { places: Arc::clone(self), share: None };
        if before >= self.max {
            return Err(NoPlace::Full);
        }
        let Payer::Key(key) = payer else { return Ok(place) };
        let share = self.hasher.hash_one(key) as usize % SHARES;
        place.share = Some(share);
        let held = self.shares[share].fetch_add(1, Ordering::Relaxed);
        let is_busy = before >= self.max / 2;
        if is_busy && held >= (self.max / 4).max(1) {
            return Err(NoPlace::OverShare);
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(1, Ordering::Relaxed);
        if let Some(share) = self.share {
            self.places.shares[share].fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes places until there is none.
    fn flood(places: &Arc<Places>, payer: Payer<'_>) -> (Vec<Place>, NoPlace) {
        let mut held = Vec::new();
        loop {
            match places.take(payer) {
                Ok(place) => held.push(place),
                Err(why) => return (held, why),
            }
        }
    }

    /// Keys that do not fall together.
    fn keys(places: &Places, count: usize) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let mut all = (0..).map(|number| format!("key {number}"));
        let mut next = || all.find(|key| seen.insert(places.hasher.hash_one(key.as_str()) as usize % SHARES));
        (0..count).map(|_| next().unwrap()).collect()
    }

    #[test]
    fn a_flood_ends_at_half_and_others_have_a_quarter_each() {
        let places = Arc::new(Places::new(16));
        let keys = keys(&places, 4);
        let mut held = Vec::new();
        for (key, expected, why) in [
            (&keys[0], 8, NoPlace::OverShare),
            (&keys[1], 4, NoPlace::OverShare),
            (&keys[0], 0, NoPlace::OverShare),
            (&keys[2], 4, NoPlace::Full),
            (&keys[3], 0, NoPlace::Full),
        ] {
            let (taken, refused) = flood(&places, Payer::Key(key));
            assert_eq!((taken.len(), refused), (expected, why), "{key}");
            held.extend(taken);
        }
        drop(held);
        assert_eq!(places.taken.load(Ordering::Relaxed), 0);
        assert!(places.shares.iter().all(|share| share.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn the_operator_has_no_share_and_keeps_to_the_places() {
        let places = Arc::new(Places::new(16));
        assert_eq!(flood(&places, Payer::Operator).0.len(), 16);
    }

    #[test]
    fn one_place_is_a_place() {
        let places = Arc::new(Places::new(1));
        let (held, why) = flood(&places, Payer::Key(""));
        assert_eq!((held.len(), why), (1, NoPlace::Full));
    }
}

//! Randomness as an argument.

use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};

/// Where random bytes come from.
pub trait Rng: Send + Sync + 'static {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);

    /// A random number below `end`, or 0 when `end` is 0. The bias is below 2⁻³² for every `end` used here.
    fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        ((u128::from(u64::from_le_bytes(bytes)) * u128::from(end)) >> 64) as u64
    }
}

/// The operating system's cryptographic generator: for ids, keys, secrets and jitter alike.
#[derive(Debug)]
pub struct SystemRng(SystemRandom);

impl SystemRng {
    /// The system's generator.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "randomness is asked for by name, never by default")]
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
        Self(SystemRandom::new())
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // getrandom does not fail once the kernel has booted; to go on without it would make guessable secrets.
        self.0.fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A generator that a test seeds (SplitMix64): the same seed gives the same bytes.
#[derive(Debug)]
pub struct TestRng(AtomicU64);

impl TestRng {
    /// A generator for `seed`.
    #[must_use]
    pub const fn seed(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Rng for TestRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_stays_below_and_reaches_both_halves() {
        let rng = TestRng::seed(3);
        let draws: Vec<u64> = (0..1_000).map(|_| rng.below(10)).collect();
        assert!(draws.iter().all(|draw| *draw < 10));
        assert!((0..10).all(|value| draws.contains(&value)));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn the_system_gives_different_bytes_each_time() {
        let (rng, mut a, mut b) = (SystemRng::new(), [0; 16], [0; 16]);
        rng.fill(&mut a);
        rng.fill(&mut b);
        assert_ne!(a, b);
    }
}

//! Randomness as an argument.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

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
///
/// Small requests are served from a block that is asked for at once: ids are made for every message and attempt, and
/// a system call for each would be felt. Bytes that were given out are erased.
#[derive(Debug)]
pub struct SystemRng {
    source: SystemRandom,
    block: Mutex<Block>,
}

const BLOCK: usize = 1_024;
/// Larger requests are rare and go to the system directly.
const SMALL: usize = 64;

struct Block {
    bytes: [u8; BLOCK],
    used: usize,
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block(…)")
    }
}

impl SystemRng {
    /// The system's generator.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "randomness is asked for by name, never by default")]
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
        let source = SystemRandom::new();
        Self { source, block: Mutex::new(Block { bytes: [0; BLOCK], used: BLOCK }) }
    }

    fn ask(&self, bytes: &mut [u8]) {
        // getrandom does not fail once the kernel has booted; to go on without it would make guessable secrets.
        self.source.fill(bytes).expect("the operating system gives random bytes");
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SMALL {
            return self.ask(bytes);
        }
        // A panic while the lock was held can only have been that of `ask`, before anything was given out.
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        if BLOCK - block.used < bytes.len() {
            self.ask(&mut block.bytes);
            block.used = 0;
        }
        let end = block.used + bytes.len();
        let given = block.used..end;
        bytes.copy_from_slice(&block.bytes[given.clone()]);
        block.bytes[given].fill(0);
        block.used = end;
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
    fn the_system_never_gives_the_same_bytes_twice() {
        let rng = SystemRng::new();
        let mut seen = std::collections::HashSet::new();
        for request in 0..1_000 {
            let mut bytes = [0; SMALL + 1];
            let length = 8 + request % (SMALL - 6);
            rng.fill(&mut bytes[..length]);
            assert!(bytes[..8] != [0; 8] && seen.insert(bytes[..8].to_vec()), "request {request}");
        }
    }
}

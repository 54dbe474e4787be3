//! Memory for what callers send: a ceiling over the bodies of all requests together.
//!
//! Each body has a ceiling of its own, but thousands of requests may be under way. What is counted is what was
//! allocated, not what was announced: a caller who announces much and sends nothing takes nothing away from others.
//!
//! Large bodies may have half of the memory and no more, so that a few callers with large bodies that come slowly leave
//! room for everybody's ordinary ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the largest body that counts as small.
const SMALL_BYTES: usize = 64 * 1024;

/// See the module's documentation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    taken: AtomicUsize,
    max: usize,
}

/// The memory of one body. It is given back on drop.
#[derive(Debug)]
pub struct Held {
    memory: Memory,
    bytes: usize,
}

/// There is no room for more just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bodies of all requests together take too much memory")]
pub struct OutOfMemory;

impl Memory {
    /// Memory of `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self(Arc::new(Shared { taken: AtomicUsize::new(0), max }))
    }

    /// For one body, of which nothing is there yet.
    #[must_use]
    pub fn hold(&self) -> Held {
        Held { memory: self.clone(), bytes: 0 }
    }
}

impl Held {
    /// Takes what is missing to `bytes`. When it is refused, nothing has changed.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        let Shared { taken, max } = &*self.memory.0;
        let (more, max) =
            (bytes.saturating_sub(self.bytes), if bytes > SMALL_BYTES { max / 2 } else { *max });
        if taken.fetch_add(more, Ordering::Relaxed).saturating_add(more) > max {
            taken.fetch_sub(more, Ordering::Relaxed);
            return Err(OutOfMemory);
        }
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.0.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bodies_share_a_ceiling_and_give_back_what_they_took() {
        let memory = Memory::new(100_000);
        let (mut one, mut other) = (memory.hold(), memory.hold());
        assert_eq!(one.grow(50_000), Ok(()));
        assert_eq!(one.grow(60_000), Ok(()), "only what is missing is taken");
        assert_eq!(one.grow(10), Ok(()), "it does not shrink");
        assert_eq!(other.grow(40_001), Err(OutOfMemory));
        assert_eq!(other.grow(40_000), Ok(()), "what was refused took nothing");
        drop(one);
        assert_eq!(other.grow(60_000), Ok(()));
        drop(other);
        assert_eq!(memory.0.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn large_bodies_leave_half_of_it_to_small_ones() {
        let memory = Memory::new(4 * SMALL_BYTES);
        let mut large: Vec<_> = (0..2).map(|_| memory.hold()).collect();
        assert_eq!(large[0].grow(2 * SMALL_BYTES), Ok(()));
        assert_eq!(large[1].grow(SMALL_BYTES), Ok(()), "small still");
        assert_eq!(large[1].grow(SMALL_BYTES + 1), Err(OutOfMemory));
        assert_eq!(memory.hold().grow(SMALL_BYTES), Ok(()));
    }
}

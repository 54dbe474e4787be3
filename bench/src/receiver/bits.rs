//! Bits that many connections set at once.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A fixed number of bits, all clear at first.
pub(super) struct Bits(Vec<AtomicU64>);

impl Bits {
    pub(super) fn new(bits: u64) -> Self {
        let words =
            usize::try_from(bits.div_ceil(64)).expect("the limit on deliveries fits an address space");
        Self(std::iter::repeat_with(AtomicU64::default).take(words).collect())
    }

    /// Sets a bit below the number given to [`Bits::new`]; whether it was clear before.
    pub(super) fn set(&self, bit: u64) -> bool {
        let mask = 1 << (bit % 64);
        self.0[(bit / 64) as usize].fetch_or(mask, Relaxed) & mask == 0
    }
}

//! The table of bits of a block.
//!
//! Two grams in some thousands share a slice, and a search for many grams needs all of theirs: what is named by mistake is one
//! message in very many, as long as payloads are of some hundred bytes. One of 100 kB has nearly all bits, and is nearly always
//! named.

use std::collections::{BTreeMap, BTreeSet};

use crate::search::gram;

/// Messages of a block.
pub(super) const BLOCK: i64 = 1_024;
/// How many bits number a slice.
const SLICE_BITS: u32 = 11;
/// Bytes of a slice.
const BYTES: usize = BLOCK as usize / 8;

/// The slices of a block.
#[derive(Debug, Default)]
pub(super) struct Slices(BTreeMap<i16, [u8; BYTES]>);

impl Slices {
    /// Notes the grams of the message at a place.
    pub(super) fn add(&mut self, place: usize, grams: &[u32]) {
        for slice in numbers(grams) {
            self.0.entry(slice).or_insert([0; BYTES])[place / 8] |= 1 << (place % 8);
        }
    }

    /// Their numbers and their bits.
    pub(super) fn columns(&self) -> (Vec<i16>, Vec<&[u8]>) {
        self.0.iter().map(|(slice, bits)| (*slice, &bits[..])).unzip()
    }
}

/// The slices of grams.
pub(super) fn numbers(grams: &[u32]) -> BTreeSet<i16> {
    grams.iter().map(|gram| gram::fold(*gram, SLICE_BITS) as i16).collect()
}

/// The places whose bits are set in all of the slices, of which there must be so many.
pub(super) fn common(slices: &[&[u8]], expected: usize) -> Vec<i64> {
    if slices.len() < expected {
        return Vec::new();
    }
    let is_set = |place: i64| {
        let (byte, bit) = ((place / 8) as usize, place % 8);
        slices.iter().all(|bits| bits.get(byte).is_some_and(|byte| byte >> bit & 1 == 1))
    };
    (0..BLOCK).filter(|place| is_set(*place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_where_all_its_grams_are() {
        let mut slices = Slices::default();
        slices.add(3, &[1, 2, 3]);
        slices.add(1_023, &[2, 3, 4]);
        let (numbers_kept, bits) = slices.columns();
        let asked = |grams: &[u32]| {
            let asked = numbers(grams);
            let found: Vec<&[u8]> = numbers_kept
                .iter()
                .zip(&bits)
                .filter(|(number, _)| asked.contains(number))
                .map(|(_, bits)| *bits)
                .collect();
            common(&found, asked.len())
        };
        assert_eq!(asked(&[2, 3]), [3, 1_023]);
        assert_eq!(asked(&[1, 2]), [3]);
        assert_eq!(asked(&[1, 4]), [0_i64; 0]);
        assert_eq!(asked(&[99]), [0_i64; 0], "a slice that is not there has no messages");
    }
}

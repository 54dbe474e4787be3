//! Lane partitions: endpoints hash into a fixed number of them, and nodes own partitions, not endpoints.
//!
//! The number and the hash are stored with the deliveries, so neither ever changes.

/// How many lane partitions there are.
pub const LANE_PARTITIONS: u16 = 1024;

/// The lane partition of the endpoint with this row: 0 to 1023, the same in every version.
///
/// Rows of endpoints made one after another are close to each other, so the row is mixed first; the constants are
/// those of the `SplitMix64` generator.
#[must_use]
pub const fn lane_partition(endpoint_row: i64) -> u16 {
    (mix(endpoint_row as u64) >> 54) as u16
}

/// Spreads every bit of a number over all others.
pub(crate) const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_that_is_stored() {
        // The generator's published first number for the seed 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!([0, 1, -1, i64::MAX].map(lane_partition), [904, 580, 915, 169]);
    }

    #[test]
    fn endpoints_made_one_after_another_are_spread() {
        let mut counts = [0_u32; LANE_PARTITIONS as usize];
        for row in 0..100_000 {
            counts[usize::from(lane_partition((7 << 40) + row))] += 1;
        }
        assert!(counts.iter().all(|count| (50..150).contains(count)), "{counts:?}");
    }
}

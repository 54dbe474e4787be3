//! Lane partitions: endpoints hash into a fixed number of them, and nodes own partitions, not endpoints.
//!
//! The number and the hash are stored with the deliveries, so neither ever changes. Which node should own a partition is
//! a rule that all nodes apply to the same list of nodes ([`owner`]), not something that they agree upon.

use std::fmt;

use postrider_core::id::EndpointId;

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

/// Which of the nodes with these numbers should own a partition: the one whose number, mixed with the partition's, is
/// the highest. So the partitions are spread evenly, and when a node comes or goes, only its own ones move. `None` where
/// there is no node.
#[must_use]
pub fn owner(part: u16, holders: &[i64]) -> Option<i64> {
    let weight = |holder: &i64| mix(mix(*holder as u64) ^ u64::from(part));
    holders.iter().copied().max_by_key(|holder| (weight(holder), *holder))
}

const WORDS: usize = LANE_PARTITIONS as usize / u64::BITS as usize;

/// A set of lane partitions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Partitions([u64; WORDS]);

impl Partitions {
    /// No partition.
    pub const NONE: Self = Self([0; WORDS]);
    /// Every partition.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    const fn place(part: u16) -> (usize, u64) {
        assert!(part < LANE_PARTITIONS, "a partition is below LANE_PARTITIONS");
        (part as usize / 64, 1 << (part % 64))
    }

    /// Whether the partition of the endpoint is in it.
    #[must_use]
    pub fn contains(&self, endpoint: EndpointId) -> bool {
        self.has(lane_partition(endpoint.row()))
    }

    /// Whether the partition with this number is in it.
    #[must_use]
    pub const fn has(&self, part: u16) -> bool {
        let (word, bit) = Self::place(part);
        self.0[word] & bit != 0
    }

    /// Adds a partition.
    pub const fn insert(&mut self, part: u16) {
        let (word, bit) = Self::place(part);
        self.0[word] |= bit;
    }

    /// The numbers of its partitions, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        let set = *self;
        (0..LANE_PARTITIONS).filter(move |part| set.has(*part))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u16 {
        self.0.iter().map(|word| word.count_ones() as u16).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    fn with(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|word| join(self.0[word], other.0[word])))
    }

    /// The bits of the set, 64 partitions each, for whoever keeps them in atomics.
    pub(crate) const fn words(&self) -> &[u64; WORDS] {
        &self.0
    }
}

impl FromIterator<u16> for Partitions {
    fn from_iter<I: IntoIterator<Item = u16>>(parts: I) -> Self {
        let mut set = Self::NONE;
        parts.into_iter().for_each(|part| set.insert(part));
        set
    }
}

/// Only the number of them: nobody reads a thousand.
impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partitions({} of {LANE_PARTITIONS})", self.len())
    }
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

    fn owned(holder: i64, holders: &[i64]) -> Partitions {
        (0..LANE_PARTITIONS).filter(|part| owner(*part, holders) == Some(holder)).collect()
    }

    #[test]
    fn nodes_share_evenly() {
        for holders in [&[1][..], &[1, 2], &[7, 8, 9], &[1, 2, 3, 4, 5, 6, 7, 8], &[1 << 40, 3, i64::MAX]] {
            let fair = LANE_PARTITIONS / holders.len() as u16;
            let shares: Vec<_> = holders.iter().map(|holder| owned(*holder, holders).len()).collect();
            assert_eq!(shares.iter().sum::<u16>(), LANE_PARTITIONS);
            assert!(shares.iter().all(|share| share.abs_diff(fair) <= fair / 4), "{holders:?}: {shares:?}");
        }
        assert_eq!(owner(0, &[]), None);
    }

    #[test]
    fn only_the_partitions_of_the_node_that_comes_or_goes_move() {
        let (without, with) = ([3, 5, 9], [9, 3, 11, 5]);
        let moved = owned(11, &with);
        for holder in without {
            assert_eq!(owned(holder, &without).without(&moved), owned(holder, &with), "{holder}");
        }
    }

    #[test]
    fn a_set_is_a_set() {
        let (small, large): (Partitions, Partitions) =
            ([0, 63, 1023].into_iter().collect(), [63, 64].into_iter().collect());
        assert_eq!(small.iter().collect::<Vec<_>>(), [0, 63, 1023]);
        assert_eq!(small.union(&large).len(), 4);
        assert_eq!(small.intersection(&large).iter().collect::<Vec<_>>(), [63]);
        assert_eq!(small.without(&large).iter().collect::<Vec<_>>(), [0, 1023]);
        assert_eq!(Partitions::ALL.len(), LANE_PARTITIONS);
        assert!(Partitions::NONE.is_empty() && Partitions::ALL.without(&Partitions::ALL).is_empty());
        assert!(Partitions::ALL.contains(EndpointId::from_bytes([255; 20])));
    }
}

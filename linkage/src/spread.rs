//! Sorting numbers that begin with a hash.
//!
//! Hashes are spread evenly, so a few rounds of dealing by some of their highest bits put nearly every number in its
//! place (a radix sort, Knuth, volume 3, §5.2.5); what shares those bits is sorted where it lies. A sort by comparison
//! goes through a million keys twenty times.
//!
//! A hash and the number of its record share one word ([`Packing`]): half the memory of keeping both whole, and one
//! comparison sorts by both.

/// How hashes and numbers below a count share words: the number takes as many of the lowest bits as it needs, the hash
/// keeps the others.
///
/// What is lost of a hash is lost of all, so equal hashes stay equal; for a million numbers 44 bits of it are left, and
/// two of a million different hashes share them once in thirty tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packing {
    bits: u32,
}

impl Packing {
    /// For numbers below `count`, which is at most 2^32.
    pub(crate) fn of(count: usize) -> Self {
        Self { bits: (usize::BITS - count.saturating_sub(1).leading_zeros()).clamp(1, u32::BITS) }
    }

    /// Both in one word; words are in order of what is kept of the hash, then of the number.
    #[inline]
    pub(crate) fn pack(self, hash: u64, number: u32) -> u64 {
        (hash >> self.bits << self.bits) | u64::from(number)
    }

    /// What is kept of the hash.
    #[inline]
    pub(crate) fn hash(self, word: u64) -> u64 {
        word >> self.bits
    }

    /// The number.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the number is the low half at most")]
    pub(crate) fn number(self, word: u64) -> u32 {
        (word & ((1 << self.bits) - 1)) as u32
    }
}

/// Bits dealt by in one round: more piles than these are more pages than a processor knows the places of.
const ROUND_BITS: u32 = 8;
/// Fewer numbers are sorted as any others.
const NUMBERS_MIN: usize = 256;

/// Sorts numbers whose bits under `end`, the highest of them, are spread evenly.
pub(crate) fn sort_spread(numbers: &mut Vec<u64>, end: u32) {
    if numbers.len() < NUMBERS_MIN {
        numbers.sort_unstable();
        return;
    }
    // The keys of the first blocking rule are: records stand in their order.
    if numbers.is_sorted() {
        return;
    }
    // Two bits more than tell all numbers apart on average, so that few share their bits.
    let rounds = (numbers.len().ilog2() + 2).div_ceil(ROUND_BITS).min(end / ROUND_BITS);
    let mut dealt = vec![0; numbers.len()];
    for round in (1..=rounds).rev() {
        deal(numbers, &mut dealt, end - round * ROUND_BITS);
        std::mem::swap(numbers, &mut dealt);
    }
    let pile = |number: &u64| number >> (end - rounds * ROUND_BITS);
    for run in numbers.chunk_by_mut(|a, b| pile(a) == pile(b)) {
        if !run.is_sorted() {
            run.sort_unstable();
        }
    }
}

/// Puts numbers in order of some of their bits, those of equal bits in the order in which they come.
fn deal(numbers: &[u64], dealt: &mut [u64], shift: u32) {
    let mask = (1_u64 << ROUND_BITS) - 1;
    let pile = |number: u64| usize::try_from(number >> shift & mask).unwrap_or(usize::MAX);
    let mut places = [0_usize; 1 << ROUND_BITS];
    for number in numbers {
        if let Some(count) = places.get_mut(pile(*number)) {
            *count += 1;
        }
    }
    let mut total = 0;
    for place in &mut places {
        total += std::mem::replace(place, total);
    }
    for number in numbers {
        if let Some(place) = places.get_mut(pile(*number)) {
            if let Some(slot) = dealt.get_mut(*place) {
                *slot = *number;
            }
            *place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::key::mix;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn numbers_come_out_sorted(count in 0_u64..20_000, distinct in 1_u64..20_000) {
            let packing = Packing::of(usize::try_from(count).unwrap());
            let number = |n: u64| u32::try_from(n).unwrap();
            let mut words: Vec<u64> = (0..count).map(|n| packing.pack(mix(n % distinct), number(n))).collect();
            let mut expected = words.clone();
            expected.sort_unstable();
            sort_spread(&mut words, u64::BITS);
            prop_assert_eq!(&words, &expected);
            for word in words {
                let n = u64::from(packing.number(word));
                prop_assert!(n < count);
                prop_assert_eq!(packing.pack(mix(n % distinct), number(n)), word);
                prop_assert_eq!(packing.hash(word), packing.hash(packing.pack(mix(n % distinct), 0)));
            }
        }
    }
}

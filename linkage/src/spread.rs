//! Sorting numbers that begin with a hash.
//!
//! Hashes are spread evenly, so a few rounds of dealing by some of their highest bits put nearly every number in its
//! place (a radix sort, Knuth, volume 3, §5.2.5); what shares those bits is sorted where it lies. A sort by comparison
//! goes through a million keys twenty times.

/// Bits dealt by in one round: more piles than these are more pages than a processor knows the places of.
const ROUND_BITS: u32 = 8;
/// Fewer numbers are sorted as any others.
const NUMBERS_MIN: usize = 256;
/// Where a hash of 64 bits ends that stands above 32 bits of anything.
pub(crate) const KEY_END: u32 = 96;

/// Sorts numbers whose bits under `end`, the highest of them, are spread evenly.
pub(crate) fn sort_spread(numbers: &mut Vec<u128>, end: u32) {
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
    let pile = |number: &u128| number >> (end - rounds * ROUND_BITS);
    for run in numbers.chunk_by_mut(|a, b| pile(a) == pile(b)) {
        if !run.is_sorted() {
            run.sort_unstable();
        }
    }
}

/// Puts numbers in order of some of their bits, those of equal bits in the order in which they come.
fn deal(numbers: &[u128], dealt: &mut [u128], shift: u32) {
    let mask = (1_u128 << ROUND_BITS) - 1;
    let pile = |number: u128| usize::try_from(number >> shift & mask).unwrap_or(usize::MAX);
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
            let mut numbers: Vec<u128> = (0..count).map(|n| u128::from(mix(n % distinct)) << 32 | u128::from(n)).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            sort_spread(&mut numbers, KEY_END);
            prop_assert_eq!(numbers, expected);
        }
    }
}

//! Numbers for distinct pairs of small numbers.

/// A pair in one word and, beside it, one more than its number; a number of 0 is a free slot.
type Slot = (u64, u32);

/// Slots of the smallest table.
const SLOTS_MIN: usize = 64;
/// Pairs that are looked up together, so that they wait for memory together and not in turn.
const TOGETHER: usize = 128;

/// The distinct pairs of two columns in order of first appearance, and the number of each row's pair.
pub(super) fn number_pairs(left: &[u32], right: &[u32]) -> (Vec<(u32, u32)>, Vec<u32>) {
    let mut known = Known::default();
    let mut numbers = Vec::with_capacity(left.len());
    let mut homes: Vec<Slot> = Vec::with_capacity(TOGETHER);
    for (left, right) in left.chunks(TOGETHER).zip(right.chunks(TOGETHER)) {
        known.reserve(left.len());
        let words = left.iter().zip(right).map(|(left, right)| (u64::from(*left) << 32) | u64::from(*right));
        homes.clear();
        homes.extend(words.clone().map(|word| known.slots.get(known.home(word)).copied().unwrap_or_default()));
        for (word, (home, number)) in words.zip(&homes) {
            numbers.push(if *number != 0 && *home == word { number - 1 } else { known.number(word) });
        }
    }
    (known.pairs, numbers)
}

/// A table with open addressing, in order of a hash, so that growing goes through memory once from front to back.
#[derive(Default)]
struct Known {
    /// At most half of them are taken.
    slots: Vec<Slot>,
    pairs: Vec<(u32, u32)>,
}

impl Known {
    fn home(&self, word: u64) -> usize {
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio. The sum brings both halves into the
        // high bits, which pick the slot.
        let spread = (word ^ (word >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        usize::try_from((spread * self.slots.len() as u64) >> 32).unwrap_or(0)
    }

    /// The slot of a pair, or the free one where it belongs.
    fn place(&self, word: u64) -> usize {
        let mut at = self.home(word);
        loop {
            match self.slots.get(at) {
                Some((known, number)) if *number != 0 && *known != word => at += 1,
                Some(_) => return at,
                None if self.slots.is_empty() => return 0,
                None => at = 0,
            }
        }
    }

    fn number(&mut self, word: u64) -> u32 {
        let place = self.place(word);
        let Some(slot) = self.slots.get_mut(place) else { return 0 };
        if slot.1 == 0 {
            #[expect(clippy::cast_possible_truncation, reason = "the word is two halves")]
            self.pairs.push(((word >> 32) as u32, word as u32));
            *slot = (word, u32::try_from(self.pairs.len()).unwrap_or(u32::MAX));
        }
        slot.1 - 1
    }

    /// Makes room for so many more pairs.
    fn reserve(&mut self, more: usize) {
        let wanted = (self.pairs.len() + more) * 2;
        if wanted <= self.slots.len() {
            return;
        }
        let larger = vec![(0, 0); wanted.next_power_of_two().max(SLOTS_MIN)];
        for (word, number) in std::mem::replace(&mut self.slots, larger).into_iter().filter(|(_, number)| *number != 0)
        {
            let place = self.place(word);
            if let Some(slot) = self.slots.get_mut(place) {
                *slot = (word, number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_stand_for_their_pairs(rows in prop::collection::vec((0_u32..40, 0_u32..40), 0..3000)) {
            let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
            let (pairs, numbers) = number_pairs(&left, &right);
            let mut first: Vec<(u32, u32)> = Vec::new();
            for row in &rows {
                if !first.contains(row) {
                    first.push(*row);
                }
            }
            prop_assert_eq!(&pairs, &first);
            let meant: Vec<(u32, u32)> = numbers.iter().map(|number| pairs[*number as usize]).collect();
            prop_assert_eq!(meant, rows);
        }
    }
}

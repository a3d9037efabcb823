//! Random numbers of a measurement: the same seed chooses the same records, on every machine.

/// A generator of 64 bits of state (SplitMix64): good enough to choose records, and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below a bound; 0 for the bound 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u128::try_from(bound).unwrap_or(u128::MAX);
        usize::try_from((u128::from(self.next()) * bound) >> 64).unwrap_or(0)
    }

    /// Puts items into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// One of some items.
    pub(crate) fn one_of<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        items.get(self.below(items.len()))
    }
}

/// A number that a text chooses.
pub(crate) fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)))
}

fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_with_the_seed_and_stay_below_the_bound() {
        let mut random = Random::new(7);
        let first: Vec<usize> = (0..1_000).map(|_| random.below(10)).collect();
        assert_eq!(first, {
            let mut again = Random::new(7);
            (0..1_000).map(|_| again.below(10)).collect::<Vec<_>>()
        });
        for number in 0..10 {
            let count = first.iter().filter(|found| **found == number).count();
            assert!((60..140).contains(&count), "{number}: {count}");
        }
        let mut items: Vec<u32> = (0..100).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        assert_eq!(random.below(0), 0);
        assert_ne!(number_of("a"), number_of("b"));
    }
}

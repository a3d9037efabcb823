//! Reproducible random draws: one independent stream per entity.
//!
//! Each stream starts from a hash of (seed, kind, id) and then steps like `SplitMix64`, so adding a person changes
//! nobody else and no draw depends on the order in which entities are made. Probabilities are integers per million:
//! no floating point, the same bytes on every machine. This is not cryptography and need not be.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One million: the denominator of every probability in this crate.
pub(crate) const MILLION: u32 = 1_000_000;

/// What a stream is for; two kinds never share draws.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A household: who lives in it, where, and what happens to it.
    Household,
    /// How one person is registered, record by record.
    Registration,
    /// The field errors of one person's records.
    FieldErrors,
    /// An institution and its habits.
    Institution,
    /// A case of an adversarial stratum.
    Stratum,
    /// The order of rows.
    RowOrder,
    /// The permutation behind record ids.
    RecordId,
    /// The permutation behind patient numbers.
    LocalId,
    /// What kinds of institutions there are.
    Network,
}

/// A stream of draws.
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) fn new(seed: u64, kind: Kind, id: u64) -> Self {
        let kind = (kind as u64).wrapping_add(1).wrapping_mul(GOLDEN);
        Self(mix(mix(seed ^ kind).wrapping_add(mix(id.wrapping_add(GOLDEN)))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..limit`; 0 when the limit is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A small number in `0..limit`.
    pub(crate) fn small(&mut self, limit: u32) -> u32 {
        u32::try_from(self.below(u64::from(limit))).unwrap_or(0)
    }

    /// A place in a list of this length; 0 when the list is empty.
    pub(crate) fn place(&mut self, len: usize) -> usize {
        let limit = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(limit)).unwrap_or(0)
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u64::try_from(i64::from(high) - i64::from(low) + 1).unwrap_or(0);
        low.saturating_add(i32::try_from(self.below(width)).unwrap_or(0))
    }

    /// True with this probability per million.
    pub(crate) fn chance(&mut self, per_million: u32) -> bool {
        self.small(MILLION) < per_million
    }

    /// True in this many of 100.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.small(100) < percent
    }

    /// One of a list, or the type's default when the list is empty.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        items.get(self.place(items.len())).copied().unwrap_or_default()
    }

    /// The place drawn by these weights; 0 when they sum to 0.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut left = self.small(total);
        for (place, &weight) in weights.iter().enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}

/// Cumulative weights, for tables too long to walk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cumulative(Vec<u64>);

impl Cumulative {
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut total = 0;
        Self(
            weights
                .into_iter()
                .map(|weight| {
                    total += weight;
                    total
                })
                .collect(),
        )
    }

    /// A place drawn by weight; 0 when the table is empty.
    pub(crate) fn draw(&self, stream: &mut Stream) -> usize {
        let target = stream.below(self.0.last().copied().unwrap_or(0));
        self.0.partition_point(|&sum| sum <= target)
    }
}

/// A keyed one-to-one shuffle of `0..2^34`: opaque ids that cannot collide and do not depend on how many there are.
#[derive(Clone, Debug)]
pub(crate) struct Permutation([u64; 6]);

/// Bits of the numbers that [`Permutation`] shuffles.
pub(crate) const ID_BITS: u32 = 34;

impl Permutation {
    pub(crate) fn new(seed: u64, kind: Kind) -> Self {
        let mut stream = Stream::new(seed, kind, 0);
        Self([(); 6].map(|()| stream.next()))
    }

    /// The image of a number below `2^34`; higher bits are ignored.
    pub(crate) fn apply(&self, number: u64) -> u64 {
        const HALF: u32 = ID_BITS / 2;
        const MASK: u64 = (1 << HALF) - 1;
        let (mut left, mut right) = ((number >> HALF) & MASK, number & MASK);
        for key in self.0 {
            (left, right) = (right, left ^ (mix(right ^ key) & MASK));
        }
        left << HALF | right
    }

    /// The image of a number below `limit` within `0..limit`: applied until it falls there, so still one-to-one.
    ///
    /// `limit` is at least half of `2^34`, so two rounds are typical; a number at or above the limit comes back as is.
    pub(crate) fn apply_below(&self, number: u64, limit: u64) -> u64 {
        if number >= limit {
            return number;
        }
        let mut image = self.apply(number);
        while image >= limit {
            image = self.apply(image);
        }
        image
    }
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn permutation_is_one_to_one(seed: u64, left in 0_u64..1 << ID_BITS, right in 0_u64..1 << ID_BITS) {
            let permutation = Permutation::new(seed, Kind::RecordId);
            prop_assert!(permutation.apply(left) < 1 << ID_BITS);
            prop_assert_eq!(left == right, permutation.apply(left) == permutation.apply(right));
        }

        #[test]
        fn draws_stay_in_range(seed: u64, low in -500_i32..500, width in 0_i32..500) {
            let drawn = Stream::new(seed, Kind::Household, 1).between(low, low + width);
            prop_assert!((low..=low + width).contains(&drawn));
        }
    }

    #[test]
    fn chance_keeps_its_rate() {
        let mut stream = Stream::new(1, Kind::Household, 1);
        let hits = (0..1_000_000).filter(|_| stream.chance(20_000)).count();
        assert!((19_400..20_600).contains(&hits), "{hits}");
    }

    #[test]
    fn cumulative_draws_by_weight() {
        let table = Cumulative::new([1, 0, 3]);
        let mut stream = Stream::new(7, Kind::Household, 1);
        let mut counts = [0_u32; 3];
        for _ in 0..40_000 {
            counts[table.draw(&mut stream)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((9_500..10_500).contains(&counts[0]), "{counts:?}");
    }
}

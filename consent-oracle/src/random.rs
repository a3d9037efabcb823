//! Numbers that look random and are the same every time (SplitMix64, Steele and others 2014).

/// A stream of numbers of one seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Whether something of so many percent happens.
    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of some values.
    pub fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    /// One to `most` of some values, without order.
    pub fn some<T: Clone>(&mut self, values: &[T], most: usize) -> Vec<T> {
        let mut places: Vec<usize> = (0..values.len()).collect();
        let wanted = 1 + self.below(most.min(values.len()));
        (0..wanted).map(|_| places.swap_remove(self.below(places.len()))).map(|place| values[place].clone()).collect()
    }
}

//! Sets of small numbers as bits: which seats, which records, which rules.

/// A set of places below some number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BitSet(Vec<u64>);

/// Rules by their place, as many as a decision of one policy may have to weigh at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RuleSet([u64; WORDS]);

const WORDS: usize = 8;

impl BitSet {
    pub(super) fn of(places: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::default();
        places.into_iter().for_each(|place| set.insert(place));
        set
    }

    pub(super) fn insert(&mut self, place: usize) {
        let word = place / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0.iter_mut().skip(word).take(1).for_each(|bits| *bits |= 1 << (place % 64));
    }

    pub(super) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let mut words: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        trim(&mut words);
        Self(words)
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        let mut words: Vec<u64> = self.0.iter().zip(others).map(|(a, b)| a & !b).collect();
        trim(&mut words);
        Self(words)
    }

    pub(super) fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    pub(super) fn has_all(&self, other: &Self) -> bool {
        other.without(self).is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(word * 64 + bit)
            })
        })
    }
}

/// Equal sets have equal words.
fn trim(words: &mut Vec<u64>) {
    while words.last() == Some(&0) {
        words.pop();
    }
}

impl RuleSet {
    pub(super) const NONE: Self = Self([0; WORDS]);
    /// How many rules fit.
    pub(super) const MAX: usize = WORDS * 64;

    pub(super) fn of(places: impl Iterator<Item = usize>) -> Self {
        let mut set = Self::NONE;
        for place in places {
            set.0.iter_mut().skip(place / 64).take(1).for_each(|bits| *bits |= 1 << (place % 64));
        }
        set
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        both.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
        both
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(word * 64 + bit)
            })
        })
    }
}

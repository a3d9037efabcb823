//! Many texts in one allocation, and numbers for distinct texts.
//!
//! A million short strings cost a million allocations otherwise. Nothing is ever removed.

use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

/// Texts end to end in one buffer, by number.
#[derive(Clone, Debug, Default)]
pub struct TextPool {
    bytes: String,
    ends: Vec<u64>,
}

impl TextPool {
    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Makes room for so many more texts.
    pub fn reserve(&mut self, texts: usize) {
        self.ends.reserve(texts);
    }

    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u64);
    }

    /// The text with that number; empty when there is none.
    #[must_use]
    pub fn get(&self, number: usize) -> &str {
        self.span(number).and_then(|span| self.bytes.get(span)).unwrap_or("")
    }

    /// The bytes of the text with that number: cheaper to compare, since nobody asks where characters begin.
    fn bytes(&self, number: usize) -> &[u8] {
        self.span(number).and_then(|span| self.bytes.as_bytes().get(span)).unwrap_or(&[])
    }

    #[inline]
    fn span(&self, number: usize) -> Option<Range<usize>> {
        let end = |number: usize| self.ends.get(number).and_then(|end| usize::try_from(*end).ok());
        let start = number.checked_sub(1).map_or(Some(0), end)?;
        Some(start..end(number)?)
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The texts with these numbers, in this order.
    #[must_use]
    pub fn reordered(&self, order: &[u32]) -> Self {
        let mut reordered =
            Self { bytes: String::with_capacity(self.bytes.len()), ends: Vec::with_capacity(order.len()) };
        for number in order {
            reordered.push(self.get(*number as usize));
        }
        reordered
    }
}

/// Numbers for distinct texts, in order of first appearance.
///
/// A table with open addressing. Its slots hold half a hash beside the number, so that growing and most misses never
/// touch a text, and they are in order of the hashes, so that growing goes through memory once from front to back.
/// The hash is fixed, because the same input must take the same time and memory in every run; the order of numbers
/// depends on arrival only and never on the hash.
#[derive(Clone, Debug, Default)]
pub struct Interner {
    texts: TextPool,
    /// A [`Slot`] or 0; at most three of four are taken.
    slots: Vec<Slot>,
}

/// Half a hash above, and one more than the number of a text below; 0 is free.
type Slot = u64;

/// Slots of the smallest table.
const SLOTS_MIN: usize = 64;
/// Texts that are looked up together: enough to keep the memory busy, few enough to be held beside it.
const TOGETHER: usize = 128;

/// A text that is being looked up.
struct Lookup<'t> {
    text: &'t str,
    hash: u32,
    /// The slot where its search begins.
    slot: Slot,
    /// Whether that is its own slot, as it is for most.
    is_home: bool,
}

impl Interner {
    /// Number of distinct texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether no text was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text with that number.
    #[must_use]
    pub fn get(&self, number: usize) -> &str {
        self.texts.get(number)
    }

    /// The number of a text, if it was seen.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.search(hash(text), text).ok()
    }

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> u32 {
        self.reserve(1);
        self.intern_hashed(hash(text), text)
    }

    /// Appends the numbers of many texts.
    ///
    /// Each step is done for some texts before the next, so that they wait for memory together and not in turn.
    pub fn intern_all<'t>(&mut self, mut texts: impl Iterator<Item = &'t str>, numbers: &mut Vec<u32>) {
        let mut together: Vec<Lookup<'_>> = Vec::with_capacity(TOGETHER);
        loop {
            together.clear();
            let lookup = |text| Lookup { text, hash: hash(text), slot: 0, is_home: false };
            together.extend(texts.by_ref().take(TOGETHER).map(lookup));
            if together.is_empty() {
                return;
            }
            self.reserve(together.len());
            for lookup in &mut together {
                lookup.slot = self.slots.get(self.home(lookup.hash)).copied().unwrap_or(0);
            }
            for lookup in &mut together {
                lookup.is_home = self.is_taken_by(lookup.slot, lookup.hash, lookup.text);
            }
            for Lookup { text, hash, slot, is_home } in &together {
                numbers.push(if *is_home { number_in(*slot) } else { self.intern_hashed(*hash, text) });
            }
        }
    }

    fn intern_hashed(&mut self, hash: u32, text: &str) -> u32 {
        match self.search(hash, text) {
            Ok(number) => number,
            Err(free) => {
                let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
                self.texts.push(text);
                if let Some(slot) = self.slots.get_mut(free) {
                    *slot = (u64::from(hash) << 32) | (u64::from(number) + 1);
                }
                number
            }
        }
    }

    /// The number of a text, or the free slot where it belongs.
    fn search(&self, hash: u32, text: &str) -> Result<u32, usize> {
        let mut at = self.home(hash);
        loop {
            match self.slots.get(at) {
                Some(0) => return Err(at),
                Some(slot) if self.is_taken_by(*slot, hash, text) => return Ok(number_in(*slot)),
                Some(_) => at += 1,
                None if self.slots.is_empty() => return Err(0),
                None => at = 0,
            }
        }
    }

    #[inline]
    fn is_taken_by(&self, slot: Slot, hash: u32, text: &str) -> bool {
        slot >> 32 == u64::from(hash) && slot != 0 && self.texts.bytes(number_in(slot) as usize) == text.as_bytes()
    }

    /// Where the search for a hash begins: slots are in order of the hashes.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        usize::try_from((u64::from(hash) * self.slots.len() as u64) >> 32).unwrap_or(0)
    }

    /// Makes room for so many more texts.
    fn reserve(&mut self, more: usize) {
        let wanted = (self.texts.len() + more).div_ceil(3) * 4;
        if wanted <= self.slots.len() {
            return;
        }
        let larger = vec![0; wanted.next_power_of_two().max(SLOTS_MIN)];
        for slot in std::mem::replace(&mut self.slots, larger).into_iter().filter(|slot| *slot != 0) {
            let mut at = self.home((slot >> 32) as u32);
            while self.slots.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) % self.slots.len();
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is the lower half")]
fn number_in(slot: Slot) -> u32 {
    (slot as u32).wrapping_sub(1)
}

#[inline]
fn hash(text: &str) -> u32 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(text.as_bytes());
    (hasher.finish() >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn numbers_are_those_of_an_ordered_map(texts in prop::collection::vec("[ab]{0,9}", 0..2000)) {
            let mut expected: BTreeMap<&str, u32> = BTreeMap::new();
            let expected: Vec<u32> = texts
                .iter()
                .map(|text| {
                    let next = u32::try_from(expected.len()).unwrap();
                    *expected.entry(text).or_insert(next)
                })
                .collect();
            let (mut single, mut many, mut numbers) = (Interner::default(), Interner::default(), Vec::new());
            many.intern_all(texts.iter().map(String::as_str), &mut numbers);
            prop_assert_eq!(&numbers, &expected);
            for (text, number) in texts.iter().zip(&expected) {
                prop_assert_eq!(single.intern(text), *number);
                prop_assert_eq!(single.find(text), Some(*number));
                prop_assert_eq!(many.get(*number as usize), text);
            }
            prop_assert_eq!(many.find("c"), None);
        }
    }
}

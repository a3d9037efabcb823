//! Many texts in one allocation, and numbers for distinct texts.
//!
//! A million short strings cost a million allocations otherwise. Nothing is ever removed.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Texts end to end in one buffer, by number.
#[derive(Debug, Default)]
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

    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u64);
    }

    /// The text with that number; empty when there is none.
    #[must_use]
    pub fn get(&self, number: usize) -> &str {
        let end = |number: usize| self.ends.get(number).and_then(|end| usize::try_from(*end).ok());
        let start = number.checked_sub(1).map_or(Some(0), end);
        match (start, end(number)) {
            (Some(start), Some(end)) => self.bytes.get(start..end).unwrap_or(""),
            _ => "",
        }
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
/// The hash is fixed, because the same input must take the same time and memory in every run; the order of numbers
/// depends on arrival only and never on the hash.
#[derive(Debug, Default)]
pub struct Interner {
    texts: TextPool,
    /// Half a hash, so that growing and most misses never touch a text, and the number.
    numbers: HashTable<(u32, u32)>,
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

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "half a hash is kept")]
        let short = FixedState::default().hash_one(text.as_bytes()) as u32;
        let texts = &self.texts;
        let is_same = |(known, number): &(u32, u32)| *known == short && texts.get(*number as usize) == text;
        if let Some((_, number)) = self.numbers.find(spread(short), is_same) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text);
        self.numbers.insert_unique(spread(short), (short, number), |(short, _)| spread(*short));
        number
    }
}

/// All 64 bits from half a hash: the table takes its slot from the low bits and its tag from the high ones.
fn spread(short: u32) -> u64 {
    u64::from(short).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

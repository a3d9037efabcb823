//! The blocking keys of one record, under which an index finds its candidates.

use super::Normalized;
use crate::block::{KeyFunction, KeyPart, combine};
use crate::rules::RuleSet;

/// One key of one record: records that share a key of one rule are candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Position of the rule in [`RuleSet::blocks`].
    pub rule: u8,
    /// Hash of what the rule takes from the record. Not for hiding: whoever can guess a name can find its key.
    pub key: u64,
    /// Whether the rule is strong (see [`BlockRule::is_strong`](crate::rules::BlockRule::is_strong)).
    pub is_strong: bool,
}

/// Every key of a record, in order of rules, each once.
///
/// They are the keys that a [`BlockIndex`](crate::block::BlockIndex) blocks a table by: two records share a block of a
/// rule exactly when they share a key of it, unless the block is so large that it is skipped.
#[must_use]
pub fn block_keys(rules: &RuleSet, record: &Normalized) -> Vec<RecordKey> {
    let mut keys = Vec::with_capacity(rules.blocks.len());
    let mut scratch = Scratch::default();
    for (rule, block) in (0_u8..=u8::MAX).zip(&rules.blocks) {
        scratch.combine_all(&block.parts, record);
        keys.extend(scratch.combined.iter().map(|key| RecordKey { rule, key: *key, is_strong: block.is_strong }));
    }
    keys
}

/// Room for the keys of one rule, used again for the next.
#[derive(Default)]
struct Scratch {
    combined: Vec<u64>,
    before: Vec<u64>,
    part: Vec<u64>,
}

impl Scratch {
    /// All combinations of the keys of the parts, ascending; none when a part has no key.
    fn combine_all(&mut self, parts: &[KeyPart], record: &Normalized) {
        self.combined.clear();
        self.combined.push(0);
        for part in parts {
            self.part.clear();
            part_keys(part, record, &mut self.part);
            std::mem::swap(&mut self.before, &mut self.combined);
            self.combined.clear();
            for own in &self.part {
                self.combined.extend(self.before.iter().map(|key| combine(*key, *own)));
            }
        }
        self.combined.sort_unstable();
        self.combined.dedup();
    }
}

fn part_keys(part: &KeyPart, record: &Normalized, keys: &mut Vec<u64>) {
    let Some(value) = record.value(part.field) else { return };
    part.function.keys(value, keys);
    if part.function != KeyFunction::EitherOrder {
        return;
    }
    // A sum does not know the order of its terms.
    let mut second = Vec::new();
    if let Some(value) = part.second.and_then(|field| record.value(field)) {
        part.function.keys(value, &mut second);
    }
    let sum = keys.first().zip(second.first()).map(|(one, other)| one.wrapping_add(*other));
    keys.clear();
    keys.extend(sum);
}

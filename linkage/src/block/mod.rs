//! Blocking: which pairs are compared at all.
//!
//! Every blocking rule groups the records by a key; pairs inside a group are candidates. Several rules are united
//! without scoring a pair twice: a pair belongs to the first rule under which it shares a block. Blocks over a named
//! size are skipped, counted and reported.

mod index;
pub mod key;
mod keys;
mod pairs;
mod sample;

pub(crate) use index::combine;
pub use index::{BlockIndex, RuleBlocks};
pub use key::{KeyFunction, KeyPart};
pub use pairs::{Fan, Unit};
pub use sample::BlockSample;

use crate::exec::Executor;
use crate::rules::{BlockRule, FieldId};
use crate::table::Table;

/// What blocking would do, before anything is compared.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// One row per rule.
    pub rules: Vec<RuleAnalysis>,
    /// Pairs over all rules, each counted once.
    pub pairs: u64,
    /// All pairs that could be compared.
    pub pairs_possible: u64,
}

/// What one blocking rule does.
#[derive(Clone, Debug)]
pub struct RuleAnalysis {
    /// The rule.
    pub name: String,
    /// Pairs that share a block of this rule.
    pub pairs: u64,
    /// Those that no earlier rule has.
    pub pairs_new: u64,
    /// Records that are in some block of at least two.
    pub records: u64,
    /// The largest blocks: records, and the first record's number.
    pub largest: Vec<(u32, u32)>,
    /// Blocks skipped because they were too large, and the records in them.
    pub skipped: Vec<u32>,
}

/// The fields that a key reads, without repeats.
#[must_use]
pub fn fields_of(parts: &[KeyPart]) -> Vec<FieldId> {
    let mut fields = Vec::new();
    for part in parts {
        part.for_each_field(&mut |field| {
            if !fields.contains(&field) {
                fields.push(field);
            }
        });
    }
    fields
}

/// The key of every record under one rule, 0 for none; of several keys the first.
pub(crate) fn first_keys(rule: &BlockRule, table: &Table, executor: &dyn Executor) -> Vec<u64> {
    let keys = keys::RuleKeys::of(&[&rule.parts], table, executor);
    keys.first().map_or_else(Vec::new, |keys| keys.first_keys(table.len()))
}

/// Pairs that could be compared: all of them, or all across sources.
#[must_use]
pub fn pairs_possible(table: &Table, across_sources: bool) -> u64 {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let all = pairs(table.len() as u64);
    if !across_sources {
        return all;
    }
    let mut counts = vec![0_u64; table.source_names().len().max(1)];
    for source in table.sources() {
        if let Some(count) = counts.get_mut(usize::from(*source)) {
            *count += 1;
        }
    }
    all - counts.into_iter().map(pairs).sum::<u64>()
}

//! Walks the candidate pairs, in units that can run on any thread.

use super::{Analysis, BlockIndex, RuleAnalysis, pairs_possible};
use crate::exec::{self, Executor};
use crate::model::Profiles;
use crate::table::{RecordIndex, Table};
use std::ops::Range;

/// A piece of the work: some blocks of one rule, or some rows of one large block.
#[derive(Clone, Debug)]
pub struct Unit {
    rule: usize,
    blocks: Range<usize>,
    /// Left records of the pairs, when the unit is part of a single block.
    lefts: Option<Range<usize>>,
}

/// One candidate pair with its profile rows.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The record with the lower number.
    pub left: RecordIndex,
    /// The record with the higher number.
    pub right: RecordIndex,
    /// Combination numbers of the left record.
    pub left_row: &'a [u32],
    /// Combination numbers of the right record.
    pub right_row: &'a [u32],
}

/// Pairs per unit: long enough to pay for a task, short enough to balance and to show progress.
const UNIT_PAIRS: u64 = 200_000;
/// Largest blocks that an analysis names per rule.
const LARGEST_SHOWN: usize = 5;

impl Unit {
    /// The rule whose pairs these are.
    #[must_use]
    pub fn rule(&self) -> usize {
        self.rule
    }
}

impl BlockIndex {
    /// Cuts all candidate pairs into units of about equal work.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        for (rule, blocks) in self.rules.iter().enumerate() {
            let mut start = 0;
            let mut before = 0;
            for (block, pairs) in blocks.pairs.iter().enumerate() {
                let size = blocks.block(block).map_or(0, <[_]>::len);
                let own = (size as u64) * (size as u64).saturating_sub(1) / 2;
                if own > UNIT_PAIRS {
                    if start < block {
                        units.push(Unit { rule, blocks: start..block, lefts: None });
                    }
                    units.extend(rows_of(size).into_iter().map(|lefts| Unit {
                        rule,
                        blocks: block..block + 1,
                        lefts: Some(lefts),
                    }));
                    (start, before) = (block + 1, *pairs);
                } else if pairs - before >= UNIT_PAIRS {
                    units.push(Unit { rule, blocks: start..block + 1, lefts: None });
                    (start, before) = (block + 1, *pairs);
                }
            }
            if start < blocks.len() {
                units.push(Unit { rule, blocks: start..blocks.len(), lefts: None });
            }
        }
        units
    }

    /// Calls `visit` for every pair of a unit that no earlier rule has.
    pub fn for_each_pair(&self, unit: &Unit, profiles: &Profiles, mut visit: impl FnMut(Visit<'_>)) {
        let Some(blocks) = self.rules.get(unit.rule) else { return };
        let mut rows: Vec<u32> = Vec::new();
        let mut keys: Vec<u32> = Vec::new();
        let (width, earlier) = (profiles.stride(), unit.rule);
        let lists: Vec<usize> =
            (0..earlier).filter(|rule| self.rules.get(*rule).is_some_and(|r| r.lists.is_some())).collect();
        for number in unit.blocks.clone() {
            let members = blocks.block(number).unwrap_or(&[]);
            // The rows of a block are gathered once, so that the quadratic loop below stays in the cache.
            rows.clear();
            keys.clear();
            for record in members {
                rows.extend_from_slice(profiles.row(*record));
                keys.extend_from_slice(self.row(*record).get(..earlier).unwrap_or(&[]));
            }
            let row = |position: usize| rows.get(position * width..(position + 1) * width).unwrap_or(&[]);
            let key = |position: usize| keys.get(position * earlier..(position + 1) * earlier).unwrap_or(&[]);
            let block = u32::try_from(number + 1).unwrap_or(u32::MAX);
            for left in unit.lefts.clone().unwrap_or(0..members.len()) {
                let Some(left_record) = members.get(left).copied() else { break };
                let (left_row, left_key) = (row(left), key(left));
                for (right, right_record) in members.iter().copied().enumerate().skip(left + 1) {
                    let seen = left_key.iter().zip(key(right)).any(|(a, b)| a == b && *a != 0);
                    if seen || !self.is_comparable(left_record, right_record) {
                        continue;
                    }
                    if blocks.lists.is_some() && blocks.first_common(left_record, right_record) != Some(block) {
                        continue;
                    }
                    if lists.iter().any(|rule| self.shares(*rule, left_record, right_record)) {
                        continue;
                    }
                    visit(Visit { left: left_record, right: right_record, left_row, right_row: row(right) });
                }
            }
        }
    }

    /// Counts what each rule does, before anything is compared.
    #[must_use]
    pub fn analyse(&self, table: &Table, executor: &dyn Executor) -> Analysis {
        let profiles = Profiles::empty();
        let units = self.units();
        let counted = exec::map(executor, units.len(), |n| {
            let mut pairs = 0_u64;
            if let Some(unit) = units.get(n) {
                self.for_each_pair(unit, &profiles, |_| pairs += 1);
            }
            pairs
        });
        let new = |rule: usize| units.iter().zip(&counted).filter(|(unit, _)| unit.rule == rule).map(|(_, n)| n).sum();
        let rules = self.rules.iter().enumerate().map(|(rule, blocks)| RuleAnalysis {
            name: blocks.name.clone(),
            pairs: self.pairs(rule),
            pairs_new: new(rule),
            records: blocks.members.len() as u64,
            largest: blocks.largest(LARGEST_SHOWN),
            skipped: blocks.skipped.clone(),
        });
        Analysis {
            rules: rules.collect(),
            pairs: counted.iter().sum(),
            pairs_possible: pairs_possible(table, self.sources.is_some()),
        }
    }
}

/// Row ranges of one large block with about [`UNIT_PAIRS`] pairs each.
fn rows_of(size: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut pairs) = (0, 0_u64);
    for row in 0..size {
        pairs += (size - row - 1) as u64;
        if pairs >= UNIT_PAIRS || row + 1 == size {
            ranges.push(start..row + 1);
            (start, pairs) = (row + 1, 0);
        }
    }
    ranges
}

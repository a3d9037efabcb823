//! Walks the candidate pairs, in units that can run on any thread.

use super::index::pairs_of;
use super::{Analysis, BlockIndex, RuleAnalysis, pairs_possible};
use crate::exec::{self, Executor};
use crate::model::{Profiles, Row, Rows};
use crate::score::sketch::Sketch;
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

/// The candidate pairs of one record in one block.
#[derive(Debug)]
pub struct Fan<'a> {
    /// The record with the lower number in each pair.
    pub left: RecordIndex,
    /// All records of the block.
    pub members: &'a [RecordIndex],
    /// The places of the others in the block.
    pub rights: &'a [u32],
    rows: &'a Rows,
    /// The place of the left record.
    pub(crate) place: usize,
}

impl Fan<'_> {
    /// What comparing needs of the record at a place in the block.
    #[inline]
    #[must_use]
    pub fn row<'r>(&'r self, profiles: &Profiles, place: u32) -> Row<'r> {
        profiles.row_of(self.rows, place as usize)
    }

    /// What comparing needs of the left record.
    #[must_use]
    pub fn left_row<'r>(&'r self, profiles: &Profiles) -> Row<'r> {
        profiles.row_of(self.rows, self.place)
    }

    /// The sketches of all records of the block in one field.
    #[inline]
    pub(crate) fn column(&self, field: usize) -> &[Sketch] {
        self.rows.column(field)
    }

    /// The rarity of the record at a place in the block, in one of the adjusted comparisons.
    #[inline]
    pub(crate) fn rarity(&self, profiles: &Profiles, place: u32, adjusted: usize) -> f32 {
        self.rows.rarity(place as usize * profiles.adjusted.len() + adjusted)
    }

    /// The record at a place in the block.
    #[must_use]
    pub fn member(&self, place: u32) -> RecordIndex {
        self.members.get(place as usize).copied().unwrap_or(RecordIndex::MAX)
    }
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
            let mut pairs = 0;
            for (block, members) in blocks.blocks().enumerate() {
                let size = members.len();
                pairs += pairs_of(size);
                if pairs_of(size) > UNIT_PAIRS {
                    if start < block {
                        units.push(Unit { rule, blocks: start..block, lefts: None });
                    }
                    units.extend(rows_of(size).into_iter().map(|lefts| Unit {
                        rule,
                        blocks: block..block + 1,
                        lefts: Some(lefts),
                    }));
                    (start, pairs) = (block + 1, 0);
                } else if pairs >= UNIT_PAIRS {
                    units.push(Unit { rule, blocks: start..block + 1, lefts: None });
                    (start, pairs) = (block + 1, 0);
                }
            }
            if start < blocks.len() {
                units.push(Unit { rule, blocks: start..blocks.len(), lefts: None });
            }
        }
        units
    }

    /// Calls `visit` for every record of a unit with all its pairs that no earlier rule has.
    pub fn for_each_fan(&self, unit: &Unit, profiles: &Profiles, mut visit: impl FnMut(&Fan<'_>)) {
        let Some(blocks) = self.rules.get(unit.rule) else { return };
        let (mut rows, mut rights) = (Rows::default(), Vec::new());
        for number in unit.blocks.clone() {
            let members = blocks.block(number).unwrap_or(&[]);
            // The rows of a block are copied together, so that the quadratic loop stays in the cache, and not before
            // there is a pair to compare: most blocks of later rules have none.
            let mut is_copied = false;
            for place in unit.lefts.clone().unwrap_or(0..members.len()) {
                let Some(left) = members.get(place).copied() else { break };
                rights.clear();
                let others = (0_u32..).zip(members).skip(place + 1);
                let new = others.filter(|(_, right)| self.is_first(unit.rule, number, left, **right));
                rights.extend(new.map(|(place, _)| place));
                if rights.is_empty() {
                    continue;
                }
                if !is_copied {
                    rows.fill(profiles, members);
                    is_copied = true;
                }
                visit(&Fan { left, members, rights: &rights, rows: &rows, place });
            }
        }
    }

    /// Calls `visit` for every pair of a unit that no earlier rule has.
    pub fn for_each_pair(&self, unit: &Unit, mut visit: impl FnMut(RecordIndex, RecordIndex)) {
        self.for_each_fan(unit, &Profiles::empty(), |fan| {
            fan.rights.iter().for_each(|right| visit(fan.left, fan.member(*right)));
        });
    }

    /// Whether two records of a block of one rule are a pair that counts, and have no earlier block in common.
    #[inline]
    fn is_first(&self, rule: usize, block: usize, left: RecordIndex, right: RecordIndex) -> bool {
        let (earlier, other) = (self.earlier(left, rule), self.earlier(right, rule));
        let mut seen = false;
        for (one, other) in earlier.iter().zip(other) {
            seen |= (one == other) & (*one != 0);
        }
        !seen
            && self.is_comparable(left, right)
            && (!self.has_lists || self.is_first_in_lists(rule, block, left, right))
    }

    /// The same for rules with several keys per record.
    fn is_first_in_lists(&self, rule: usize, block: usize, left: RecordIndex, right: RecordIndex) -> bool {
        let lists = |rule: &usize| self.rules.get(*rule).is_some_and(|blocks| blocks.lists.is_some());
        let block = u32::try_from(block + 1).unwrap_or(u32::MAX);
        let own = self.rules.get(rule).filter(|_| lists(&rule));
        own.is_none_or(|own| own.first_common(left, right) == Some(block))
            && !(0..rule).filter(lists).any(|rule| self.shares(rule, left, right))
    }

    /// The blocks of a record under the rules before one.
    fn earlier(&self, record: RecordIndex, rule: usize) -> &[u32] {
        self.row(record).get(..rule).unwrap_or(&[])
    }

    /// Counts what each rule does, before anything is compared.
    #[must_use]
    pub fn analyse(&self, table: &Table, executor: &dyn Executor) -> Analysis {
        let units = self.units();
        let counted = exec::map(executor, units.len(), |n| {
            let mut pairs = 0_u64;
            if let Some(unit) = units.get(n) {
                self.for_each_pair(unit, |_, _| pairs += 1);
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

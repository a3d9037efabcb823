//! The blocks of every rule, as sorted lists of records.

use super::key::mix;
use super::keys::RuleKeys;
use crate::exec::{self, Executor};
use crate::rules::BlockRule;
use crate::table::{RecordIndex, Table};

/// Blocks of several rules over one table.
#[derive(Debug)]
pub struct BlockIndex {
    /// Whether only pairs of different sources count.
    pub(super) sources: Option<Vec<u16>>,
    /// The blocks of each rule.
    pub rules: Vec<RuleBlocks>,
    /// Per record and rule: the record's block, 0 for none. Rules with several keys per record keep lists instead.
    pub(super) single: Vec<u32>,
}

/// The blocks of one rule.
#[derive(Debug, Default)]
pub struct RuleBlocks {
    /// The rule's name.
    pub name: String,
    /// Records of all blocks, block after block, ascending inside a block.
    pub(super) members: Vec<RecordIndex>,
    /// End of each block in `members`.
    pub(super) ends: Vec<u32>,
    /// Pairs up to and including each block; pairs of one source count too.
    pub(super) pairs: Vec<u64>,
    /// Blocks per record when a record can be in several: (end per record, block numbers from 1 ascending).
    pub(super) lists: Option<(Vec<u32>, Vec<u32>)>,
    /// Sizes of the blocks that were skipped.
    pub skipped: Vec<u32>,
}

impl BlockIndex {
    /// Builds the blocks of all rules.
    #[must_use]
    pub fn build(rules: &[BlockRule], table: &Table, across_sources: bool, executor: &dyn Executor) -> Self {
        let rules = exec::map(executor, rules.len(), |n| rules.get(n).map(|rule| build_rule(rule, table)));
        let rules: Vec<RuleBlocks> = rules.into_iter().flatten().collect();
        let stride = rules.len();
        let mut single = vec![0_u32; stride * table.len()];
        for (position, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.lists.is_none()) {
            for (block, members) in (1_u32..).zip(rule.blocks()) {
                for record in members {
                    if let Some(slot) = single.get_mut(*record as usize * stride + position) {
                        *slot = block;
                    }
                }
            }
        }
        Self { sources: across_sources.then(|| table.sources().to_vec()), rules, single }
    }

    /// The block numbers of one record under every single-key rule.
    pub(super) fn row(&self, record: RecordIndex) -> &[u32] {
        let stride = self.rules.len();
        let start = record as usize * stride;
        self.single.get(start..start + stride).unwrap_or(&[])
    }

    /// Pairs that share a block of one rule.
    #[must_use]
    pub fn pairs(&self, rule: usize) -> u64 {
        self.rules.get(rule).map_or(0, RuleBlocks::pair_count)
    }

    /// Whether a pair counts at all: always, or only across sources.
    #[must_use]
    pub fn is_comparable(&self, left: RecordIndex, right: RecordIndex) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.get(left as usize) != sources.get(right as usize))
    }

    /// Whether two records share a block of one rule.
    #[must_use]
    pub fn shares(&self, rule: usize, left: RecordIndex, right: RecordIndex) -> bool {
        let Some(blocks) = self.rules.get(rule) else { return false };
        if blocks.lists.is_some() {
            return blocks.first_common(left, right).is_some();
        }
        let of = |record| self.row(record).get(rule).copied().unwrap_or(0);
        of(left) != 0 && of(left) == of(right)
    }

    /// Whether no rule before this one pairs the two records.
    #[must_use]
    pub fn is_new(&self, rule: usize, left: RecordIndex, right: RecordIndex) -> bool {
        !(0..rule).any(|earlier| self.shares(earlier, left, right))
    }

    /// Whether any rule pairs the two records.
    #[must_use]
    pub fn is_candidate(&self, left: RecordIndex, right: RecordIndex) -> bool {
        self.is_comparable(left, right) && !self.is_new(self.rules.len(), left, right)
    }
}

/// One of the pairs of a rule by number.
pub(super) fn triangle_pair(blocks: &RuleBlocks, number: u64) -> Option<(RecordIndex, RecordIndex)> {
    let block = blocks.pairs.partition_point(|pairs| *pairs <= number);
    let before = block.checked_sub(1).map_or(0, |before| blocks.pairs.get(before).copied().unwrap_or(0));
    let members = blocks.block(block)?;
    let (left, right) = triangle(number - before);
    Some((*members.get(left)?, *members.get(right)?))
}

/// The `number`-th pair (i, j), i < j, counted as (0,1), (0,2), (1,2), (0,3) …
fn triangle(number: u64) -> (usize, usize) {
    // Solve j(j-1)/2 <= number; the square root is exact enough below 2^52 pairs, and is corrected either way.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "corrected below"
    )]
    let mut right = (((8.0 * number as f64 + 1.0).sqrt() + 1.0) / 2.0) as u64;
    while right > 1 && right * (right - 1) / 2 > number {
        right -= 1;
    }
    while (right + 1) * right / 2 <= number {
        right += 1;
    }
    let left = number - right * (right - 1) / 2;
    (usize::try_from(left).unwrap_or(0), usize::try_from(right).unwrap_or(0))
}

impl RuleBlocks {
    /// Pairs of all blocks.
    #[must_use]
    pub fn pair_count(&self) -> u64 {
        self.pairs.last().copied().unwrap_or(0)
    }

    /// Number of blocks of at least two records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The records of one block.
    #[must_use]
    pub fn block(&self, block: usize) -> Option<&[RecordIndex]> {
        let start = block.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.members.get(start as usize..*self.ends.get(block)? as usize)
    }

    /// All blocks.
    pub fn blocks(&self) -> impl Iterator<Item = &[RecordIndex]> {
        (0..self.len()).filter_map(|block| self.block(block))
    }

    /// The largest blocks, at most that many: their records, and the number of their first record.
    #[must_use]
    pub fn largest(&self, most: usize) -> Vec<(u32, RecordIndex)> {
        let mut largest: Vec<(u32, RecordIndex)> =
            self.blocks().filter_map(|members| Some((u32::try_from(members.len()).ok()?, *members.first()?))).collect();
        largest.sort_unstable_by_key(|(size, first)| (std::cmp::Reverse(*size), *first));
        largest.truncate(most);
        largest
    }

    fn list(&self, record: RecordIndex) -> &[u32] {
        let Some((ends, blocks)) = &self.lists else { return &[] };
        let record = record as usize;
        let end = |record: usize| ends.get(record).map(|end| *end as usize);
        let start = record.checked_sub(1).map_or(Some(0), end);
        start.zip(end(record)).and_then(|(start, end)| blocks.get(start..end)).unwrap_or(&[])
    }

    /// The first block (counted from 1) that two records share, for rules with several keys per record.
    pub(super) fn first_common(&self, left: RecordIndex, right: RecordIndex) -> Option<u32> {
        let (mut left, mut right) = (self.list(left), self.list(right));
        while let (Some((a, rest_a)), Some((b, rest_b))) = (left.split_first(), right.split_first()) {
            match a.cmp(b) {
                std::cmp::Ordering::Equal => return Some(*a),
                std::cmp::Ordering::Less => left = rest_a,
                std::cmp::Ordering::Greater => right = rest_b,
            }
        }
        None
    }
}

fn build_rule(rule: &BlockRule, table: &Table) -> RuleBlocks {
    let keys = RuleKeys::of(&rule.parts, table);
    group(rule, &keys.sorted(table, 0), keys.is_multiple.then(|| table.len()))
}

pub(crate) fn combine(key: u64, part: u64) -> u64 {
    mix(key.rotate_left(5).wrapping_add(part))
}

pub(super) fn group(rule: &BlockRule, keyed: &[u128], list_records: Option<usize>) -> RuleBlocks {
    let mut blocks = RuleBlocks { name: rule.name.clone(), ..RuleBlocks::default() };
    let mut pairs = 0;
    for run in keyed.chunk_by(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1) {
        let size = u32::try_from(run.len()).unwrap_or(u32::MAX);
        if size > rule.records_max {
            blocks.skipped.push(size);
            continue;
        }
        pairs += u64::from(size) * u64::from(size - 1) / 2;
        #[expect(clippy::cast_possible_truncation, reason = "the record is the low half")]
        blocks.members.extend(run.iter().map(|packed| *packed as RecordIndex));
        blocks.ends.push(u32::try_from(blocks.members.len()).unwrap_or(u32::MAX));
        blocks.pairs.push(pairs);
    }
    blocks.skipped.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(records) = list_records {
        blocks.lists = Some(lists(&blocks, records));
    }
    blocks
}

fn lists(blocks: &RuleBlocks, records: usize) -> (Vec<u32>, Vec<u32>) {
    let mut listed: Vec<(RecordIndex, u32)> = Vec::with_capacity(blocks.members.len());
    for (block, members) in (1_u32..).zip(blocks.blocks()) {
        listed.extend(members.iter().map(|record| (*record, block)));
    }
    listed.sort_unstable();
    let mut ends = vec![0_u32; records];
    for (record, _) in &listed {
        if let Some(end) = ends.get_mut(*record as usize) {
            *end += 1;
        }
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    (ends, listed.into_iter().map(|(_, block)| block).collect())
}

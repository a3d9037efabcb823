//! The blocks of every rule, as sorted lists of records.

use super::key::{KeyPart, mix};
use super::keys::{RuleKeys, SortedKeys};
use crate::exec::{self, Executor};
use crate::rows::put_columns;
use crate::rules::BlockRule;
use crate::spread::sort_spread;
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
    /// Whether there are such rules.
    pub(super) has_lists: bool,
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
    /// Pairs of all blocks; pairs of one source count too.
    pairs: u64,
    /// Blocks per record when a record can be in several: (end per record, block numbers from 1 ascending).
    pub(super) lists: Option<(Vec<u32>, Vec<u32>)>,
    /// Sizes of the blocks that were skipped.
    pub skipped: Vec<u32>,
}

impl BlockIndex {
    /// Builds the blocks of all rules.
    #[must_use]
    pub fn build(rules: &[BlockRule], table: &Table, across_sources: bool, executor: &dyn Executor) -> Self {
        let parts: Vec<&[KeyPart]> = rules.iter().map(|rule| rule.parts.as_slice()).collect();
        let keys = rules.iter().zip(RuleKeys::of(&parts, table, executor)).collect();
        let rules: Vec<RuleBlocks> = exec::map_owned(executor, keys, |(rule, keys): (&BlockRule, RuleKeys<'_>)| {
            let mut blocks = group(rule, &keys.sorted(table, 0));
            blocks.lists = keys.is_multiple.then(|| lists(&blocks, table.len()));
            blocks
        });
        let single = singles(&rules, table.len(), executor);
        let has_lists = rules.iter().any(|rule| rule.lists.is_some());
        Self { sources: across_sources.then(|| table.sources().to_vec()), rules, single, has_lists }
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

/// Pairs of a block of some records.
pub(super) fn pairs_of(size: usize) -> u64 {
    let size = size as u64;
    size * size.saturating_sub(1) / 2
}

/// Pairs up to and including each block: what [`triangle_pair`] finds a pair by.
pub(super) fn cumulative(blocks: &RuleBlocks) -> Vec<u64> {
    let mut pairs = 0;
    let sum = |members: &[RecordIndex]| {
        pairs += pairs_of(members.len());
        pairs
    };
    blocks.blocks().map(sum).collect()
}

/// One of the pairs of a rule by number.
pub(super) fn triangle_pair(
    blocks: &RuleBlocks,
    cumulative: &[u64],
    number: u64,
) -> Option<(RecordIndex, RecordIndex)> {
    let block = cumulative.partition_point(|pairs| *pairs <= number);
    let before = block.checked_sub(1).map_or(0, |before| cumulative.get(before).copied().unwrap_or(0));
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
        self.pairs
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

/// A block as one word: its first record, and of two records the other, of more the place in a list.
///
/// The first record stands where [`sort_spread`] looks for a hash: record numbers are spread as evenly. Most blocks have
/// two records, and need no second look at the keys.
#[derive(Clone, Copy)]
struct Run(u64);

impl Run {
    /// Set when the low half is the second record; record numbers leave it free ([`crate::table::ROWS_MAX`]).
    const IS_PAIR: u64 = 1 << 31;

    fn of(first: RecordIndex, rest: u64) -> Self {
        Self(u64::from(first) << u32::BITS | rest)
    }

    fn first(self) -> RecordIndex {
        low(self.0 >> u32::BITS)
    }

    fn second(self) -> Option<RecordIndex> {
        (self.0 & Self::IS_PAIR != 0).then(|| low(self.0 & !Self::IS_PAIR))
    }

    fn place(self) -> usize {
        low(self.0) as usize
    }
}

/// The blocks of sorted keys that are not too large, as words of [`Run`], and those of more than two records.
fn runs<'k>(rule: &BlockRule, keyed: &'k SortedKeys, skipped: &mut Vec<u32>) -> (Vec<u64>, Vec<&'k [u64]>) {
    let (mut runs, mut larger) = (Vec::new(), Vec::new());
    for run in keyed.runs() {
        let size = u32::try_from(run.len()).unwrap_or(u32::MAX);
        let record = |word: &u64| keyed.record(*word);
        match run {
            [_, _, ..] if size > rule.records_max => skipped.push(size),
            [one, other] => runs.push(Run::of(record(one), Run::IS_PAIR | u64::from(record(other))).0),
            [one, _, ..] => {
                runs.push(Run::of(record(one), larger.len() as u64).0);
                larger.push(run);
            }
            _ => {}
        }
    }
    (runs, larger)
}

#[expect(clippy::cast_possible_truncation, reason = "the number is the low half")]
fn low(word: u64) -> u32 {
    word as u32
}

/// Per record and rule the record's block, where it has one at most. A few rules are numbered at a time, because the
/// numbers of all would take as much memory again.
fn singles(rules: &[RuleBlocks], records: usize, executor: &dyn Executor) -> Vec<u32> {
    let mut singles = vec![0; records * rules.len()];
    let numbered: Vec<usize> =
        (0..rules.len()).filter(|rule| rules.get(*rule).is_some_and(|own| own.lists.is_none())).collect();
    for together in numbered.chunks(executor.parallelism().max(1)) {
        let columns = exec::map(executor, together.len(), |place| {
            let rule = *together.get(place)?;
            Some((rule, numbers(rules.get(rule)?, records)))
        });
        let columns: Vec<(usize, Vec<u32>)> = columns.into_iter().flatten().collect();
        put_columns(&mut singles, rules.len(), &columns, executor);
    }
    singles
}

/// Per record its block, counted from 1; 0 for none.
fn numbers(blocks: &RuleBlocks, records: usize) -> Vec<u32> {
    let mut numbers = vec![0; records];
    for (block, members) in (1_u32..).zip(blocks.blocks()) {
        for record in members {
            if let Some(slot) = numbers.get_mut(*record as usize) {
                *slot = block;
            }
        }
    }
    numbers
}

pub(crate) fn combine(key: u64, part: u64) -> u64 {
    mix(key.rotate_left(5).wrapping_add(part))
}

/// The blocks of sorted keys, in order of their first records: records that are alike lie near each other, so what
/// walks the blocks goes through memory from front to back.
pub(super) fn group(rule: &BlockRule, keyed: &SortedKeys) -> RuleBlocks {
    let mut blocks = RuleBlocks { name: rule.name.clone(), ..RuleBlocks::default() };
    let (mut runs, larger) = runs(rule, keyed, &mut blocks.skipped);
    let highest = runs.iter().max().map_or(0, |run| Run(*run).first());
    sort_spread(&mut runs, u64::BITS - highest.leading_zeros());
    for run in runs.into_iter().map(Run) {
        match run.second() {
            Some(second) => blocks.members.extend([run.first(), second]),
            None => {
                let members = larger.get(run.place()).copied().unwrap_or(&[]);
                blocks.members.extend(members.iter().map(|word| keyed.record(*word)));
            }
        }
        let start = blocks.ends.last().map_or(0, |end| *end as usize);
        blocks.pairs += pairs_of(blocks.members.len() - start);
        blocks.ends.push(u32::try_from(blocks.members.len()).unwrap_or(u32::MAX));
    }
    blocks.skipped.sort_unstable_by(|a, b| b.cmp(a));
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

//! A sample of the blocks of some rules, for training.
//!
//! Building every block of every training rule costs as much as linking. A sample of whole blocks, chosen by key and
//! so the same for any order of the records, serves as well: each block kept stands for 2^thin blocks.

use super::index::{RuleBlocks, cumulative, group, triangle_pair};
use super::key::KeyPart;
use super::keys::RuleKeys;
use crate::exec::{self, Executor};
use crate::rules::BlockRule;
use crate::table::{RecordIndex, Table};

/// Sampled blocks of several rules.
pub struct BlockSample<'t> {
    rules: Vec<(RuleKeys<'t>, RuleBlocks)>,
    /// Per rule: pairs up to and including each block.
    cumulative: Vec<Vec<u64>>,
    sources: Option<&'t [u16]>,
    /// How many blocks each kept block stands for.
    pub weight: f64,
}

impl std::fmt::Debug for BlockSample<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockSample").field("rules", &self.rules.len()).field("weight", &self.weight).finish()
    }
}

/// Records beyond which blocks are sampled.
const RECORDS_WHOLE: usize = 50_000;

impl<'t> BlockSample<'t> {
    /// Samples the blocks of all rules.
    #[must_use]
    pub fn build(rules: &[BlockRule], table: &'t Table, across_sources: bool, executor: &dyn Executor) -> Self {
        let thin = (table.len() / RECORDS_WHOLE).max(1).ilog2();
        let parts: Vec<&[KeyPart]> = rules.iter().map(|rule| rule.parts.as_slice()).collect();
        let keys = rules.iter().zip(RuleKeys::of(&parts, table, executor)).collect();
        let rules = exec::map_owned(executor, keys, |(rule, keys): (&BlockRule, RuleKeys<'t>)| {
            let blocks = group(rule, &keys.sorted(table, thin));
            (keys, blocks)
        });
        let sources = across_sources.then(|| table.sources());
        let cumulative = rules.iter().map(|(_, blocks)| cumulative(blocks)).collect();
        Self { rules, cumulative, sources, weight: f64::from(1_u32 << thin.min(31)) }
    }

    /// Number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The name of a rule.
    #[must_use]
    pub fn name(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", |(_, blocks)| &blocks.name)
    }

    /// Pairs in the sampled blocks of a rule.
    #[must_use]
    pub fn pairs(&self, rule: usize) -> u64 {
        self.rules.get(rule).map_or(0, |(_, blocks)| blocks.pair_count())
    }

    /// One of those pairs by number; `None` past the end or when both are of one source.
    #[must_use]
    pub fn pair_at(&self, rule: usize, number: u64) -> Option<(RecordIndex, RecordIndex)> {
        let (_, blocks) = self.rules.get(rule)?;
        let (left, right) = triangle_pair(blocks, self.cumulative.get(rule)?, number)?;
        self.is_comparable(left, right).then_some((left, right))
    }

    fn is_comparable(&self, left: RecordIndex, right: RecordIndex) -> bool {
        self.sources.is_none_or(|sources| sources.get(left as usize) != sources.get(right as usize))
    }

    /// Whether no rule before this one pairs the two records, sampled or not.
    #[must_use]
    pub fn is_new(&self, rule: usize, left: RecordIndex, right: RecordIndex) -> bool {
        !self.rules.iter().take(rule).any(|(keys, _)| keys.agree(left, right))
    }

    /// Pairs over all rules, each counted once, as far as the sample tells.
    #[must_use]
    pub fn pairs_united(&self) -> f64 {
        let new = |rule: usize| {
            let blocks = self.rules.get(rule).into_iter().flat_map(|(_, blocks)| blocks.blocks());
            let pairs = blocks.flat_map(|members| {
                members
                    .iter()
                    .enumerate()
                    .flat_map(|(at, left)| members.iter().skip(at + 1).map(|right| (*left, *right)))
            });
            pairs.filter(|(left, right)| self.is_comparable(*left, *right) && self.is_new(rule, *left, *right)).count()
        };
        #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
        let pairs = (0..self.len()).map(new).sum::<usize>() as f64;
        pairs * self.weight
    }
}

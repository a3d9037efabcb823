//! Collects agreement patterns of sampled pairs.
//!
//! What expectation-maximisation needs of a pair is its pattern and how far value frequencies move u, so pairs are
//! counted by those two; a million pairs become some thousand rows.

use super::Settings;
use crate::block::BlockSample;
use crate::block::key::mix;
use crate::exec::{self, Executor};
use crate::model::{AgreementPattern, Frequencies};
use crate::rules::{RELATIONS_MAX, RuleSet};
use crate::score::{Comparer, LevelCache};
use crate::table::RecordIndex;
use hashbrown::HashMap;

/// Frequency adjustments of one pair, rounded to bits: strangers first, then each relation.
pub(super) type Bits = [i8; RELATIONS_MAX + 1];

/// Pairs that look alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    pub(super) pattern: AgreementPattern,
    /// Added to log₂ of the pattern's probability under each class of different persons.
    pub(super) bits: Bits,
    /// How many pairs it stands for.
    pub(super) weight: f64,
}

/// Collects observations.
pub(super) struct Observer<'a> {
    pub(super) comparer: &'a Comparer<'a>,
    pub(super) frequencies: &'a Frequencies,
    pub(super) settings: Settings,
    pub(super) executor: &'a dyn Executor,
    /// Per comparison and relation: whether the relation has probabilities of its own there.
    pub(super) shared: Vec<[bool; RELATIONS_MAX]>,
}

/// Pairs observed per training block: a level that one match in a thousand shows is met some dozen times even where
/// one pair in four is a match.
const BLOCK_SAMPLE: u64 = 30_000;
/// Pairs compared in one task.
const TASK_PAIRS: u64 = 16_384;

/// Per comparison and relation: whether the relation has probabilities of its own there.
pub(super) fn shared(rules: &RuleSet) -> Vec<[bool; RELATIONS_MAX]> {
    let own = |comparison: &crate::rules::Comparison| {
        let states = |relation: usize| {
            comparison.levels.iter().any(|level| level.relations.get(relation).copied().flatten().is_some())
        };
        std::array::from_fn(states)
    };
    rules.comparisons.iter().map(own).collect()
}

/// Pairs drawn from one training block, compared.
pub(super) struct Drawn {
    pairs: Vec<(RecordIndex, RecordIndex, AgreementPattern)>,
    /// Whether pairs of earlier blocks are left out.
    only_new: bool,
    /// How many pairs each stands for.
    weight: f64,
}

impl Observer<'_> {
    /// Draws pairs from every training block. In blocks from `only_new` on, pairs of earlier blocks are left out.
    pub(super) fn draw(&self, blocks: &BlockSample<'_>, only_new: usize) -> Vec<Drawn> {
        (0..blocks.len()).map(|rule| self.draw_from(blocks, rule, rule >= only_new)).collect()
    }

    fn draw_from(&self, blocks: &BlockSample<'_>, rule: usize, only_new: bool) -> Drawn {
        let pairs = blocks.pairs(rule);
        let drawn = pairs.min(BLOCK_SAMPLE);
        #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
        let weight = blocks.weight * pairs as f64 / drawn.max(1) as f64;
        let seed = mix(self.settings.seed ^ (rule as u64 + 1));
        let tasks = usize::try_from(drawn.div_ceil(TASK_PAIRS)).unwrap_or(0);
        let compared = exec::map(self.executor, tasks, |task| {
            let start = task as u64 * TASK_PAIRS;
            let numbers = start..(start + TASK_PAIRS).min(drawn);
            let numbers = numbers.map(|n| if pairs == drawn { n } else { scaled(mix(seed.wrapping_add(n)), pairs) });
            let chosen = numbers.filter_map(|number| blocks.pair_at(rule, number));
            let wanted = chosen.filter(|(left, right)| !only_new || blocks.is_new(rule, *left, *right));
            let mut cache = LevelCache::new(self.comparer.rules.comparisons.len());
            wanted.map(|(left, right)| (left, right, self.comparer.pattern_of(left, right, &mut cache))).collect()
        });
        let compared: Vec<Vec<_>> = compared;
        Drawn { pairs: compared.into_iter().flatten().collect(), only_new, weight }
    }

    /// The patterns of one block, over the comparisons that are learned there.
    pub(super) fn block(&self, drawn: &Drawn, comparisons: &[bool]) -> Vec<Observation> {
        merged(self.count(drawn.pairs.iter(), comparisons, drawn.weight))
    }

    /// The patterns of all training blocks, each pair counted under its first block.
    pub(super) fn union(&self, blocks: &BlockSample<'_>, drawn: &[Drawn]) -> Vec<Observation> {
        let all = vec![true; self.comparer.rules.comparisons.len()];
        let seen = drawn.iter().enumerate().flat_map(|(rule, drawn)| {
            let pairs = drawn.pairs.iter();
            let new = pairs.filter(|(left, right, _)| drawn.only_new || blocks.is_new(rule, *left, *right));
            self.count(new, &all, drawn.weight)
        });
        merged(seen.collect())
    }

    fn count<'p>(
        &self,
        pairs: impl Iterator<Item = &'p (RecordIndex, RecordIndex, AgreementPattern)>,
        comparisons: &[bool],
        weight: f64,
    ) -> Vec<Observation> {
        // Only counts are kept under these keys, and they are sorted before use, so the map's order cannot leak.
        let mut counts: HashMap<(AgreementPattern, Bits), u32> = HashMap::new();
        for (left, right, pattern) in pairs {
            *counts.entry(self.observe(*left, *right, *pattern, comparisons)).or_default() += 1;
        }
        let observation = |((pattern, bits), n)| Observation { pattern, bits, weight: f64::from(n) * weight };
        counts.into_iter().map(observation).collect()
    }

    /// The pattern over some comparisons, and what value frequencies say about it.
    fn observe(
        &self,
        left: RecordIndex,
        right: RecordIndex,
        all: AgreementPattern,
        comparisons: &[bool],
    ) -> (AgreementPattern, Bits) {
        let (rules, profiles) = (self.comparer.rules, self.comparer.profiles);
        let mut pattern = AgreementPattern::default();
        let mut adjustments = [0.0; RELATIONS_MAX + 1];
        let rows = profiles.row(left).numbers.iter().zip(profiles.row(right).numbers).enumerate();
        for (comparison, (left, right)) in rows.filter(|(n, _)| comparisons.get(*n) == Some(&true)) {
            let level = all.level(comparison);
            pattern = pattern.with(comparison, u8::try_from(level).unwrap_or(0));
            let Some(adjustment) = self.adjustment(rules, comparison, level, (*left, *right)) else {
                continue;
            };
            let shared = self.shared.get(comparison).copied().unwrap_or_default();
            for (class, total) in adjustments.iter_mut().enumerate() {
                if class == 0 || !shared.get(class - 1).copied().unwrap_or(false) {
                    *total -= adjustment;
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type")]
        (pattern, adjustments.map(|bits: f64| bits.round().clamp(-100.0, 100.0) as i8))
    }

    /// How much rarer than average the agreeing values are, in bits.
    fn adjustment(&self, rules: &RuleSet, comparison: usize, level: usize, pair: (u32, u32)) -> Option<f64> {
        let rule = rules.comparisons.get(comparison)?;
        let (field, weight) = rule.levels.get(level)?.frequency?;
        let column = self.comparer.profiles.columns.get(comparison)?;
        let position = rule.fields.iter().position(|known| *known == field)?;
        let commoner = column.log2_frequency(pair.0, position).max(column.log2_frequency(pair.1, position));
        commoner.is_finite().then(|| weight * (self.frequencies.log2_agreement(field) - f64::from(commoner)))
    }
}

/// A number below `below` from 64 random bits.
pub(super) fn scaled(random: u64, below: u64) -> u64 {
    u64::try_from((u128::from(random) * u128::from(below)) >> 64).unwrap_or(0)
}

/// Observations of equal patterns added up, in order of pattern.
fn merged(mut rows: Vec<Observation>) -> Vec<Observation> {
    rows.sort_by(|a, b| (a.pattern, a.bits).cmp(&(b.pattern, b.bits)).then(a.weight.total_cmp(&b.weight)));
    rows.dedup_by(|next, kept| {
        let is_same = (next.pattern, next.bits) == (kept.pattern, kept.bits);
        if is_same {
            kept.weight += next.weight;
        }
        is_same
    });
    rows
}

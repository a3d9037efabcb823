//! Weighs pairs, and stops as soon as a pair cannot reach the weight asked for.
//!
//! The weight is kept as one running difference per class of different persons (strangers and each relation):
//! Σ log₂ m − Σ log₂ P(level | class). After each comparison the best that the rest could still add is known, so most
//! candidate pairs are given up after one or two comparisons. What is not given up has its exact weight.

#![expect(clippy::indexing_slicing, reason = "arrays of CLASSES_MAX places, indexed by class, in the hottest loop")]

use super::comparer::{Comparer, LevelCache};
use crate::model::{AgreementPattern, Frequencies, MatchWeight, Weights};
use crate::rules::{FieldId, RELATIONS_MAX};
use crate::table::RecordIndex;

/// Classes of different persons: strangers, then the relations.
const CLASSES_MAX: usize = RELATIONS_MAX + 1;

/// A scored pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The agreement pattern.
    pub pattern: AgreementPattern,
    /// The match weight.
    pub weight: MatchWeight,
}

/// Scores pairs of one table with one set of weights; shared by all threads.
#[derive(Debug)]
pub struct Scorer<'a> {
    /// Finds the levels.
    pub comparer: &'a Comparer<'a>,
    prior: f64,
    /// log₂ share of each class.
    shares: Vec<f64>,
    /// Comparisons in the order in which they are tried: the most telling first.
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    comparison: usize,
    levels: Vec<StepLevel>,
    /// Per class: the most that this and all later steps can add.
    rest: [f64; CLASSES_MAX],
}

#[derive(Clone, Debug, Default)]
struct StepLevel {
    /// Per class: log₂ m − log₂ P(level | class).
    gain: [f64; CLASSES_MAX],
    /// Field position in the comparison, log₂ Σp² and the share of the adjustment that counts.
    frequency: Option<(usize, f64, f64)>,
    /// Per class: whether the frequency adjustment applies.
    adjusts: [bool; CLASSES_MAX],
}

impl<'a> Scorer<'a> {
    /// Prepares scoring.
    #[must_use]
    pub fn new(comparer: &'a Comparer<'a>, weights: &Weights, frequencies: &Frequencies) -> Self {
        let classes = 1 + weights.relations.len();
        let mut shares = vec![weights.strangers];
        shares.extend(weights.relations.iter().map(|relation| relation.rate));
        let mut steps: Vec<Step> = (0..comparer.rules.comparisons.len())
            .map(|comparison| step(comparison, comparer, weights, frequencies))
            .collect();
        // Disagreement that costs most comes first; equal costs keep the order of the rule set.
        let worst = |step: &Step| step.levels.iter().map(|level| level.gain[0]).fold(0.0, f64::min);
        steps.sort_by(|a, b| worst(a).total_cmp(&worst(b)));
        let mut rest = [0.0; CLASSES_MAX];
        for step in steps.iter_mut().rev() {
            for (class, rest) in rest.iter_mut().enumerate().take(classes) {
                *rest += step.best(class, frequencies);
            }
            step.rest = rest;
        }
        Self { comparer, prior: weights.prior, shares, steps }
    }

    /// The pattern and weight of two profile rows, or `None` when the weight is certainly under `floor`.
    pub fn score(&self, left: &[u32], right: &[u32], floor: f64, cache: &mut LevelCache) -> Option<Scored> {
        let classes = self.shares.len();
        let mut gains = [0.0; CLASSES_MAX];
        let mut pattern = AgreementPattern::default();
        for step in &self.steps {
            // The odds against any one class bound the odds against all of them together.
            let bound = (0..classes)
                .map(|class| self.prior + gains[class] + step.rest[class] - self.shares[class])
                .fold(f64::INFINITY, f64::min);
            if bound < floor {
                return None;
            }
            let comparison = step.comparison;
            let (left, right) = (*left.get(comparison)?, *right.get(comparison)?);
            let level = self.comparer.level(comparison, left, right, cache);
            pattern = pattern.with(comparison, level);
            let level = step.levels.get(usize::from(level))?;
            for (gain, own) in gains.iter_mut().zip(&level.gain).take(classes) {
                *gain += own;
            }
            if let Some(adjustment) = self.adjustment(comparison, level, left, right) {
                for (gain, _) in gains.iter_mut().zip(&level.adjusts).filter(|(_, adjusts)| **adjusts) {
                    *gain += adjustment;
                }
            }
        }
        let weight = self.prior - self.against(&gains);
        (weight >= floor).then_some(Scored { pattern, weight: MatchWeight(weight) })
    }

    /// The score of a pair whose levels are found elsewhere: `level` gives that of a comparison, and `commoner` log₂ of
    /// the frequency of the commoner of the two values of one of its fields. The same sums in the same order as
    /// [`Scorer::score`], so the same weight to the last bit.
    pub(crate) fn score_levels(
        &self,
        mut level: impl FnMut(usize) -> u8,
        mut commoner: impl FnMut(usize, usize) -> f32,
    ) -> Scored {
        let mut gains = [0.0; CLASSES_MAX];
        let mut pattern = AgreementPattern::default();
        for step in &self.steps {
            let level = level(step.comparison);
            pattern = pattern.with(step.comparison, level);
            let Some(level) = step.levels.get(usize::from(level)) else { continue };
            for (gain, own) in gains.iter_mut().zip(&level.gain).take(self.shares.len()) {
                *gain += own;
            }
            let Some((field, agreement, weight)) = level.frequency else { continue };
            let commoner = commoner(step.comparison, field);
            if commoner.is_finite() {
                let adjustment = weight * (agreement - f64::from(commoner));
                for (gain, _) in gains.iter_mut().zip(&level.adjusts).filter(|(_, adjusts)| **adjusts) {
                    *gain += adjustment;
                }
            }
        }
        Scored { pattern, weight: MatchWeight(self.prior - self.against(&gains)) }
    }

    /// The score of two records, whatever it is.
    pub fn score_records(&self, left: RecordIndex, right: RecordIndex, cache: &mut LevelCache) -> Scored {
        let profiles = self.comparer.profiles;
        let scored = self.score(profiles.row(left), profiles.row(right), f64::NEG_INFINITY, cache);
        scored.unwrap_or(Scored { pattern: AgreementPattern::default(), weight: MatchWeight(f64::NEG_INFINITY) })
    }

    /// log₂ Σ over classes of share × P(pattern | class) / P(pattern | match).
    fn against(&self, gains: &[f64; CLASSES_MAX]) -> f64 {
        let mut terms = self.shares.iter().zip(gains).map(|(share, gain)| share - gain);
        let first = terms.next().unwrap_or(0.0);
        terms.fold(first, crate::model::log2_add)
    }

    fn adjustment(&self, comparison: usize, level: &StepLevel, left: u32, right: u32) -> Option<f64> {
        let (field, agreement, weight) = level.frequency?;
        let column = self.comparer.profiles.columns.get(comparison)?;
        let commoner = column.log2_frequency(left, field).max(column.log2_frequency(right, field));
        commoner.is_finite().then(|| weight * (agreement - f64::from(commoner)))
    }
}

impl Step {
    /// The most that this step can add for one class.
    fn best(&self, class: usize, frequencies: &Frequencies) -> f64 {
        let best = |level: &StepLevel| {
            let rarest = level
                .frequency
                .filter(|_| level.adjusts[class])
                .map_or(0.0, |(_, agreement, weight)| weight * (agreement - frequencies.log2_rarest()).max(0.0));
            level.gain[class] + rarest
        };
        self.levels.iter().map(best).fold(f64::NEG_INFINITY, f64::max)
    }
}

fn step(comparison: usize, comparer: &Comparer<'_>, weights: &Weights, frequencies: &Frequencies) -> Step {
    let rule = comparer.rules.comparisons.get(comparison);
    let levels = rule.map_or(&[][..], |rule| rule.levels.as_slice());
    let fields = rule.map_or(&[][..], |rule| rule.fields.as_slice());
    let of =
        |table: &[Vec<f64>], level: usize| table.get(comparison).and_then(|row| row.get(level)).copied().unwrap_or(0.0);
    let levels = levels.iter().enumerate().map(|(position, level)| {
        let m = of(&weights.m, position);
        let mut prepared = StepLevel::default();
        prepared.gain[0] = m - of(&weights.u, position);
        prepared.adjusts[0] = true;
        for (class, relation) in weights.relations.iter().enumerate() {
            prepared.gain[class + 1] = m - of(&relation.r, position);
            prepared.adjusts[class + 1] = !relation.shares.get(comparison).copied().unwrap_or(false);
        }
        let position_of = |field: FieldId| fields.iter().position(|known| *known == field);
        prepared.frequency = level
            .frequency
            .and_then(|(field, weight)| Some((position_of(field)?, frequencies.log2_agreement(field), weight)));
        prepared
    });
    Step { comparison, levels: levels.collect(), rest: [0.0; CLASSES_MAX] }
}

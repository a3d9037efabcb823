//! Which single change would flip the decision.
//!
//! Per comparison, every other level is tried in place of the one found; the one that flips the decision with the
//! smallest change of weight is named. A level that was not found has no values, so it is weighed without frequency
//! adjustment: as the average value of its kind. Whether a guard would still hold after a change cannot be known
//! without values either: a guard is taken to fall when the changed comparison reads one of its fields.

use super::{Explainer, Explanation, bars, limit};
use crate::model::{Decision, MatchWeight};
use crate::rules::{FieldId, Guard};

/// A single change that flips the decision between match and not match.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// What would be otherwise.
    pub change: Change,
    /// The weight that the pair would have.
    pub weight: MatchWeight,
    /// The decision that it would get.
    pub decision: Decision,
}

/// What would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A comparison would come out at another level.
    Level {
        /// The comparison.
        comparison: String,
        /// The level found.
        from: String,
        /// The level that it would take.
        to: String,
    },
    /// A guard would not hold.
    Guard {
        /// The guard.
        guard: String,
    },
}

/// All flips, the smallest change of weight first; equal changes keep the order of the rule set.
pub(super) fn flips(explainer: &Explainer<'_>, found: &Explanation) -> Vec<Flip> {
    let mut flips: Vec<Flip> = Vec::new();
    // Where several guards hold, no single one makes the difference.
    if let ([guard], Decision::Match, true) =
        (found.guards.as_slice(), found.decision_by_weight, found.decision < Decision::Match)
    {
        let change = Change::Guard { guard: guard.name.clone() };
        flips.push(Flip { change, weight: found.weight, decision: Decision::Match });
    }
    for comparison in 0..found.comparisons.len() {
        flips.extend(best_level(explainer, found, comparison));
    }
    let size = |flip: &Flip| (flip.weight.0 - found.weight.0).abs();
    flips.sort_by(|a, b| size(a).total_cmp(&size(b)));
    flips
}

/// The level of one comparison that flips the decision with the smallest change of weight.
fn best_level(explainer: &Explainer<'_>, found: &Explanation, comparison: usize) -> Option<Flip> {
    let rule = explainer.comparer.rules.comparisons.get(comparison)?;
    let bar = found.comparisons.get(comparison)?;
    let remaining = remaining_guards(explainer, found, &rule.fields);
    let mut best: Option<Flip> = None;
    for (level, candidate) in rule.levels.iter().enumerate().filter(|(level, _)| *level != bar.level) {
        let weight = weight_with(explainer, found, comparison, level);
        let thresholds = (explainer.lower, explainer.upper);
        let capped = remaining.iter().map(|guard| limit(guard, weight, thresholds)).fold(weight, f64::min);
        let decision = explainer.decide(capped);
        if (decision == Decision::Match) == (found.decision == Decision::Match) {
            continue;
        }
        let size = |weight: f64| (weight - found.weight.0).abs();
        if best.as_ref().is_some_and(|best| size(best.weight.0) <= size(weight)) {
            continue;
        }
        let change =
            Change::Level { comparison: rule.name.clone(), from: bar.level_name.clone(), to: candidate.name.clone() };
        best = Some(Flip { change, weight: MatchWeight(weight), decision });
    }
    best
}

/// The weight of the pair if one comparison had come out at another level.
pub(super) fn weight_with(explainer: &Explainer<'_>, found: &Explanation, comparison: usize, level: usize) -> f64 {
    let weights = explainer.weights;
    let mut comparisons = found.comparisons.clone();
    if let Some(bar) = comparisons.get_mut(comparison) {
        bar.level_weight = bars::level_weight(weights, comparison, level);
        bar.frequency_weight = 0.0;
        bar.relation_weights = bars::relation_weights(weights, comparison, level, 0.0);
    }
    let relations = bars::relations(explainer, &comparisons);
    let bars = comparisons.iter().map(bars::ComparisonBar::weight).chain(relations.iter().map(|bar| bar.weight));
    bars.fold(weights.prior, |sum, bar| sum + bar)
}

/// The guards that hold and read none of the changed fields.
fn remaining_guards<'a>(explainer: &Explainer<'a>, found: &Explanation, changed: &[FieldId]) -> Vec<&'a Guard> {
    let reads_changed = |guard: &Guard| {
        let mut reads = false;
        guard.when.for_each_field(&mut |field| reads |= changed.contains(&field));
        reads
    };
    let guards = explainer.comparer.rules.guards.iter();
    let held = guards.filter(|guard| found.guards.iter().any(|held| held.name == guard.name));
    held.filter(|guard| !reads_changed(guard)).collect()
}

//! Says why two records are linked, or why not.
//!
//! The weight of a pair becomes a waterfall: the prior, one bar per comparison, and one bar per relation, which is what
//! the pair loses because a household or twins would agree as well. The bars add up to the weight exactly. Beside it
//! stands what would have to be otherwise: which blocking rule came closest, and which single change would flip the
//! decision. Explaining re-reads the values of the pair and weighs them again; it stores nothing and is not made for
//! loops over many pairs.

mod bars;
mod change;
mod reach;
#[cfg(test)]
mod tests;

pub use bars::{ComparisonBar, FieldValues, RelationBar};
pub use change::{Change, Flip};
pub use reach::{KeyAgreement, PartReach, Reach, RuleReach};

use crate::block::BlockIndex;
use crate::model::{Decision, Frequencies, MatchWeight, Weights};
use crate::rules::{Cap, Guard};
use crate::score::Comparer;
use crate::table::RecordIndex;

/// Everything that explaining needs: the parts of a run over one table.
#[derive(Clone, Copy, Debug)]
pub struct Explainer<'a> {
    /// Finds the levels; holds the trained rule set and the records, with their raw texts.
    pub comparer: &'a Comparer<'a>,
    /// The weights that score.
    pub weights: &'a Weights,
    /// The frequencies that the weights are adjusted by.
    pub frequencies: &'a Frequencies,
    /// The blocks; [`BlockIndex::rules`] belong to the blocking rules of the rule set in order.
    pub blocks: &'a BlockIndex,
    /// Match weight in bits from which a pair is a match.
    pub upper: f64,
    /// Match weight in bits from which a pair is a possible match.
    pub lower: f64,
}

/// Why two records are linked, or why not.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The one record.
    pub left: RecordIndex,
    /// The other record.
    pub right: RecordIndex,
    /// Where the waterfall starts: log₂ of the prior odds.
    pub prior: f64,
    /// One bar per comparison, in the order of the rule set.
    pub comparisons: Vec<ComparisonBar>,
    /// One bar per relation, in the order of the rule set.
    pub relations: Vec<RelationBar>,
    /// Where the waterfall ends: the prior and all bars, before guards.
    pub weight: MatchWeight,
    /// The decision on the weight alone.
    pub decision_by_weight: Decision,
    /// The guards that hold for the pair, in the order of the rule set.
    pub guards: Vec<HeldGuard>,
    /// The decision after guards. A pair that no blocking rule reaches is not decided unless other records bring it
    /// together; see [`Explanation::reach`].
    pub decision: Decision,
    /// Which blocking rules bring the two records together.
    pub reach: Reach,
    /// The single changes that would flip the decision, the smallest change of weight first.
    pub flips: Vec<Flip>,
}

/// A guard whose condition holds for a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldGuard {
    /// Its name.
    pub name: String,
    /// Why it is there.
    pub reason: String,
    /// The best decision that it leaves.
    pub cap: Cap,
    /// The match weight in bits from which it no longer caps; `None`: whatever the weight.
    pub below: Option<f64>,
    /// Whether it changed the decision on this pair.
    pub is_capping: bool,
}

impl Explainer<'_> {
    /// Explains one pair. Both records are taken as they come: a pair of equal records, or one inside a source, is
    /// explained as well.
    #[must_use]
    pub fn explain(&self, left: RecordIndex, right: RecordIndex) -> Explanation {
        let comparisons = bars::comparisons(self, left, right);
        let relations = bars::relations(self, &comparisons);
        let bars = comparisons.iter().map(ComparisonBar::weight).chain(relations.iter().map(|bar| bar.weight));
        let weight = bars.fold(self.weights.prior, |sum, bar| sum + bar);
        let decision_by_weight = self.decide(weight);
        let mut capped_weight = weight;
        let mut guards = Vec::new();
        for guard in &self.comparer.rules.guards {
            if !self.comparer.holds(&guard.when, left, right) {
                continue;
            }
            let before = self.decide(capped_weight);
            capped_weight = capped_weight.min(limit(guard, weight, (self.lower, self.upper)));
            guards.push(HeldGuard {
                name: guard.name.clone(),
                reason: guard.reason.clone(),
                cap: guard.cap,
                below: guard.below,
                is_capping: self.decide(capped_weight) < before,
            });
        }
        let decision = self.decide(capped_weight);
        let mut explanation = Explanation {
            left,
            right,
            prior: self.weights.prior,
            comparisons,
            relations,
            weight: MatchWeight(weight),
            decision_by_weight,
            guards,
            decision,
            reach: reach::reach(self, left, right),
            flips: Vec::new(),
        };
        explanation.flips = change::flips(self, &explanation);
        explanation
    }

    fn decide(&self, weight: f64) -> Decision {
        Decision::of(weight, self.lower, self.upper)
    }
}

/// The highest weight that a guard which holds leaves to a pair of this weight; infinite when it asks nothing.
///
/// A cap lies just under a threshold. A guard that asks for more evidence takes from the weight what is missing to it,
/// so a pair far from enough is no possible match either. This is what a run does.
pub(crate) fn limit(guard: &Guard, weight: f64, (lower, upper): (f64, f64)) -> f64 {
    if !guard.asks(Some(weight)) {
        return f64::INFINITY;
    }
    let limit = match guard.cap {
        Cap::PossibleMatch => upper.next_down(),
        Cap::NonMatch => lower.next_down(),
    };
    guard.below.map_or(limit, |below| limit.min(upper + weight - below))
}

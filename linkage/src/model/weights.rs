//! From agreement pattern to match weight.
//!
//! The weight is log₂ of the posterior odds: prior + Σ log₂ m − log₂ P(pattern | different persons). Different
//! persons are strangers or stand in a relation (household, twins), so that last probability is a mixture:
//! (1 − Σh) Π u + Σ h Π r. Without relations this is the sum of log₂(m/u) of Fellegi & Sunter (1969); with them,
//! evidence that a family shares is counted once. A null level has probability 1 under every class and weighs
//! exactly 0.

use crate::rules::RuleSet;

/// A match weight in bits: log₂ of the posterior odds that two records are of one person. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct MatchWeight(pub f64);

impl MatchWeight {
    /// The weight as a probability.
    #[must_use]
    pub fn probability(self) -> f64 {
        1.0 / (1.0 + (-self.0).exp2())
    }
}

/// A probability that scoring needs is missing: the rule set has to be trained first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} has no {what}: train the rule set first")]
pub struct UntrainedError {
    /// Comparison and level, relation, or the rule set.
    pub place: String,
    /// `m`, `u`, `rate` or `prior`.
    pub what: &'static str,
}

/// Logarithms of all probabilities of a rule set, ready to be added.
#[derive(Clone, Debug)]
pub struct Weights {
    /// log₂ of the prior odds.
    pub prior: f64,
    /// Per comparison and level: log₂ m, 0 for null.
    pub m: Vec<Vec<f64>>,
    /// Per comparison and level: log₂ u, 0 for null.
    pub u: Vec<Vec<f64>>,
    /// log₂ of the share of strangers among different persons.
    pub strangers: f64,
    /// The relations.
    pub relations: Vec<RelationWeights>,
}

/// One relation of a rule set.
#[derive(Clone, Debug)]
pub struct RelationWeights {
    /// log₂ of the share of this relation among different persons.
    pub rate: f64,
    /// Per comparison and level: log₂ P(level | relation); equal to log₂ u where the relation says nothing.
    pub r: Vec<Vec<f64>>,
    /// Per comparison: whether the relation has probabilities of its own, and so no frequency adjustment.
    pub shares: Vec<bool>,
}

impl Weights {
    /// The weights of a trained rule set.
    ///
    /// # Errors
    /// [`UntrainedError`] names the first probability that is missing.
    pub fn of(rules: &RuleSet) -> Result<Self, UntrainedError> {
        let missing = |place: String, what: &'static str| UntrainedError { place, what };
        let prior = rules.prior.ok_or_else(|| missing(format!("rule set `{}`", rules.name), "prior"))?;
        let mut m = Vec::new();
        let mut u = Vec::new();
        for comparison in &rules.comparisons {
            let mut log_m = Vec::new();
            let mut log_u = Vec::new();
            for level in &comparison.levels {
                let place = || format!("level `{}` of comparison `{}`", level.name, comparison.name);
                let log = |value: Option<f64>, what| match (level.is_null, value) {
                    (true, _) => Ok(0.0),
                    (false, Some(value)) => Ok(value.log2()),
                    (false, None) => Err(missing(place(), what)),
                };
                log_m.push(log(level.m, "m")?);
                log_u.push(log(level.u, "u")?);
            }
            m.push(log_m);
            u.push(log_u);
        }
        let mut total = 0.0;
        let mut relations = Vec::new();
        for (position, relation) in rules.relations.iter().enumerate() {
            let rate = relation.rate.ok_or_else(|| missing(format!("relation `{}`", relation.name), "rate"))?;
            total += rate;
            relations.push(relation_weights(rules, position, rate, &u));
        }
        let prior = (prior / (1.0 - prior)).log2();
        // Relations are rare; the floor only keeps a wrong rule set from producing a NaN.
        Ok(Self { prior, m, u, strangers: (1.0 - total).max(1e-9).log2(), relations })
    }
}

fn relation_weights(rules: &RuleSet, position: usize, rate: f64, u: &[Vec<f64>]) -> RelationWeights {
    let mut r = Vec::new();
    let mut shares = Vec::new();
    for (comparison, log_u) in rules.comparisons.iter().zip(u) {
        let own = |level: &crate::rules::Level| level.relations.get(position).copied().flatten();
        shares.push(comparison.levels.iter().any(|level| own(level).is_some()));
        let levels = comparison.levels.iter().zip(log_u);
        r.push(levels.map(|(level, u)| own(level).filter(|_| !level.is_null).map_or(*u, f64::log2)).collect());
    }
    RelationWeights { rate: rate.log2(), r, shares }
}

/// log₂(2^a + 2^b) without leaving the logarithm.
#[must_use]
pub(crate) fn log2_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    high + (low - high).exp2().ln_1p() * std::f64::consts::LOG2_E
}

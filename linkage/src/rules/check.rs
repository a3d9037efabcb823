//! Finds levels that can never be the outcome, and what is odd about a rule set that can run.
//!
//! Levels are tried in order, so a level is dead when an earlier condition holds whenever its own does. The proof is
//! by implication between atoms ([`Measure::implies`](crate::compare::Measure::implies) and thresholds of one measure);
//! it is sound and not complete: what it reports is dead for certain, what it passes may still be rare.

use super::{Atom, Expr, FieldId, Level, RuleSet};
use crate::block::{KeyFunction, KeyPart, fields_of};
use crate::compare::Threshold;
use crate::model::Weights;

/// Something that a rule set's author should look at, though the rule set can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The comparison, block or guard.
    pub place: String,
    /// What is odd.
    pub reason: String,
}

/// The first level that cannot be reached, with the reason.
pub(super) fn unreachable_level(levels: &[Level]) -> Option<(usize, String)> {
    let last = levels.len().checked_sub(1)?;
    for (position, level) in levels.iter().enumerate() {
        let Some(when) = &level.when else {
            if position == last {
                return None;
            }
            return Some((
                position,
                format!("level `{}` has no condition, so no later level can be reached", level.name),
            ));
        };
        let earlier = || levels.iter().take(position).filter_map(|level| Some((level, level.when.as_ref()?)));
        let first = earlier().find(|(_, condition)| implies(when, condition));
        // Several levels together can leave nothing: `null(a) or exact(a)` after `null(a)` and `exact(a)`.
        let any = Expr::Or(earlier().map(|(_, condition)| condition.clone()).collect());
        let before = match first {
            Some((before, _)) => format!("`{}` comes", before.name),
            None if implies(when, &any) => "the levels before it come".to_owned(),
            None => continue,
        };
        let holds = if first.is_some() { "always holds" } else { "one of them always holds" };
        let reason = format!("level `{}` can never be reached: {before} first and {holds}", level.name);
        return Some((position, reason));
    }
    Some((last, "the last level must be a catch-all without `when`".to_owned()))
}

/// Whether `b` holds whenever `a` does, as far as can be proved from the shape of the two conditions.
fn implies(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (_, Expr::And(parts)) => parts.iter().all(|part| implies(a, part)),
        (Expr::Or(parts), _) => parts.iter().all(|part| implies(part, b)),
        (_, Expr::Or(parts)) if parts.iter().any(|part| implies(a, part)) => true,
        (Expr::And(parts), _) => parts.iter().any(|part| implies(part, b)),
        (Expr::Not(a), Expr::Not(b)) => implies(b, a),
        (Expr::Null(a), Expr::Null(b)) => a == b,
        (Expr::Atom(a), Expr::Atom(b)) => atom_implies(a, b),
        _ => false,
    }
}

fn atom_implies(a: &Atom, b: &Atom) -> bool {
    if (a.first, a.second) != (b.first, b.second) {
        return false;
    }
    if !a.measure.implies(b.measure) {
        return false;
    }
    match (a.threshold, b.threshold) {
        // A flag that implies a similarity implies a perfect one, and no distance at all.
        (Threshold::Flag, Threshold::AtLeast(b)) => b <= 1.0,
        (Threshold::Flag, Threshold::AtMost(_)) => true,
        (Threshold::Flag, Threshold::Flag) => true,
        (Threshold::AtLeast(a), Threshold::AtLeast(b)) => a >= b,
        (Threshold::AtMost(a), Threshold::AtMost(b)) => a <= b,
        _ => false,
    }
}

impl RuleSet {
    /// What the author of the rule set should look at, in the order of the file.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |place: String, reason: &str| warnings.push(Warning { place, reason: reason.to_owned() });
        let compared = |field: FieldId| self.comparisons.iter().any(|rule| rule.fields.contains(&field));
        let name = |field: FieldId| self.fields.get(field.index()).map_or("?", |field| field.name.as_str());
        for (position, field) in self.fields.iter().enumerate() {
            if !self.reads(position) {
                warn(format!("field `{}`", field.name), "is read by nothing");
            }
        }
        for (position, relation) in self.relations.iter().enumerate() {
            let mut levels = self.comparisons.iter().flat_map(|rule| &rule.levels);
            if !levels.any(|level| level.relations.get(position).copied().flatten().is_some()) {
                warn(format!("relation `{}`", relation.name), "has no probability in any level, so it changes nothing");
            }
        }
        let training: Vec<Vec<FieldId>> = self.training.blocks.iter().map(|key| fields_of(key)).collect();
        for rule in &self.comparisons {
            let is_learned = training.iter().any(|blocked| !rule.fields.iter().any(|field| blocked.contains(field)));
            if !training.is_empty() && !is_learned {
                let reason = "every training block reads one of its fields, so its m is learned in none of them";
                warn(format!("comparison `{}`", rule.name), reason);
            }
        }
        for block in &self.blocks {
            for field in fields_of(&block.parts).into_iter().filter(|field| !compared(*field)) {
                let reason = format!("its key reads `{}`, which no comparison reads", name(field));
                warn(format!("block `{}`", block.name), &reason);
            }
            let is_exact = |part: &&KeyPart| matches!(part.function, KeyFunction::Folded | KeyFunction::EitherOrder);
            if let Some(part) = block.parts.iter().find(|part| block.is_strong && !is_exact(part)) {
                let reason = format!("is strong, but texts that differ can agree on `{}`", part.display(&self.fields));
                warn(format!("block `{}`", block.name), &reason);
            }
        }
        if let Err(untrained) = Weights::of(self) {
            warn("weights".to_owned(), &untrained.to_string());
        }
        warnings
    }

    /// Whether a comparison, guard, block or training key reads a field.
    fn reads(&self, position: usize) -> bool {
        let mut reads = self.comparisons.iter().any(|rule| rule.fields.iter().any(|field| field.index() == position));
        for guard in &self.guards {
            guard.when.for_each_field(&mut |field| reads |= field.index() == position);
        }
        let training = &self.training;
        let keys = training.deterministic.iter().chain(&training.blocks).chain(&training.union);
        let keys = keys.chain(self.blocks.iter().map(|block| &block.parts));
        reads || keys.flat_map(|key| fields_of(key)).any(|field| field.index() == position)
    }
}

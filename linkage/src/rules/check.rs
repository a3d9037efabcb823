//! Finds levels that can never be the outcome.
//!
//! Levels are tried in order, so a level is dead when an earlier condition holds whenever its own does. The proof is
//! by implication between atoms ([`Measure::implies`] and thresholds of one measure); it is sound and not complete:
//! what it reports is dead for certain, what it passes may still be rare.

use super::{Atom, Expr, Level};
use crate::compare::Threshold;

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
        let earlier = levels.iter().take(position).filter_map(|level| Some((level, level.when.as_ref()?)));
        for (before, condition) in earlier {
            if implies(when, condition) {
                let reason = format!(
                    "level `{}` can never be reached: `{}` comes first and always holds",
                    level.name, before.name
                );
                return Some((position, reason));
            }
        }
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

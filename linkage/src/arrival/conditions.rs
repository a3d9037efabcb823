//! The conditions of a rule set, taken apart so that nothing is measured twice for one pair.
//!
//! Levels and guards ask the same things again and again (`folded(given)`, `kana_distance(given_kana) <= 0.6`). Every
//! distinct atom has a number here, and a pair remembers what it has found out. A run asks value numbers instead of
//! texts and caches levels across pairs; for a few pairs, none of which comes back, that would cost more than it saves.

use super::Normalized;
use crate::compare::{self, Measure, Readings, Side, Threshold};
use crate::rules::{Atom, Expr, FieldId, Level, RuleSet};
use crate::score::sketch;
use crate::value::Value;

/// Atoms that a pair remembers; the answers to further ones are found out each time.
const ATOMS_REMEMBERED: usize = 128;

/// The conditions of the levels and guards of one rule set.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    atoms: Vec<Atom>,
    /// Per comparison and level; `None` for the catch-all.
    levels: Vec<Vec<Option<Condition>>>,
    guards: Vec<Condition>,
}

/// An [`Expr`] whose atoms are numbered.
#[derive(Clone, Debug)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Null(FieldId),
    Atom(usize),
}

impl Conditions {
    pub(super) fn of(rules: &RuleSet) -> Self {
        let mut atoms = Vec::new();
        let mut levels = Vec::new();
        for comparison in &rules.comparisons {
            let of_level = |level: &Level| level.when.as_ref().map(|when| number(when, &mut atoms));
            levels.push(comparison.levels.iter().map(of_level).collect());
        }
        let guards = rules.guards.iter().map(|guard| number(&guard.when, &mut atoms)).collect();
        Self { atoms, levels, guards }
    }
}

fn number(condition: &Expr, atoms: &mut Vec<Atom>) -> Condition {
    match condition {
        Expr::And(parts) => Condition::And(parts.iter().map(|part| number(part, atoms)).collect()),
        Expr::Or(parts) => Condition::Or(parts.iter().map(|part| number(part, atoms)).collect()),
        Expr::Not(part) => Condition::Not(Box::new(number(part, atoms))),
        Expr::Null(field) => Condition::Null(*field),
        Expr::Atom(atom) => {
            let known = atoms.iter().position(|known| known == atom);
            Condition::Atom(known.unwrap_or_else(|| {
                atoms.push(atom.clone());
                atoms.len() - 1
            }))
        }
    }
}

/// Two records, and what is known of them so far.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    conditions: &'a Conditions,
    readings: &'a Readings,
    one: &'a Normalized,
    other: &'a Normalized,
    /// Atoms that have been asked, one bit each.
    asked: u128,
    /// Those of them that hold.
    held: u128,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        conditions: &'a Conditions,
        readings: &'a Readings,
        one: &'a Normalized,
        other: &'a Normalized,
    ) -> Self {
        Self { conditions, readings, one, other, asked: 0, held: 0 }
    }

    /// The level of a comparison: the first that holds.
    pub(super) fn level(&mut self, comparison: usize) -> u8 {
        let conditions = self.conditions;
        let levels = conditions.levels.get(comparison).map_or(&[][..], Vec::as_slice);
        let reached = levels.iter().position(|level| level.as_ref().is_none_or(|condition| self.holds(condition)));
        // A rule set ends in a catch-all, so a level is always found.
        u8::try_from(reached.unwrap_or(0)).unwrap_or(0)
    }

    /// Whether a guard holds.
    pub(super) fn guard(&mut self, guard: usize) -> bool {
        let conditions = self.conditions;
        conditions.guards.get(guard).is_some_and(|condition| self.holds(condition))
    }

    /// The two values of a field.
    fn values(&self, field: FieldId) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.one.value(field), self.other.value(field))
    }

    fn holds(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::And(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Not(part) => !self.holds(part),
            Condition::Null(field) => {
                let (one, other) = self.values(*field);
                one.is_none() || other.is_none()
            }
            Condition::Atom(number) => self.atom(*number),
        }
    }

    fn atom(&mut self, number: usize) -> bool {
        let Some(atom) = self.conditions.atoms.get(number) else { return false };
        if number >= ATOMS_REMEMBERED {
            return self.ask(atom);
        }
        let bit = 1_u128 << number;
        if self.asked & bit == 0 {
            self.asked |= bit;
            self.held |= if self.ask(atom) { bit } else { 0 };
        }
        self.held & bit != 0
    }

    fn ask(&self, atom: &Atom) -> bool {
        let (one, other) = self.values(atom.first);
        if let (Measure::Damerau | Measure::Levenshtein, Threshold::AtMost(most), Some(one), Some(other)) =
            (atom.measure, atom.threshold, one, other)
        {
            // Two numbers are nearly always far apart, which a word each can tell.
            if most < 2.0 && !sketch::may_be_one_edit(one, other) {
                return false;
            }
        }
        let (one_second, other_second) = atom.second.map_or((None, None), |second| self.values(second));
        let (one, other) = (Side::two(one, one_second), Side::two(other, other_second));
        // A measure that lacks a value says nothing, so its condition does not hold.
        compare::holds(atom.measure, one, other, self.readings, atom.threshold).unwrap_or(false)
    }
}

//! What sketches leave of a comparison: the levels that two records may still be at.
//!
//! The levels of a comparison are conditions on a few fields. For each field two sketches give a [`State`]; what a
//! condition can be in every combination of states is worked out once, in the three-valued logic of Kleene: it holds,
//! it does not, or only the values can tell. Comparing two sketched records is then looking up a set of levels, which
//! for most pairs of strangers is a single one.

use super::sketch::{Form, Nearness, Sketch, State};
use crate::compare::Measure;
use crate::rules::{Atom, Comparison, Expr, FieldId, RuleSet};

/// Fields of one comparison beyond which its sketches are not used: the table has four entries for each, to the power.
const FIELDS_MAX: usize = 5;

/// The outline of one comparison.
#[derive(Debug)]
pub(super) struct Outline {
    /// The places of its fields in a row of sketches, and what makes them near.
    fields: Vec<(usize, Nearness)>,
    /// By the states of the fields, two bits each, the first lowest: the levels that are possible, one bit each.
    possible: Vec<u16>,
}

impl Outline {
    /// Works out the outline of a comparison; `sketched` lists the fields of a row of sketches.
    pub(super) fn of(comparison: &Comparison, rules: &RuleSet, sketched: &[FieldId]) -> Self {
        let all = comparison.levels.iter().fold(0, |all, _| all << 1 | 1);
        if comparison.fields.len() > FIELDS_MAX {
            return Self { fields: Vec::new(), possible: vec![all] };
        }
        let mut atoms: Vec<&Atom> = Vec::new();
        comparison.levels.iter().filter_map(|level| level.when.as_ref()).for_each(|when| collect(when, &mut atoms));
        let field = |field: &FieldId| {
            let kind = rules.fields.get(field.index())?.kind;
            let own = atoms.iter().copied().filter(|atom| atom.first == *field && atom.second.is_none());
            let nearness = Nearness::of(Form::of(kind), own.filter(|atom| !is_marked(atom.measure, kind)));
            Some((sketched.iter().position(|known| known == field)?, nearness))
        };
        let fields: Vec<(usize, Nearness)> = comparison.fields.iter().filter_map(field).collect();
        let states = |index: usize| {
            move |field: FieldId| {
                let place = comparison.fields.iter().position(|known| *known == field);
                let state = place.and_then(|place| State::ALL.get(index >> (2 * place) & 3));
                state.copied().unwrap_or(State::Alike)
            }
        };
        let possible = (0..1 << (2 * fields.len())).map(|index| possible(comparison, &states(index))).collect();
        Self { fields, possible }
    }

    /// The number of a combination of states.
    #[inline]
    pub(super) fn index(&self, left: &[Sketch], right: &[Sketch]) -> usize {
        let mut index = 0;
        for (bit, (place, nearness)) in self.fields.iter().enumerate() {
            let state = match (left.get(*place), right.get(*place)) {
                (Some(left), Some(right)) => nearness.state(*left, *right),
                _ => State::Alike,
            };
            index |= (state as usize) << (2 * bit);
        }
        index
    }

    /// Adds up the numbers of one record with several others, all given by their places among the columns of a block.
    pub(super) fn indexes<'c>(
        &self,
        left: usize,
        rights: &[u32],
        column: impl Fn(usize) -> &'c [Sketch],
        indexes: &mut Vec<u16>,
    ) {
        indexes.clear();
        indexes.resize(rights.len(), 0);
        for (bit, (field, nearness)) in (0..).step_by(2).zip(&self.fields) {
            let column = column(*field);
            let of = |place: usize| column.get(place).copied().unwrap_or(Sketch::MISSING);
            nearness.add_states(of(left), rights.iter().map(|right| of(*right as usize)), indexes, bit);
        }
    }

    /// The levels that are possible in a combination of states, one bit each.
    #[inline]
    pub(super) fn possible(&self, index: usize) -> u16 {
        self.possible.get(index).copied().unwrap_or(u16::MAX)
    }

    /// All combinations of states.
    pub(super) fn combinations(&self) -> impl Iterator<Item = u16> {
        self.possible.iter().copied()
    }
}

fn collect<'e>(condition: &'e Expr, atoms: &mut Vec<&'e Atom>) {
    match condition {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, atoms)),
        Expr::Not(part) => collect(part, atoms),
        Expr::Null(_) => {}
        Expr::Atom(atom) => atoms.push(atom),
    }
}

/// Whether a measure looks at marks of one value, which no sketch of that kind of field has.
fn is_marked(measure: Measure, kind: crate::normalize::Kind) -> bool {
    measure == Measure::Placeholder || measure == Measure::DefaultDate && Form::of(kind) != Form::Date
}

/// The levels that may be the first to hold.
fn possible(comparison: &Comparison, states: &dyn Fn(FieldId) -> State) -> u16 {
    let mut levels = 0;
    for (position, level) in comparison.levels.iter().enumerate() {
        let holds = level.when.as_ref().map_or(Some(true), |when| holds(when, states));
        if holds != Some(false) {
            levels |= 1 << position;
        }
        if holds == Some(true) {
            break;
        }
    }
    levels
}

/// Whether a condition holds; `None` when the states leave it open (Kleene 1938).
fn holds(condition: &Expr, states: &dyn Fn(FieldId) -> State) -> Option<bool> {
    match condition {
        Expr::And(parts) => fold(parts, states, false),
        Expr::Or(parts) => fold(parts, states, true),
        Expr::Not(part) => holds(part, states).map(|holds| !holds),
        Expr::Null(field) => Some(states(*field) == State::Missing),
        Expr::Atom(atom) => atom_holds(atom, states(atom.first)),
    }
}

fn atom_holds(atom: &Atom, state: State) -> Option<bool> {
    if atom.second.is_some() || atom.measure == Measure::Placeholder {
        return None;
    }
    match state {
        // A mark on one value is enough, even beside a missing one.
        State::Missing => (atom.measure != Measure::DefaultDate).then_some(false),
        State::Far => Some(false),
        State::Near if matches!(atom.measure, Measure::Exact | Measure::Folded) => Some(false),
        State::Near | State::Alike => None,
    }
}

/// `and` (decided by `false`) or `or` (decided by `true`) over three values.
fn fold(parts: &[Expr], states: &dyn Fn(FieldId) -> State, deciding: bool) -> Option<bool> {
    let mut result = Some(!deciding);
    for part in parts {
        match holds(part, states) {
            Some(part) if part == deciding => return Some(deciding),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

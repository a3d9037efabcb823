//! Finds the level of every comparison for a pair of records.

use super::outline::Outline;
use crate::compare::{self, Measure, Readings, Side};
use crate::model::{AgreementPattern, Profiles, Row};
use crate::rules::{Atom, Comparison, Expr, FieldId, RuleSet};
use crate::table::{Column, NULL, RecordIndex, Table};
use crate::value::{Quality, Value};

/// Everything that comparing needs, shared by all threads.
#[derive(Debug)]
pub struct Comparer<'a> {
    /// The rule set.
    pub rules: &'a RuleSet,
    /// The records.
    pub table: &'a Table,
    /// Combination numbers of the records.
    pub profiles: &'a Profiles,
    readings: &'a Readings,
    /// Per comparison and combination: the level of two records that both have it.
    self_levels: Vec<Vec<u8>>,
    /// Per comparison: what sketches say of two records.
    outlines: Vec<Outline>,
}

/// What sketches say of the level of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// It is this one.
    One(u8),
    /// It may be several, listed under this number.
    Several(usize),
}

/// The levels of value pairs seen lately, one per thread.
///
/// A direct-mapped cache: a new pair takes the place of the old one in its slot. It can only save time; what it
/// returns is what would be computed.
#[derive(Debug)]
pub struct LevelCache {
    /// Per comparison: (pair of combination numbers, level).
    slots: Vec<Vec<(u64, u8)>>,
}

/// log₂ of the slots per comparison: 4,096 slots of 16 bytes per comparison stay in the second-level cache.
const CACHE_BITS: u32 = 12;

impl LevelCache {
    /// An empty cache for a number of comparisons.
    #[must_use]
    pub fn new(comparisons: usize) -> Self {
        Self { slots: (0..comparisons).map(|_| vec![(0, 0); 1 << CACHE_BITS]).collect() }
    }
}

impl<'a> Comparer<'a> {
    /// Prepares comparing: finds the level of every combination with itself.
    #[must_use]
    pub fn new(rules: &'a RuleSet, table: &'a Table, profiles: &'a Profiles, readings: &'a Readings) -> Self {
        let outline = |comparison| Outline::of(comparison, rules, &profiles.sketched);
        let outlines = rules.comparisons.iter().map(outline).collect();
        let mut comparer = Self { rules, table, profiles, readings, self_levels: Vec::new(), outlines };
        let levels = (0..rules.comparisons.len()).map(|comparison| comparer.self_levels_of(comparison)).collect();
        comparer.self_levels = levels;
        comparer
    }

    fn self_levels_of(&self, comparison: usize) -> Vec<u8> {
        let count = self.profiles.columns.get(comparison).map_or(0, |column| column.counts.len());
        (0..u32::try_from(count).unwrap_or(u32::MAX)).map(|number| self.compute(comparison, number, number)).collect()
    }

    /// The level of a combination with itself.
    #[must_use]
    pub fn self_level(&self, comparison: usize, number: u32) -> u8 {
        self.self_levels.get(comparison).and_then(|levels| levels.get(number as usize)).copied().unwrap_or(0)
    }

    /// What can be said of the level of two records without looking at values.
    #[inline]
    pub(super) fn levels(&self, comparison: usize, left: Row<'_>, right: Row<'_>) -> Levels {
        let numbers = (left.number(comparison), right.number(comparison));
        if let (Some(left), Some(right)) = numbers
            && left == right
        {
            return Levels::One(self.self_level(comparison, left));
        }
        let Some(outline) = self.outlines.get(comparison) else { return Levels::One(0) };
        let states = outline.index(left.sketches, right.sketches);
        let possible = outline.possible(states);
        #[expect(clippy::cast_possible_truncation, reason = "a level is a place among 16 bits")]
        let first = possible.trailing_zeros() as u8;
        if possible.is_power_of_two() { Levels::One(first) } else { Levels::Several(states) }
    }

    /// What sketches say in one comparison.
    pub(super) fn outline(&self, comparison: usize) -> Option<&Outline> {
        self.outlines.get(comparison)
    }

    /// By number of [`Levels::Several`]: the levels that are possible, one bit each.
    pub(super) fn possible_levels(&self, comparison: usize) -> impl Iterator<Item = u16> {
        self.outlines.get(comparison).into_iter().flat_map(Outline::combinations)
    }

    /// The level of two records in one comparison.
    pub fn level(&self, comparison: usize, left: Row<'_>, right: Row<'_>, cache: &mut LevelCache) -> u8 {
        match self.levels(comparison, left, right) {
            Levels::One(level) => level,
            Levels::Several(_) => self.find(comparison, left, right, cache),
        }
    }

    /// The same for two records of different combinations, from their values.
    pub(super) fn find(&self, comparison: usize, left: Row<'_>, right: Row<'_>, cache: &mut LevelCache) -> u8 {
        let (left, right) = (left.number(comparison).unwrap_or(NULL), right.number(comparison).unwrap_or(NULL));
        let (low, high) = if left < right { (left, right) } else { (right, left) };
        let key = (u64::from(low) << 32) | u64::from(high);
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio; the top bits pick the slot.
        let slot = usize::try_from(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - CACHE_BITS)).unwrap_or(0);
        let Some(slot) = cache.slots.get_mut(comparison).and_then(|slots| slots.get_mut(slot)) else {
            return self.compute(comparison, low, high);
        };
        // The key is never 0: two different numbers cannot both be 0.
        if slot.0 != key {
            *slot = (key, self.compute(comparison, low, high));
        }
        slot.1
    }

    fn compute(&self, comparison: usize, left: u32, right: u32) -> u8 {
        let (Some(rule), Some(column)) =
            (self.rules.comparisons.get(comparison), self.profiles.columns.get(comparison))
        else {
            return 0;
        };
        let operands = Combinations {
            table: self.table,
            fields: &column.fields,
            left: column.combination(left),
            right: column.combination(right),
        };
        level_of(rule, &operands, self.readings)
    }

    /// The agreement pattern of two profile rows.
    pub fn pattern(&self, left: Row<'_>, right: Row<'_>, cache: &mut LevelCache) -> AgreementPattern {
        (0..self.rules.comparisons.len()).fold(AgreementPattern::default(), |pattern, comparison| {
            pattern.with(comparison, self.level(comparison, left, right, cache))
        })
    }

    /// The agreement pattern of two records.
    pub fn pattern_of(&self, left: RecordIndex, right: RecordIndex, cache: &mut LevelCache) -> AgreementPattern {
        self.pattern(self.profiles.row(left), self.profiles.row(right), cache)
    }

    /// Whether a condition holds for two records, as guards ask.
    #[must_use]
    pub fn holds(&self, condition: &Expr, left: RecordIndex, right: RecordIndex) -> bool {
        holds(condition, &Records { table: self.table, profiles: self.profiles, left, right }, self.readings)
    }
}

/// Where a condition finds the two values of a field.
trait Operands {
    /// A value is missing on at least one side, decided by number.
    fn is_null(&self, field: FieldId) -> bool;
    /// A value on either side is a placeholder.
    fn is_placeholder(&self, field: FieldId) -> bool {
        let (left, right) = self.values(field);
        [left, right].into_iter().flatten().any(|value| value.quality().has(Quality::PLACEHOLDER))
    }
    fn values(&self, field: FieldId) -> (Option<&Value>, Option<&Value>);
    /// Both values present and exactly equal, decided by number.
    fn is_exact(&self, field: FieldId) -> bool;
    /// Both values present and folded equal, decided by number.
    fn is_folded(&self, field: FieldId) -> bool;
}

/// Value number on each side, [`NULL`] for missing.
type Numbers = (u32, u32);

fn present((left, right): Numbers) -> Option<(usize, usize)> {
    Some(((left as usize).checked_sub(1)?, (right as usize).checked_sub(1)?))
}

fn folded_equal(column: &Column, numbers: Numbers) -> bool {
    let keys = present(numbers).and_then(|(left, right)| Some((column.folded.get(left)?, column.folded.get(right)?)));
    keys.is_some_and(|(left, right)| left == right)
}

struct Combinations<'a> {
    table: &'a Table,
    fields: &'a [FieldId],
    left: &'a [u32],
    right: &'a [u32],
}

impl Combinations<'_> {
    fn numbers(&self, field: FieldId) -> Numbers {
        let position = self.fields.iter().position(|known| *known == field);
        let of = |side: &[u32]| position.and_then(|position| side.get(position)).copied().unwrap_or(NULL);
        (of(self.left), of(self.right))
    }
}

impl Operands for Combinations<'_> {
    fn values(&self, field: FieldId) -> (Option<&Value>, Option<&Value>) {
        let Some(column) = self.table.column(field) else { return (None, None) };
        let value = |number: u32| (number as usize).checked_sub(1).and_then(|number| column.values.get(number));
        let (left, right) = self.numbers(field);
        (value(left), value(right))
    }

    fn is_null(&self, field: FieldId) -> bool {
        present(self.numbers(field)).is_none()
    }

    fn is_exact(&self, field: FieldId) -> bool {
        let (left, right) = self.numbers(field);
        left == right && left != NULL
    }

    fn is_folded(&self, field: FieldId) -> bool {
        self.table.column(field).is_some_and(|column| folded_equal(column, self.numbers(field)))
    }
}

struct Records<'a> {
    table: &'a Table,
    profiles: &'a Profiles,
    left: RecordIndex,
    right: RecordIndex,
}

impl Operands for Records<'_> {
    fn is_placeholder(&self, field: FieldId) -> bool {
        self.profiles.has_placeholder(self.left, field) || self.profiles.has_placeholder(self.right, field)
    }

    fn values(&self, field: FieldId) -> (Option<&Value>, Option<&Value>) {
        (self.table.value(self.left, field), self.table.value(self.right, field))
    }

    fn is_null(&self, field: FieldId) -> bool {
        present(self.numbers(field)).is_none()
    }

    fn is_exact(&self, field: FieldId) -> bool {
        let (left, right) = self.numbers(field);
        left == right && left != NULL
    }

    fn is_folded(&self, field: FieldId) -> bool {
        self.table.column(field).is_some_and(|column| folded_equal(column, self.numbers(field)))
    }
}

impl Records<'_> {
    fn numbers(&self, field: FieldId) -> Numbers {
        let of = |record: RecordIndex| self.table.column(field).and_then(|column| column.rows.get(record as usize));
        (of(self.left).copied().unwrap_or(NULL), of(self.right).copied().unwrap_or(NULL))
    }
}

/// The first level that holds.
fn level_of(comparison: &Comparison, operands: &impl Operands, readings: &Readings) -> u8 {
    let reached = comparison.levels.iter().position(|level| match &level.when {
        None => true,
        Some(condition) => holds(condition, operands, readings),
    });
    // A rule set ends in a catch-all, so a level is always found.
    u8::try_from(reached.unwrap_or(0)).unwrap_or(0)
}

/// Whether a condition holds.
fn holds(condition: &Expr, operands: &impl Operands, readings: &Readings) -> bool {
    match condition {
        Expr::And(parts) => parts.iter().all(|part| holds(part, operands, readings)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, operands, readings)),
        Expr::Not(part) => !holds(part, operands, readings),
        Expr::Null(field) => operands.is_null(*field),
        Expr::Atom(atom) => atom_holds(atom, operands, readings),
    }
}

fn atom_holds(atom: &Atom, operands: &impl Operands, readings: &Readings) -> bool {
    match atom.measure {
        Measure::Exact => return operands.is_exact(atom.first),
        Measure::Folded => return operands.is_folded(atom.first),
        Measure::Placeholder => return operands.is_placeholder(atom.first),
        _ => {}
    }
    let (left, right) = operands.values(atom.first);
    let (left_second, right_second) = atom.second.map_or((None, None), |second| operands.values(second));
    let (left, right) = (Side::two(left, left_second), Side::two(right, right_second));
    // A measure that lacks a value says nothing, so its condition does not hold.
    compare::holds(atom.measure, left, right, readings, atom.threshold).unwrap_or(false)
}

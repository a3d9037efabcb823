//! Finds the level of every comparison for a pair of records.

use crate::compact::Compact;
use crate::compare::{self, Measure, Readings, Side, Threshold};
use crate::model::{AgreementPattern, Profiles};
use crate::rules::{Atom, Comparison, Expr, FieldId, RuleSet};
use crate::table::{Column, NULL, RecordIndex, Table};
use crate::value::Value;

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
    /// Per comparison: whether computing a level costs no more than looking it up.
    cheap: Vec<bool>,
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
        let cheap = rules.comparisons.iter().map(is_cheap).collect();
        let mut comparer = Self { rules, table, profiles, readings, self_levels: Vec::new(), cheap };
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

    /// The level of two combinations of one comparison.
    pub fn level(&self, comparison: usize, left: u32, right: u32, cache: &mut LevelCache) -> u8 {
        if left == right {
            return self.self_level(comparison, left);
        }
        let (low, high) = if left < right { (left, right) } else { (right, left) };
        let key = (u64::from(low) << 32) | u64::from(high);
        if self.cheap.get(comparison) == Some(&true) {
            return self.compute(comparison, low, high);
        }
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
    pub fn pattern(&self, left: &[u32], right: &[u32], cache: &mut LevelCache) -> AgreementPattern {
        let pairs = left.iter().zip(right).enumerate();
        pairs.fold(AgreementPattern::default(), |pattern, (comparison, (left, right))| {
            pattern.with(comparison, self.level(comparison, *left, *right, cache))
        })
    }

    /// The agreement pattern of two records.
    pub fn pattern_of(&self, left: RecordIndex, right: RecordIndex, cache: &mut LevelCache) -> AgreementPattern {
        self.pattern(self.profiles.row(left), self.profiles.row(right), cache)
    }

    /// Whether a condition holds for two records, as guards ask.
    #[must_use]
    pub fn holds(&self, condition: &Expr, left: RecordIndex, right: RecordIndex) -> bool {
        holds(condition, &Records { table: self.table, left, right }, self.readings)
    }
}

/// Where a condition finds the two values of a field.
trait Operands {
    fn values(&self, field: FieldId) -> (Option<&Value>, Option<&Value>);
    /// Both values present and exactly equal, decided by number.
    fn is_exact(&self, field: FieldId) -> bool;
    /// Both values present and folded equal, decided by number.
    fn is_folded(&self, field: FieldId) -> bool;
    /// The two values as words, where the column has them.
    fn words(&self, field: FieldId) -> Option<(Compact, Compact)>;
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

fn words(column: &Column, numbers: Numbers) -> Option<(Compact, Compact)> {
    let (left, right) = present(numbers)?;
    Some((*column.compact.get(left)?, *column.compact.get(right)?))
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

    fn is_exact(&self, field: FieldId) -> bool {
        let (left, right) = self.numbers(field);
        left == right && left != NULL
    }

    fn is_folded(&self, field: FieldId) -> bool {
        self.table.column(field).is_some_and(|column| folded_equal(column, self.numbers(field)))
    }

    fn words(&self, field: FieldId) -> Option<(Compact, Compact)> {
        self.table.column(field).and_then(|column| words(column, self.numbers(field)))
    }
}

struct Records<'a> {
    table: &'a Table,
    left: RecordIndex,
    right: RecordIndex,
}

impl Operands for Records<'_> {
    fn values(&self, field: FieldId) -> (Option<&Value>, Option<&Value>) {
        (self.table.value(self.left, field), self.table.value(self.right, field))
    }

    fn is_exact(&self, field: FieldId) -> bool {
        let (left, right) = self.numbers(field);
        left == right && left != NULL
    }

    fn is_folded(&self, field: FieldId) -> bool {
        self.table.column(field).is_some_and(|column| folded_equal(column, self.numbers(field)))
    }

    fn words(&self, field: FieldId) -> Option<(Compact, Compact)> {
        self.table.column(field).and_then(|column| words(column, self.numbers(field)))
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
        Expr::Null(field) => {
            let (left, right) = operands.values(*field);
            left.is_none() || right.is_none()
        }
        Expr::Atom(atom) => atom_holds(atom, operands, readings),
    }
}

fn atom_holds(atom: &Atom, operands: &impl Operands, readings: &Readings) -> bool {
    match atom.measure {
        Measure::Exact => return operands.is_exact(atom.first),
        Measure::Folded => return operands.is_folded(atom.first),
        Measure::Damerau | Measure::Levenshtein | Measure::DateDigits | Measure::Prefix => {
            if let Some(decided) = operands.words(atom.first).and_then(|words| decide_by_words(atom, words)) {
                return decided;
            }
        }
        _ => {}
    }
    let (left, right) = operands.values(atom.first);
    let (left_second, right_second) = atom.second.map_or((None, None), |second| operands.values(second));
    let (left, right) = (Side::two(left, left_second), Side::two(right, right_second));
    // A measure that lacks a value says nothing, so its condition does not hold.
    compare::holds(atom.measure, left, right, readings, atom.threshold).unwrap_or(false)
}

/// Decides a condition from the words alone, where they suffice.
fn decide_by_words(atom: &Atom, (left, right): (Compact, Compact)) -> Option<bool> {
    match (atom.measure, atom.threshold) {
        (Measure::Prefix, Threshold::AtLeast(least)) => left.common_prefix(right).map(|share| share >= least),
        (Measure::DateDigits, _) => (is_one_edit(atom) && !left.may_be_one_digit(right)).then_some(false),
        _ => (is_one_edit(atom) && !left.may_be_one_edit(right)).then_some(false),
    }
}

/// Whether an edit distance allows one edit at most.
fn is_one_edit(atom: &Atom) -> bool {
    matches!(atom.threshold, Threshold::AtMost(most) if most < 2.0)
}

/// Whether no level of a comparison asks for more than numbers and short words.
fn is_cheap(comparison: &Comparison) -> bool {
    fn condition_is_cheap(condition: &Expr) -> bool {
        match condition {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().all(condition_is_cheap),
            Expr::Not(part) => condition_is_cheap(part),
            Expr::Null(_) => true,
            Expr::Atom(atom) => match atom.measure {
                Measure::Damerau | Measure::Levenshtein => is_one_edit(atom),
                Measure::Exact | Measure::Folded | Measure::EraSlip | Measure::DayMonthSwapped => true,
                Measure::SameYear | Measure::SameYearMonth | Measure::SameMonthDay | Measure::SameYearDay => true,
                Measure::DateDigits | Measure::DefaultDate | Measure::Prefix => true,
                _ => false,
            },
        }
    }
    comparison.levels.iter().filter_map(|level| level.when.as_ref()).all(condition_is_cheap)
}

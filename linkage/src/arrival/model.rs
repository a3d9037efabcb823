//! All that decides about a pair of records, under one version.

use super::conditions::{Conditions, Pair};
use super::{FrozenFrequencies, Normalized, OTHERS_MAX, RecordKey, block_keys};
use crate::block::BlockIndex;
use crate::cluster::Apart;
use crate::compare::Readings;
use crate::exec::Serial;
use crate::explain::{Explainer, Explanation, FieldValues};
use crate::model::{AgreementPattern, Decision, Frequencies, MatchWeight, Profiles, UntrainedError, Weights};
use crate::normalize::Tables;
use crate::rules::RuleSet;
use crate::run;
use crate::score::{Comparer, Scorer};
use crate::table::Table;
use crate::value::Value;

/// Hexadecimal digits of a version: 64 bits are plenty to tell models apart.
const VERSION_CHARS: usize = 16;

/// A trained rule set with everything beside the two records that a decision depends on.
#[derive(Clone, Debug)]
pub struct FrozenModel {
    rules: RuleSet,
    weights: Weights,
    frequencies: FrozenFrequencies,
    tables: Tables,
    readings: Readings,
    version: String,
    /// The conditions of the rule set.
    conditions: Conditions,
    /// What scoring has to know of the frequencies beside those of single values.
    no_values: Frequencies,
}

/// What becomes of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Match weight after guards, in single precision as a run reports it: a capped pair stands just under the threshold
    /// of its cap.
    pub weight: MatchWeight,
    /// Match weight before guards.
    pub raw_weight: MatchWeight,
    /// The level of every comparison.
    pub pattern: AgreementPattern,
    /// The guard that capped the pair, as a position in [`RuleSet::guards`].
    pub guard: Option<usize>,
    /// The decision after guards.
    pub decision: Decision,
    /// What the guards say of the two records when others bring them together.
    pub apart: Apart,
}

/// More records to compare with than one call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{others} records to compare with are more than {OTHERS_MAX}")]
pub struct TooManyOthersError {
    /// How many were given.
    pub others: usize,
}

impl FrozenModel {
    /// Puts a model together.
    ///
    /// # Errors
    /// [`UntrainedError`] when the rule set lacks a probability.
    pub fn new(
        rules: RuleSet,
        frequencies: FrozenFrequencies,
        tables: Tables,
        readings: Readings,
    ) -> Result<Self, UntrainedError> {
        let weights = Weights::of(&rules)?;
        let version = version(&rules, &frequencies, &tables, &readings);
        let (conditions, no_values) = (Conditions::of(&rules), frequencies.of_no_values());
        Ok(Self { rules, weights, frequencies, tables, readings, version, conditions, no_values })
    }

    /// The rule version: a digest of rules, trained weights, frequencies, normalisation tables and readings together,
    /// in 16 hexadecimal digits. Models of one version give the same verdicts.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rule set.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The normalisation tables.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The readings of kanji.
    #[must_use]
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// The frequencies.
    #[must_use]
    pub fn frequencies(&self) -> &FrozenFrequencies {
        &self.frequencies
    }

    /// Normalises a record; `text` gives the raw text of a column, empty when the record has none.
    #[must_use]
    pub fn normalize<'t>(&self, text: &dyn Fn(&str) -> &'t str) -> Normalized {
        Normalized::of(&self.rules, &self.tables, text)
    }

    /// Every blocking key of a record.
    #[must_use]
    pub fn block_keys(&self, record: &Normalized) -> Vec<RecordKey> {
        block_keys(&self.rules, record)
    }

    /// Compares one record with some others: one verdict each, in their order, as a run over a table of all of them
    /// with these frequencies would give.
    ///
    /// # Errors
    /// [`TooManyOthersError`] when there are more than [`OTHERS_MAX`] others.
    pub fn compare(&self, one: &Normalized, others: &[&Normalized]) -> Result<Vec<Verdict>, TooManyOthersError> {
        if others.len() > OTHERS_MAX {
            return Err(TooManyOthersError { others: others.len() });
        }
        // Scoring wants a table; its records are not asked for.
        let table = Table::of_values(self.rules.fields.len(), &[]);
        let profiles = Profiles::empty();
        let comparer = Comparer::new(&self.rules, &table, &profiles, &self.readings);
        let scorer = Scorer::new(&comparer, &self.weights, &self.no_values);
        let mut known = vec![None; self.rules.fields.len()];
        Ok(others.iter().map(|other| self.verdict(&scorer, (one, other), &mut known)).collect())
    }

    /// The verdict on one pair; `known` holds the frequencies of the values of `one` that have been looked up.
    fn verdict(
        &self,
        scorer: &Scorer<'_>,
        (one, other): (&Normalized, &Normalized),
        known: &mut [Option<f32>],
    ) -> Verdict {
        let mut pair = Pair::new(&self.conditions, &self.readings, one, other);
        let commoner = |comparison, field| self.log2_commoner((comparison, field), (one, other), known);
        let scored = scorer.score_levels(|comparison| pair.level(comparison), commoner);
        let threshold = self.rules.upper;
        let (weight, guard) = run::cap(&self.rules, threshold, scored.weight.0, |guard, _| pair.guard(guard));
        #[expect(clippy::cast_possible_truncation, reason = "as a run reports weights")]
        let weight = f64::from(weight as f32);
        Verdict {
            weight: MatchWeight(weight),
            raw_weight: scored.weight,
            pattern: scored.pattern,
            guard: usize::from(guard).checked_sub(1),
            decision: Decision::of(weight, self.rules.lower, threshold),
            apart: run::apart(&self.rules, |guard, _| pair.guard(guard)),
        }
    }

    /// log₂ of the frequency of the commoner of the values of one field of a comparison.
    fn log2_commoner(
        &self,
        (comparison, field): (usize, usize),
        (one, other): (&Normalized, &Normalized),
        known: &mut [Option<f32>],
    ) -> f32 {
        let comparison = self.rules.comparisons.get(comparison);
        let Some(field) = comparison.and_then(|rule| rule.fields.get(field)).copied() else { return f32::NEG_INFINITY };
        let log2 = |value: Option<&Value>| value.map_or(f32::NEG_INFINITY, |value| self.frequencies.log2(field, value));
        let (one, other) = (one.value(field), other.value(field));
        let of_one = match known.get_mut(field.index()) {
            Some(known) => *known.get_or_insert_with(|| log2(one)),
            None => log2(one),
        };
        let is_same = one.zip(other).is_some_and(|(one, other)| one.folded() == other.folded());
        if is_same { of_one } else { of_one.max(log2(other)) }
    }

    /// Says why two records are linked, or why not: `one` is the left record (number 0), `other` the right (number 1).
    ///
    /// The raw texts of the records are not known here; in their place stand the canonical forms of the values.
    #[must_use]
    pub fn explain(&self, one: &Normalized, other: &Normalized) -> Explanation {
        let table = Table::of_values(self.rules.fields.len(), &[one.values(), other.values()]);
        let frequencies = self.frequencies.of_table(&table);
        let profiles = Profiles::build(&self.rules, &table, &frequencies, &Serial);
        let comparer = Comparer::new(&self.rules, &table, &profiles, &self.readings);
        let blocks = BlockIndex::build(&self.rules.blocks, &table, false, &Serial);
        let explainer = Explainer {
            comparer: &comparer,
            weights: &self.weights,
            frequencies: &frequencies,
            blocks: &blocks,
            upper: self.rules.upper,
            lower: self.rules.lower,
        };
        let mut explanation = explainer.explain(0, 1);
        let in_bars = explanation.comparisons.iter_mut().flat_map(|bar| &mut bar.fields);
        let parts = explanation.reach.rules.iter_mut().flat_map(|rule| &mut rule.parts);
        for values in in_bars.chain(parts.flat_map(|part| &mut part.fields)) {
            self.show(values, one, other);
        }
        explanation
    }

    /// Puts the canonical forms where a table would show raw texts.
    fn show(&self, values: &mut FieldValues, one: &Normalized, other: &Normalized) {
        let Some(field) = self.rules.field(&values.field) else { return };
        let exact = |record: &Normalized| record.value(field).map_or_else(String::new, |value| value.exact.to_string());
        (values.left_raw, values.right_raw) = (exact(one), exact(other));
    }
}

fn version(rules: &RuleSet, frequencies: &FrozenFrequencies, tables: &Tables, readings: &Readings) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(rules.to_toml().as_bytes());
    // A rule file rounds its probabilities; a model decides by all their digits.
    let levels = rules.comparisons.iter().flat_map(|comparison| &comparison.levels);
    let of_levels = levels.flat_map(|level| [level.m, level.u].into_iter().chain(level.relations.iter().copied()));
    let rates = rules.relations.iter().map(|relation| relation.rate);
    for probability in std::iter::once(rules.prior).chain(rates).chain(of_levels) {
        add(&probability.map_or([0; 8], f64::to_le_bytes));
    }
    add(&frequencies.to_bytes());
    add(tables.version().as_bytes());
    add(readings.version().as_bytes());
    hasher.finalize().to_hex().chars().take(VERSION_CHARS).collect()
}

//! The bars of a waterfall.
//!
//! A comparison's bar is what it says against strangers: log₂(m/u), moved by how rare the value is. A relation's bar
//! is what the weight loses when that relation joins the strangers as an explanation of the same agreement: a family
//! shares its surname and telephone, so these are weak evidence once a household is thought of. Relations join in the
//! order of the rule set, and each bar is the difference that its own joining makes, so all bars add up.

use super::Explainer;
use crate::model::{RelationWeights, Weights, log2_add};
use crate::rules::{Comparison, FieldId};
use crate::score::LevelCache;
use crate::table::{NULL, RecordIndex};

/// What one comparison adds to the weight.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonBar {
    /// The comparison.
    pub name: String,
    /// Its level for this pair, as a position.
    pub level: usize,
    /// The name of the level.
    pub level_name: String,
    /// A side is missing: the bar is exactly 0.
    pub is_null: bool,
    /// log₂(m/u) of the level, in bits.
    pub level_weight: f64,
    /// How much rarer (above 0) or commoner the agreeing value is than the average, in bits; 0 when not adjusted.
    pub frequency_weight: f64,
    /// The fields that the comparison reads.
    pub fields: Vec<FieldValues>,
    /// Per relation: log₂(m/r), with the frequency adjustment where the relation has it.
    pub(super) relation_weights: Vec<f64>,
}

/// The two values of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValues {
    /// The field's name.
    pub field: String,
    /// The raw text of the left record, several columns joined with a space; empty when raw texts were not kept.
    pub left_raw: String,
    /// The raw text of the right record.
    pub right_raw: String,
    /// The comparison key of the left record's value; `None` for a missing value.
    pub left: Option<String>,
    /// The comparison key of the right record's value.
    pub right: Option<String>,
}

/// What one relation takes from the weight, or adds to it.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationBar {
    /// The relation.
    pub name: String,
    /// In bits: below 0 when the pair looks like this relation, slightly above 0 when it does not.
    pub weight: f64,
}

impl ComparisonBar {
    /// The whole bar in bits.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.level_weight + self.frequency_weight
    }
}

/// One bar per comparison.
pub(super) fn comparisons(explainer: &Explainer<'_>, left: RecordIndex, right: RecordIndex) -> Vec<ComparisonBar> {
    let comparer = explainer.comparer;
    let mut cache = LevelCache::new(comparer.rules.comparisons.len());
    let pattern = comparer.pattern_of(left, right, &mut cache);
    let bars = comparer.rules.comparisons.iter().enumerate().map(|(position, comparison)| {
        let level = pattern.level(position);
        let rule = comparison.levels.get(level);
        let adjustment = adjustment(explainer, comparison, level, (left, right));
        ComparisonBar {
            name: comparison.name.clone(),
            level,
            level_name: rule.map_or_else(String::new, |rule| rule.name.clone()),
            is_null: rule.is_some_and(|rule| rule.is_null),
            level_weight: level_weight(explainer.weights, position, level),
            frequency_weight: adjustment,
            fields: comparison.fields.iter().filter_map(|field| values(explainer, *field, left, right)).collect(),
            relation_weights: relation_weights(explainer.weights, position, level, adjustment),
        }
    });
    bars.collect()
}

/// log₂(m/u) of one level.
pub(super) fn level_weight(weights: &Weights, comparison: usize, level: usize) -> f64 {
    entry(&weights.m, comparison, level) - entry(&weights.u, comparison, level)
}

/// Per relation: log₂(m/r) of one level, adjusted where the relation does not share the comparison.
pub(super) fn relation_weights(weights: &Weights, comparison: usize, level: usize, adjustment: f64) -> Vec<f64> {
    let m = entry(&weights.m, comparison, level);
    let of = |relation: &RelationWeights| {
        let shares = relation.shares.get(comparison).copied().unwrap_or(false);
        m - entry(&relation.r, comparison, level) + if shares { 0.0 } else { adjustment }
    };
    weights.relations.iter().map(of).collect()
}

fn entry(table: &[Vec<f64>], comparison: usize, level: usize) -> f64 {
    table.get(comparison).and_then(|levels| levels.get(level)).copied().unwrap_or(0.0)
}

/// By how much the frequency of the commoner value moves the weight (see [`crate::model::Frequencies`]).
fn adjustment(
    explainer: &Explainer<'_>,
    comparison: &Comparison,
    level: usize,
    (left, right): (RecordIndex, RecordIndex),
) -> f64 {
    let Some((field, share)) = comparison.levels.get(level).and_then(|level| level.frequency) else { return 0.0 };
    let column = explainer.comparer.table.column(field);
    let frequency = |record: RecordIndex| {
        let number = column.and_then(|column| column.rows.get(record as usize)).copied().unwrap_or(NULL);
        explainer.frequencies.log2(field, number)
    };
    let commoner = frequency(left).max(frequency(right));
    if commoner.is_finite() { share * (explainer.frequencies.log2_agreement(field) - f64::from(commoner)) } else { 0.0 }
}

/// The two values of a field.
pub(super) fn values(
    explainer: &Explainer<'_>,
    field: FieldId,
    left: RecordIndex,
    right: RecordIndex,
) -> Option<FieldValues> {
    let table = explainer.comparer.table;
    let rule = explainer.comparer.rules.fields.get(field.index())?;
    let raw = |record| {
        let texts = table.raw(record, rule);
        texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let key = |record| table.value(record, field).map(|value| value.folded().to_owned());
    Some(FieldValues {
        field: rule.name.clone(),
        left_raw: raw(left),
        right_raw: raw(right),
        left: key(left),
        right: key(right),
    })
}

/// One bar per relation: by how much the weight changes when the relation joins the classes of different persons.
pub(super) fn relations(explainer: &Explainer<'_>, comparisons: &[ComparisonBar]) -> Vec<RelationBar> {
    let weights = explainer.weights;
    let prior = weights.prior;
    let sum_of = |gain: &dyn Fn(&ComparisonBar) -> f64| comparisons.iter().map(gain).sum::<f64>();
    let strangers = sum_of(&ComparisonBar::weight);
    let mut before = prior + strangers;
    let mut rates = 0.0;
    // log₂ Σ rate × P(pattern | relation) / P(pattern | match) over the relations that have joined.
    let mut joined = f64::NEG_INFINITY;
    let bar = |(position, relation): (usize, &RelationWeights)| {
        let gain = sum_of(&|bar| bar.relation_weights.get(position).copied().unwrap_or(0.0));
        rates += relation.rate.exp2();
        joined =
            if joined == f64::NEG_INFINITY { relation.rate - gain } else { log2_add(joined, relation.rate - gain) };
        // The same floor as in the weights, so that the last sum is the weight that scoring gives.
        let share = (1.0 - rates).max(1e-9).log2();
        let after = prior - log2_add(share - strangers, joined);
        let weight = after - before;
        before = after;
        weight
    };
    let changes: Vec<f64> = weights.relations.iter().enumerate().map(bar).collect();
    let names = explainer.comparer.rules.relations.iter().zip(changes);
    names.map(|(relation, weight)| RelationBar { name: relation.name.clone(), weight }).collect()
}

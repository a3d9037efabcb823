//! How common each value of a field is, for term-frequency adjustment (Winkler 2000).
//!
//! Agreement on 石飛 says more than agreement on 田中. The u of an agreement level is an average over all values,
//! Σp²; for a value of frequency p the probability of chance agreement is p, so the weight moves by log₂(Σp² / p).
//! Frequencies are of folded values: 渡邉 and 渡辺 are one name here.

use crate::rules::{FieldId, RuleSet};
use crate::table::{NULL, Table};

/// The frequency of every value of the fields whose frequency matters.
#[derive(Clone, Debug, Default)]
pub struct Frequencies {
    fields: Vec<Option<FieldFrequencies>>,
    log2_rarest: f64,
}

#[derive(Clone, Debug)]
struct FieldFrequencies {
    /// log₂ p of each value's folded text.
    log2: Vec<f32>,
    /// log₂ Σp².
    log2_agreement: f64,
}

impl Frequencies {
    /// Counts the values of a table.
    #[must_use]
    pub fn count(rules: &RuleSet, table: &Table) -> Self {
        let levels = rules.comparisons.iter().flat_map(|comparison| &comparison.levels);
        let wanted: Vec<FieldId> = levels.filter_map(|level| level.frequency.map(|(field, _)| field)).collect();
        let fields = (0..rules.fields.len()).map(|position| {
            let field = wanted.iter().find(|field| field.index() == position)?;
            count_field(table, *field)
        });
        let fields: Vec<Option<FieldFrequencies>> = fields.collect();
        let log2_rarest = rarest(&fields);
        Self { fields, log2_rarest }
    }

    /// Frequencies that were counted elsewhere: per field, log₂ p of each value of a column and log₂ Σp².
    pub(crate) fn of(fields: Vec<Option<(Vec<f32>, f64)>>) -> Self {
        let field = |(log2, log2_agreement)| FieldFrequencies { log2, log2_agreement };
        let fields: Vec<Option<FieldFrequencies>> = fields.into_iter().map(|counted| counted.map(field)).collect();
        let log2_rarest = rarest(&fields);
        Self { fields, log2_rarest }
    }

    /// log₂ of the frequency of a value (its number as in a column's rows); minus infinity for a missing value
    /// or an uncounted field.
    #[must_use]
    pub fn log2(&self, field: FieldId, number: u32) -> f32 {
        let counted = self.fields.get(field.index()).and_then(Option::as_ref);
        let position = (number as usize).checked_sub(1);
        counted
            .zip(position)
            .and_then(|(field, position)| field.log2.get(position))
            .copied()
            .unwrap_or(f32::NEG_INFINITY)
    }

    /// log₂ of the lowest frequency of any value; 0 when nothing is counted.
    #[must_use]
    pub fn log2_rarest(&self) -> f64 {
        self.log2_rarest
    }

    /// log₂ Σp²: the probability that two random values agree.
    #[must_use]
    pub fn log2_agreement(&self, field: FieldId) -> f64 {
        self.fields.get(field.index()).and_then(Option::as_ref).map_or(0.0, |field| field.log2_agreement)
    }
}

fn rarest(fields: &[Option<FieldFrequencies>]) -> f64 {
    let all = fields.iter().flatten().flat_map(|field| &field.log2);
    all.fold(0.0, |lowest, log2| f64::from(*log2).min(lowest))
}

fn count_field(table: &Table, field: FieldId) -> Option<FieldFrequencies> {
    let column = table.column(field)?;
    let numbers = &column.folded;
    let mut counts = vec![0_u32; numbers.iter().max().map_or(0, |max| *max as usize + 1)];
    let mut total = 0_u32;
    for row in column.rows.iter().filter(|row| **row != NULL) {
        let count = numbers.get(*row as usize - 1).and_then(|number| counts.get_mut(*number as usize))?;
        *count += 1;
        total += 1;
    }
    if total == 0 {
        return None;
    }
    let share = |count: u32| f64::from(count) / f64::from(total);
    let agreement: f64 = counts.iter().map(|count| share(*count).powi(2)).sum();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a logarithm of a frequency needs no more than single precision"
    )]
    let log2 = |number: &u32| counts.get(*number as usize).map_or(0.0, |count| share(*count).log2() as f32);
    Some(FieldFrequencies { log2: numbers.iter().map(log2).collect(), log2_agreement: agreement.log2() })
}

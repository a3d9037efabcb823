//! Every comparison as one dictionary-encoded column.
//!
//! A comparison may read several fields (kanji and kana of one name). Its combination of values is given one number
//! per distinct combination, so a pair of records is a pair of small numbers per comparison: equal numbers have a
//! known level, and the level of two different numbers can be cached. This is where the speed comes from.

use super::Frequencies;
use super::pairs::number_pairs;
use crate::exec::{self, Executor};
use crate::rules::{FieldId, RuleSet};
use crate::table::{NULL, RecordIndex, Table};

/// All comparisons of all records.
#[derive(Debug)]
pub struct Profiles {
    /// Per record, one combination number per comparison.
    rows: Vec<u32>,
    stride: usize,
    /// What the numbers mean, per comparison.
    pub columns: Vec<ComparedColumn>,
}

/// The distinct combinations of the fields that one comparison reads.
#[derive(Debug)]
pub struct ComparedColumn {
    /// The fields, as in the comparison.
    pub fields: Vec<FieldId>,
    /// Value numbers, `fields.len()` per combination.
    combinations: Vec<u32>,
    /// log₂ frequency per combination and field, empty when no level is adjusted.
    frequencies: Vec<f32>,
    /// How many records have each combination.
    pub counts: Vec<u32>,
}

impl Profiles {
    /// Numbers the combinations of every comparison.
    #[must_use]
    pub fn build(rules: &RuleSet, table: &Table, frequencies: &Frequencies, executor: &dyn Executor) -> Self {
        let stride = rules.comparisons.len();
        let numbered = exec::map(executor, stride, |position| {
            let comparison = rules.comparisons.get(position)?;
            let adjusted = comparison.levels.iter().any(|level| level.frequency.is_some());
            Some(number_combinations(&comparison.fields, table, adjusted.then_some(frequencies)))
        });
        let mut rows = vec![0_u32; stride * table.len()];
        let mut columns = Vec::with_capacity(stride);
        for (position, (column, numbers)) in numbered.into_iter().flatten().enumerate() {
            let slots = rows.iter_mut().skip(position).step_by(stride);
            slots.zip(numbers).for_each(|(slot, number)| *slot = number);
            columns.push(column);
        }
        Self { rows, stride, columns }
    }

    /// No comparisons: for walking pairs without comparing them.
    #[must_use]
    pub fn empty() -> Self {
        Self { rows: Vec::new(), stride: 0, columns: Vec::new() }
    }

    /// The combination numbers of one record.
    #[must_use]
    pub fn row(&self, record: RecordIndex) -> &[u32] {
        let start = record as usize * self.stride;
        self.rows.get(start..start + self.stride).unwrap_or(&[])
    }

    /// Comparisons per record.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }
}

impl ComparedColumn {
    /// The value numbers of one combination, in the order of [`ComparedColumn::fields`].
    #[must_use]
    pub fn combination(&self, number: u32) -> &[u32] {
        let width = self.fields.len();
        let start = number as usize * width;
        self.combinations.get(start..start + width).unwrap_or(&[])
    }

    /// log₂ frequency of one field's value in a combination; 0 when nothing is adjusted.
    #[must_use]
    pub fn log2_frequency(&self, number: u32, field: usize) -> f32 {
        self.frequencies.get(number as usize * self.fields.len() + field).copied().unwrap_or(0.0)
    }
}

fn number_combinations(
    fields: &[FieldId],
    table: &Table,
    adjusted: Option<&Frequencies>,
) -> (ComparedColumn, Vec<u32>) {
    let columns: Vec<&[u32]> =
        fields.iter().filter_map(|field| table.column(*field)).map(|column| column.rows.as_slice()).collect();
    let (combinations, counts, numbers) = match columns.as_slice() {
        // A single field needs no table: its value numbers are the combinations, with the missing value first.
        [single] => number_single(single),
        several => number_several(several, table.len()),
    };
    let mut frequencies = Vec::new();
    if let Some(counted) = adjusted {
        let numbers = combinations.iter().zip(fields.iter().cycle());
        frequencies.extend(numbers.map(|(number, field)| counted.log2(*field, *number)));
    }
    (ComparedColumn { fields: fields.to_vec(), combinations, frequencies, counts }, numbers)
}

fn number_single(rows: &[u32]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let count = rows.iter().max().map_or(0, |max| *max as usize + 1);
    let mut counts = vec![0_u32; count];
    for row in rows {
        if let Some(count) = counts.get_mut(*row as usize) {
            *count += 1;
        }
    }
    let combinations = (NULL..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    (combinations, counts, rows.to_vec())
}

/// Columns are taken in one after another: a combination of three is a combination of two and one value more.
fn number_several(columns: &[&[u32]], records: usize) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let (first, others) = columns.split_first().map_or((&[][..], columns), |(first, others)| (*first, others));
    let mut numbers = first.to_vec();
    numbers.resize(records, NULL);
    // Before anything is taken in, a number stands for itself.
    let mut combinations: Vec<u32> = (NULL..=numbers.iter().copied().max().unwrap_or(NULL)).collect();
    for (width, column) in (1_usize..).zip(others) {
        let (pairs, pair_numbers) = number_pairs(&numbers, column);
        let combination = |(before, value): (u32, u32)| {
            let start = before as usize * width;
            combinations.get(start..start + width).unwrap_or(&[]).iter().copied().chain([value])
        };
        combinations = pairs.into_iter().flat_map(combination).collect();
        numbers = pair_numbers;
    }
    let mut counts = vec![0_u32; combinations.len() / columns.len().max(1)];
    for number in &numbers {
        if let Some(count) = counts.get_mut(*number as usize) {
            *count += 1;
        }
    }
    (combinations, counts, numbers)
}

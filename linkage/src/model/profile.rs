//! Every comparison as one dictionary-encoded column.
//!
//! A comparison may read several fields (kanji and kana of one name). Its combination of values is given one number
//! per distinct combination, so a pair of records is a pair of small numbers per comparison: equal numbers have a
//! known level, and the level of two different numbers can be cached. This is where the speed comes from.

use super::Frequencies;
use super::pairs::number_pairs;
use crate::exec::{self, Executor};
use crate::rows::{interleaved, looked_up};
use crate::rules::{Comparison, FieldId, RuleSet};
use crate::score::sketch::{Form, Sketch};
use crate::table::{Column, NULL, RecordIndex, Table};
use crate::value::Quality;

/// All comparisons of all records.
#[derive(Debug)]
pub struct Profiles {
    /// Per record, one combination number per comparison.
    numbers: Vec<u32>,
    stride: usize,
    /// Per record, one sketch per sketched field.
    sketches: Vec<Sketch>,
    /// The fields that comparisons read, each once.
    pub(crate) sketched: Vec<FieldId>,
    /// Per record, one rarity per adjusted comparison.
    rarities: Vec<f32>,
    /// The comparisons in which value frequencies count.
    pub(crate) adjusted: Vec<usize>,
    /// Per record: the fields whose value is a placeholder, one bit each.
    placeholders: Vec<u64>,
    /// What the numbers mean, per comparison.
    pub columns: Vec<ComparedColumn>,
}

/// What comparing needs of one record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// One combination number per comparison.
    pub(crate) numbers: &'a [u32],
    /// One sketch per sketched field.
    pub(crate) sketches: &'a [Sketch],
    /// One rarity per adjusted comparison: the most bits that the frequency of its values can add, and a little more.
    pub(crate) rarities: &'a [f32],
}

impl Row<'_> {
    /// The combination number of one comparison.
    #[inline]
    #[must_use]
    pub fn number(self, comparison: usize) -> Option<u32> {
        self.numbers.get(comparison).copied()
    }
}

/// The rows of some records, copied together so that comparing all with all stays in the cache.
#[derive(Debug, Default)]
pub struct Rows {
    numbers: Vec<u32>,
    sketches: Vec<Sketch>,
    rarities: Vec<f32>,
    /// The sketches once more, field after field.
    columns: Vec<Sketch>,
    records: usize,
}

impl Rows {
    /// Copies the rows of some records.
    pub fn fill(&mut self, profiles: &Profiles, records: &[RecordIndex]) {
        self.numbers.clear();
        self.sketches.clear();
        self.rarities.clear();
        for record in records {
            let row = profiles.row(*record);
            self.numbers.extend_from_slice(row.numbers);
            self.sketches.extend_from_slice(row.sketches);
            self.rarities.extend_from_slice(row.rarities);
        }
        self.records = records.len();
        self.columns.clear();
        let width = profiles.sketched.len();
        for field in 0..width {
            self.columns.extend(self.sketches.iter().skip(field).step_by(width));
        }
    }

    /// One of the rarities, which stand record after record.
    #[inline]
    pub(crate) fn rarity(&self, place: usize) -> f32 {
        self.rarities.get(place).copied().unwrap_or(0.0)
    }

    /// The sketches of all records in one field.
    #[inline]
    pub(crate) fn column(&self, field: usize) -> &[Sketch] {
        self.columns.get(field * self.records..(field + 1) * self.records).unwrap_or(&[])
    }
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
            let (column, numbers) = number_combinations(comparison, table, frequencies);
            let rarities = column.rarities(comparison, frequencies);
            Some((column, numbers, rarities))
        });
        let (mut columns, mut numbers, mut rarities) = (Vec::new(), Vec::new(), Vec::new());
        for (column, column_numbers, column_rarities) in numbered.into_iter().flatten() {
            columns.push(column);
            numbers.push(column_numbers);
            rarities.push(column_rarities);
        }
        let adjusts = |(comparison, rarities): (usize, &Vec<f32>)| (!rarities.is_empty()).then_some(comparison);
        let adjusted: Vec<usize> = rarities.iter().enumerate().filter_map(adjusts).collect();
        let rarities: Vec<(&[u32], Vec<f32>)> = numbers.iter().map(Vec::as_slice).zip(rarities).collect();
        let rarities: Vec<_> = rarities.into_iter().filter(|(_, rarities)| !rarities.is_empty()).collect();
        let rarities = looked_up(&rarities, table.len(), executor);
        // The columns are gone before the sketches, which are the largest part, are made.
        let numbers = {
            let columns = numbers;
            interleaved(&columns, table.len(), executor)
        };
        let fields = rules.comparisons.iter().flat_map(|comparison| &comparison.fields);
        let mut sketched: Vec<FieldId> = fields.copied().collect();
        sketched.sort_unstable();
        sketched.dedup();
        let sketches = exec::map(executor, sketched.len(), |place| {
            let field = sketched.get(place)?;
            let column = table.column(*field)?;
            Some((column.rows.as_slice(), sketches(Form::of(rules.fields.get(field.index())?.kind), column)))
        });
        let sketches: Vec<(&[u32], Vec<Sketch>)> = sketches.into_iter().map(Option::unwrap_or_default).collect();
        let sketches = looked_up(&sketches, table.len(), executor);
        Self { numbers, stride, sketches, sketched, rarities, adjusted, placeholders: placeholders(table), columns }
    }

    /// No comparisons: for walking pairs without comparing them.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            numbers: Vec::new(),
            stride: 0,
            sketches: Vec::new(),
            sketched: Vec::new(),
            rarities: Vec::new(),
            adjusted: Vec::new(),
            placeholders: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// What comparing needs of one record.
    #[inline]
    #[must_use]
    pub fn row(&self, record: RecordIndex) -> Row<'_> {
        self.row_in(&self.numbers, &self.sketches, &self.rarities, record as usize)
    }

    /// Whether the value of a record in a field is a placeholder.
    pub(crate) fn has_placeholder(&self, record: RecordIndex, field: FieldId) -> bool {
        self.placeholders.get(record as usize).is_some_and(|fields| fields >> field.index().min(63) & 1 == 1)
    }

    /// The row at a place among copied rows.
    #[inline]
    #[must_use]
    pub fn row_of<'r>(&self, rows: &'r Rows, place: usize) -> Row<'r> {
        self.row_in(&rows.numbers, &rows.sketches, &rows.rarities, place)
    }

    #[inline]
    fn row_in<'r>(&self, numbers: &'r [u32], sketches: &'r [Sketch], rarities: &'r [f32], place: usize) -> Row<'r> {
        Row {
            numbers: part(numbers, self.stride, place),
            sketches: part(sketches, self.sketched.len(), place),
            rarities: part(rarities, self.adjusted.len(), place),
        }
    }
}

/// Per record: the fields whose value is a placeholder, one bit each. Guards ask this of every pair that is near a
/// threshold, and a value lies far from its record.
fn placeholders(table: &Table) -> Vec<u64> {
    let mut placeholders = vec![0; table.len()];
    for (field, column) in (0..u64::BITS).zip(table.columns()) {
        let marked: Vec<bool> = column.values.iter().map(|value| value.quality().has(Quality::PLACEHOLDER)).collect();
        if marked.contains(&true) {
            let is_marked = |number: &u32| marked.get((*number as usize).wrapping_sub(1)) == Some(&true);
            let slots = placeholders.iter_mut().zip(&column.rows).filter(|(_, number)| is_marked(number));
            slots.for_each(|(slot, _)| *slot |= 1 << field);
        }
    }
    placeholders
}

/// The part of one record in what has the same width for all.
#[inline]
fn part<T>(rows: &[T], width: usize, place: usize) -> &[T] {
    rows.get(place * width..(place + 1) * width).unwrap_or(&[])
}

/// The sketch of every value of a field, by its number.
fn sketches(form: Form, column: &Column) -> Vec<Sketch> {
    std::iter::once(Sketch::MISSING).chain(column.values.iter().map(|value| form.sketch(value))).collect()
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

    /// Per combination: the most bits that the frequency of its values adds at any level, and a little more; nothing
    /// when no level is adjusted.
    fn rarities(&self, comparison: &Comparison, frequencies: &Frequencies) -> Vec<f32> {
        /// More than the rounding of single precision.
        const SLACK: f64 = 1e-4;
        let place = |field: FieldId| self.fields.iter().position(|known| *known == field);
        let adjusted = comparison.levels.iter().filter_map(|level| level.frequency);
        let adjusted: Vec<(usize, f64, f64)> = adjusted
            .filter_map(|(field, weight)| Some((place(field)?, frequencies.log2_agreement(field), weight)))
            .collect();
        if adjusted.is_empty() {
            return Vec::new();
        }
        let rarity = |number: u32| {
            let bits = adjusted.iter().map(|(place, agreement, weight)| {
                let own = f64::from(self.log2_frequency(number, *place));
                // What is missing here takes the frequency of the other record, which may be as rare as any.
                weight * (agreement - if own.is_finite() { own } else { frequencies.log2_rarest() })
            });
            #[expect(clippy::cast_possible_truncation, reason = "a bound, with room for rounding")]
            let bits = (bits.fold(0.0, f64::max) + SLACK) as f32;
            bits
        };
        (0..u32::try_from(self.counts.len()).unwrap_or(u32::MAX)).map(rarity).collect()
    }
}

fn number_combinations(comparison: &Comparison, table: &Table, counted: &Frequencies) -> (ComparedColumn, Vec<u32>) {
    let fields = &comparison.fields;
    let columns: Vec<&[u32]> =
        fields.iter().filter_map(|field| table.column(*field)).map(|column| column.rows.as_slice()).collect();
    let (combinations, counts, numbers) = match columns.as_slice() {
        // A single field needs no table: its value numbers are the combinations, with the missing value first.
        [single] => number_single(single),
        several => number_several(several, table.len()),
    };
    let mut frequencies = Vec::new();
    if comparison.levels.iter().any(|level| level.frequency.is_some()) {
        let numbers = combinations.iter().zip(fields.iter().cycle());
        frequencies.extend(numbers.map(|(number, field)| counted.log2(*field, *number)));
    }
    (ComparedColumn { fields: fields.clone(), combinations, frequencies, counts }, numbers)
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

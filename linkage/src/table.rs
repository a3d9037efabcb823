//! Records as dictionary-encoded columns.
//!
//! Every distinct raw text of a column is stored and normalised once; a record is a row of small numbers. Rows are put
//! into a canonical order (by the key of the first blocking rule, then by hash of the record id), so nothing that is
//! computed later can depend on the order of the input, and records that will be compared lie near each other.
//! Repeated record ids are refused row by row.

use crate::block::{
    self,
    key::{hash, mix},
};
use crate::exec::{self, Executor};
use crate::normalize::Tables;
use crate::rules::{Field, FieldId, RuleSet};
use crate::spread::{Packing, sort_spread};
use crate::text::{Interner, TextPool};
use crate::value::Value;
use dictionary::{Dictionary, Normal};
use raw::{RawColumn, RawColumns, Source};
use std::ops::Range;

mod dictionary;
mod raw;

/// Number of a record in canonical order.
pub type RecordIndex = u32;

/// Rows of a table at most: a record number takes 31 bits, and its memory would be a terabyte.
pub const ROWS_MAX: usize = (1 << 31) - 1;

/// The missing value of a column.
pub const NULL: u32 = 0;

/// Records of one input, or of several inputs that are to be linked, ready to be compared.
#[derive(Debug)]
pub struct Table {
    ids: TextPool,
    sources: Vec<u16>,
    source_names: Vec<String>,
    columns: Vec<Column>,
    raw: Option<RawColumns>,
}

/// One field of all records.
#[derive(Debug)]
pub struct Column {
    /// Per record: [`NULL`], or one more than an index into [`Column::values`].
    pub rows: Vec<u32>,
    /// Distinct values.
    pub values: Vec<Value>,
    /// Per distinct value: a number that two values share exactly when they are folded equal.
    pub folded: Vec<u32>,
    /// Per distinct value: the hash of its folded text, as blocking keys use it.
    pub(crate) hashes: Vec<u64>,
}

/// Why a row was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The record id is empty.
    #[error("the record id is empty")]
    EmptyId,
    /// More rows than a table can number.
    #[error("more than 2,147,483,647 rows")]
    TooManyRows,
}

/// Collects rows.
#[derive(Debug)]
pub struct TableBuilder {
    ids: TextPool,
    sources: Vec<u16>,
    source_names: Vec<String>,
    /// Column names in the order in which [`TableBuilder::push`] takes their texts.
    names: Vec<String>,
    columns: Vec<RawColumn>,
    split_joined: Vec<(usize, usize)>,
}

impl TableBuilder {
    /// A builder for the columns that the rule set reads.
    #[must_use]
    pub fn new(rules: &RuleSet) -> Self {
        let mut names: Vec<String> = Vec::new();
        for column in rules.fields.iter().flat_map(|field| &field.columns) {
            if !names.contains(column) {
                names.push(column.clone());
            }
        }
        let position = |name: &String| names.iter().position(|known| known == name);
        let split_joined = rules.split_joined.iter().filter_map(|(a, b)| Some((position(a)?, position(b)?))).collect();
        let columns = names.iter().map(|_| RawColumn { texts: Interner::default(), rows: Vec::new() }).collect();
        Self { ids: TextPool::default(), sources: Vec::new(), source_names: Vec::new(), names, columns, split_joined }
    }

    /// The columns whose texts [`TableBuilder::push`] takes, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.names
    }

    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.len() == 0
    }

    /// Makes room for so many more rows, as far as they can be foreseen.
    pub fn reserve(&mut self, rows: usize) {
        let rows = rows.min(ROWS_MAX - self.len().min(ROWS_MAX));
        self.ids.reserve(rows);
        self.sources.reserve(rows);
        self.columns.iter_mut().for_each(|column| column.rows.reserve(rows));
    }

    /// The number of a source, new or known.
    pub fn source(&mut self, name: &str) -> u16 {
        let known = self.source_names.iter().position(|source| source == name);
        let position = known.unwrap_or_else(|| {
            self.source_names.push(name.to_owned());
            self.source_names.len() - 1
        });
        u16::try_from(position).unwrap_or(u16::MAX)
    }

    /// Adds a row: its id, its source and one text per column.
    ///
    /// # Errors
    /// [`RowError`] when the id is empty or the table is full; the row is then not taken.
    pub fn push(&mut self, id: &str, source: u16, texts: &[&str]) -> Result<(), RowError> {
        let refused = self.push_rows(1, &|_| (id, source), &|_, column| texts.get(column).copied().unwrap_or(""));
        refused.first().map_or(Ok(()), |(_, error)| Err(*error))
    }

    /// Adds many rows, column by column: `head` gives id and source of a row, `text` the text of a row in a column.
    ///
    /// Returns the rows that were not taken, and why.
    pub fn push_rows<'t>(
        &mut self,
        count: usize,
        head: &impl Fn(usize) -> (&'t str, u16),
        text: &impl Fn(usize, usize) -> &'t str,
    ) -> Vec<(usize, RowError)> {
        let mut refused = Vec::new();
        let mut taken = Vec::with_capacity(count);
        for row in 0..count {
            let (id, source) = head(row);
            if id.is_empty() {
                refused.push((row, RowError::EmptyId));
            } else if self.ids.len() >= ROWS_MAX {
                refused.push((row, RowError::TooManyRows));
            } else {
                self.ids.push(id);
                self.sources.push(source);
                taken.push(row);
            }
        }
        for (position, column) in self.columns.iter_mut().enumerate() {
            column.texts.intern_all(taken.iter().map(|row| text(*row, position)), &mut column.rows);
        }
        if !self.split_joined.is_empty() {
            let first = self.ids.len() - taken.len();
            for (place, row) in taken.iter().enumerate() {
                self.split_joined_names(first + place, |column| text(*row, column));
            }
        }
        refused
    }

    /// `鈴木　花子` in the first column and nothing in the second: some systems have one name field.
    fn split_joined_names<'t>(&mut self, row: usize, text: impl Fn(usize) -> &'t str) {
        for (family, given) in &self.split_joined {
            if !text(*given).is_empty() {
                continue;
            }
            let Some((first, second)) = text(*family).trim().split_once([' ', '\u{3000}']) else { continue };
            for (column, text) in [(*family, first), (*given, second)] {
                if let Some(column) = self.columns.get_mut(column) {
                    let number = column.texts.intern(text.trim());
                    if let Some(slot) = column.rows.get_mut(row) {
                        *slot = number;
                    }
                }
            }
        }
    }

    /// Normalises every distinct text and puts the rows into canonical order.
    ///
    /// The second result lists the rows (numbers in order of arrival) that were dropped because an earlier row of the
    /// same source has the same id.
    #[must_use]
    pub fn finish(
        self,
        rules: &RuleSet,
        tables: &Tables,
        keep_raw: bool,
        executor: &dyn Executor,
    ) -> (Table, Vec<usize>) {
        let mut raw = RawColumns { names: self.names, columns: self.columns };
        let columns = columns(&rules.fields, &mut raw, tables, keep_raw, executor);
        let (order, repeated) = order_of_ids(&self.ids, &self.sources);
        let (ids, sources, source_names) = (self.ids, self.sources, self.source_names);
        let table = Table { ids, sources, source_names, columns, raw: keep_raw.then_some(raw) };
        let order = match rules.blocks.first() {
            None => order,
            Some(rule) => order_of_keys(&block::first_keys(rule, &table, executor), &order),
        };
        (table.reordered(&order, executor), repeated)
    }
}

fn gather<T: Copy + Default>(rows: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|row| rows.get(*row as usize).copied().unwrap_or_default()).collect()
}

/// Rows in order of a hash, those of one hash in the order given.
fn order_of_keys(keys: &[u64], order: &[u32]) -> Vec<u32> {
    let packing = Packing::of(order.len());
    let key = |row: &u32| keys.get(*row as usize).copied().unwrap_or(0);
    let mut keyed: Vec<u64> = (0..).zip(order).map(|(place, row)| packing.pack(key(row), place)).collect();
    sort_spread(&mut keyed, u64::BITS);
    keyed.into_iter().map(|word| order.get(packing.number(word) as usize).copied().unwrap_or_default()).collect()
}

/// Rows by hash of their id, and the rows whose id had been seen.
fn order_of_ids(ids: &TextPool, sources: &[u16]) -> (Vec<u32>, Vec<usize>) {
    let packing = Packing::of(ids.len());
    let pack = |(row, id): (u32, &str)| packing.pack(hash(id.as_bytes()), row);
    let mut keyed: Vec<u64> = (0..).zip(ids.iter()).map(pack).collect();
    sort_spread(&mut keyed, u64::BITS);
    let mut order: Vec<u32> = Vec::with_capacity(keyed.len());
    let mut repeated = Vec::new();
    for run in keyed.chunk_by(|a, b| packing.hash(*a) == packing.hash(*b)) {
        if let [word] = run {
            order.push(packing.number(*word));
            continue;
        }
        // Equal hashes are nearly always equal ids; the few rows are compared as texts, earliest row first.
        let key = |row: u32| (ids.get(row as usize), sources.get(row as usize).copied().unwrap_or(0));
        let mut rows: Vec<u32> = run.iter().map(|word| packing.number(*word)).collect();
        rows.sort_by_key(|row| (key(*row), *row));
        for same in rows.chunk_by(|a, b| key(*a) == key(*b)) {
            order.extend(same.first());
            repeated.extend(same.iter().skip(1).map(|row| *row as usize));
        }
    }
    repeated.sort_unstable();
    (order, repeated)
}

/// Distinct texts normalised in one task.
const NORMALIZE_CHUNK: usize = 16_384;

/// The columns of all fields: every distinct text normalised, rows in the order of arrival. Raw columns that nobody
/// needs afterwards become the columns in place.
fn columns(
    fields: &[Field],
    raw: &mut RawColumns,
    tables: &Tables,
    keep_raw: bool,
    executor: &dyn Executor,
) -> Vec<Column> {
    let sources = raw.of_fields(fields, keep_raw);
    let chunks_of = |(field, source): (usize, &Source<'_>)| {
        let count = source.texts.len();
        let starts = (0..count).step_by(NORMALIZE_CHUNK);
        starts.map(move |start| (field, start..(start + NORMALIZE_CHUNK).min(count))).collect::<Vec<_>>()
    };
    let tasks: Vec<(usize, Range<usize>)> = sources.iter().enumerate().flat_map(chunks_of).collect();
    let chunks = exec::map(executor, tasks.len(), |task| {
        let (position, range) = tasks.get(task)?;
        let (field, source) = fields.get(*position).zip(sources.get(*position))?;
        Some(range.clone().map(|n| Normal::of(field.kind, source.texts.get(n), tables)).collect::<Vec<_>>())
    });
    let mut normalized: Vec<Vec<Vec<Normal>>> = fields.iter().map(|_| Vec::new()).collect();
    for ((field, _), chunk) in tasks.iter().zip(chunks) {
        if let Some(own) = normalized.get_mut(*field) {
            own.extend(chunk);
        }
    }
    let sources = sources.into_iter().zip(normalized).collect();
    exec::map_owned(executor, sources, |(Source { texts, mut rows }, normalized)| {
        let dictionary = Dictionary::of(&texts, normalized);
        let folded = dictionary.folded();
        for row in &mut rows {
            *row = dictionary.numbers.get(*row as usize).copied().unwrap_or(NULL);
        }
        Column::new(rows, dictionary.values, folded)
    })
}

/// Numbers for folded texts, where all texts of the values are known: see [`Column::folded`].
fn number_folded(values: &[Value], mut texts: Interner) -> Vec<u32> {
    let own = |(number, value): (u32, &Value)| if value.is_own_key() { number } else { texts.intern(value.folded()) };
    (0..).zip(values).map(own).collect()
}

impl Table {
    /// A table of records that are normalised already, in the order given, without ids, sources and raw texts: for
    /// comparing a few records as a table of many would be.
    pub(crate) fn of_values(fields: usize, records: &[&[Option<Value>]]) -> Self {
        let mut ids = TextPool::default();
        records.iter().for_each(|_| ids.push(""));
        let columns = (0..fields).map(|field| {
            let mut exact = Interner::default();
            let mut values: Vec<Value> = Vec::new();
            let mut number = |value: &Value| {
                let number = exact.intern(&value.exact);
                if number as usize == values.len() {
                    values.push(value.clone());
                }
                number + 1
            };
            let value = |record: &&[Option<Value>]| record.get(field)?.as_ref().map(&mut number);
            let rows = records.iter().map(value).map(|number| number.unwrap_or(NULL)).collect();
            let folded = number_folded(&values, exact);
            Column::new(rows, values, folded)
        });
        Self { columns: columns.collect(), ids, sources: vec![0; records.len()], source_names: Vec::new(), raw: None }
    }

    /// The same records in another order; rows that the order leaves out are gone.
    fn reordered(self, order: &[u32], executor: &dyn Executor) -> Self {
        let columns = exec::map_owned(executor, self.columns, |column| {
            let rows = gather(&column.rows, order);
            Column { rows, ..column }
        });
        let (ids, sources) = (self.ids.reordered(order), gather(&self.sources, order));
        Self { ids, sources, columns, raw: self.raw.map(|raw| raw.reordered(order)), ..self }
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the table has no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.len() == 0
    }

    /// The id of a record.
    #[must_use]
    pub fn id(&self, record: RecordIndex) -> &str {
        self.ids.get(record as usize)
    }

    /// The record with that id, by linear search; for explanations, not for loops.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<RecordIndex> {
        (0_u32..).zip(self.ids.iter()).find(|(_, known)| *known == id).map(|(record, _)| record)
    }

    /// The source of a record.
    #[must_use]
    pub fn source(&self, record: RecordIndex) -> u16 {
        self.sources.get(record as usize).copied().unwrap_or(0)
    }

    /// The sources of all records, in canonical order.
    #[must_use]
    pub fn sources(&self) -> &[u16] {
        &self.sources
    }

    /// The names of the sources.
    #[must_use]
    pub fn source_names(&self) -> &[String] {
        &self.source_names
    }

    /// All fields of all records.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One field of all records.
    #[must_use]
    pub fn column(&self, field: FieldId) -> Option<&Column> {
        self.columns.get(field.index())
    }

    /// The normalised value of one field of one record.
    #[must_use]
    pub fn value(&self, record: RecordIndex, field: FieldId) -> Option<&Value> {
        self.columns.get(field.index())?.value(record)
    }

    /// The raw texts of a field, in the order of its columns; empty when raw texts were not kept.
    #[must_use]
    pub fn raw(&self, record: RecordIndex, field: &Field) -> Vec<&str> {
        let Some(raw) = &self.raw else { return Vec::new() };
        let text = |name: &String| {
            let column = raw.columns.get(raw.names.iter().position(|known| known == name)?)?;
            Some(column.texts.get(*column.rows.get(record as usize)? as usize))
        };
        field.columns.iter().filter_map(text).collect()
    }

    /// Two different records by a number: the same number gives the same pair whatever the order of the input.
    #[must_use]
    pub fn random_pair(&self, seed: u64, number: u64) -> Option<(RecordIndex, RecordIndex)> {
        let count = u64::try_from(self.len()).unwrap_or(u64::MAX);
        if count < 2 {
            return None;
        }
        let spread = |state: u64, below: u64| {
            // Multiply-shift keeps the bias under 2^-32 for any table that fits in memory.
            u32::try_from((u128::from(mix(state)) * u128::from(below)) >> 64).unwrap_or(0)
        };
        let left = spread(seed ^ mix(number.wrapping_mul(2)), count);
        let right = spread(seed ^ mix(number.wrapping_mul(2).wrapping_add(1)), count - 1);
        let right = if right >= left { right + 1 } else { right };
        Some((left.min(right), left.max(right)))
    }
}

impl Column {
    fn new(rows: Vec<u32>, values: Vec<Value>, folded: Vec<u32>) -> Self {
        let hashes = values.iter().map(|value| hash(value.folded().as_bytes())).collect();
        Self { rows, values, folded, hashes }
    }

    /// The value of one record.
    #[must_use]
    pub fn value(&self, record: RecordIndex) -> Option<&Value> {
        let number = *self.rows.get(record as usize)?;
        self.values.get((number as usize).checked_sub(1)?)
    }
}

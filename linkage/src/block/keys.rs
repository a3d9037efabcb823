//! The keys of records under one rule.

use super::index::combine;
use super::key::{KeyFunction, KeyPart};
use crate::exec::{self, Executor};
use crate::spread::{Packing, sort_spread};
use crate::table::{Column, NULL, RecordIndex, Table};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// The keys of one rule for every record, computed on demand from keys per distinct value.
pub(super) struct RuleKeys<'t> {
    parts: Vec<Arc<PartKeys<'t>>>,
    /// Whether a record can have several keys.
    pub(super) is_multiple: bool,
}

impl<'t> RuleKeys<'t> {
    /// The keys of several rules; what rules have in common is computed once.
    pub(super) fn of(rules: &[&[KeyPart]], table: &'t Table, executor: &dyn Executor) -> Vec<Self> {
        let mut parts: Vec<&KeyPart> = Vec::new();
        for part in rules.iter().copied().flatten() {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let keys = exec::map_owned(executor, parts.clone(), |part| Arc::new(PartKeys::of(part, table)));
        let of_rule = |rule: &&[KeyPart]| {
            let keys_of = |part: &KeyPart| keys.get(parts.iter().position(|known| *known == part)?).map(Arc::clone);
            let parts: Vec<Arc<PartKeys<'t>>> = rule.iter().filter_map(keys_of).collect();
            let is_multiple = parts.iter().any(|part| part.is_multiple);
            Self { parts, is_multiple }
        };
        rules.iter().map(of_rule).collect()
    }

    /// The first key of every record, 0 for none.
    pub(super) fn first_keys(&self, records: usize) -> Vec<u64> {
        let mut first = vec![0; records];
        if !self.is_multiple {
            self.for_each_single(records, |record, key| {
                first.iter_mut().skip(record as usize).take(1).for_each(|slot| *slot = key);
            });
            return first;
        }
        let mut keys = Vec::new();
        for (record, slot) in (0..).zip(&mut first) {
            self.all(record, &mut keys);
            *slot = keys.first().copied().unwrap_or(0);
        }
        first
    }

    /// The only key of a record, for rules with one key per record.
    fn single(&self, record: RecordIndex) -> Option<u64> {
        self.parts.iter().try_fold(0_u64, |key, part| Some(combine(key, part.single(record)?)))
    }

    /// Calls `visit` for every record that has a key, in order. The parts of some records are computed one part after
    /// another, so that the records wait for memory together and not in turn.
    fn for_each_single(&self, records: usize, mut visit: impl FnMut(RecordIndex, u64)) {
        let mut keys: Vec<u64> = Vec::new();
        for start in (0..records).step_by(RECORDS_TOGETHER) {
            let range = start..(start + RECORDS_TOGETHER).min(records);
            for (number, part) in self.parts.iter().enumerate() {
                if number == 0 {
                    keys.clear();
                    keys.extend(part.singles(range.clone()).map(|part| if part == 0 { 0 } else { combine(0, part) }));
                } else {
                    let both = |key: u64, part: u64| if key == 0 || part == 0 { 0 } else { combine(key, part) };
                    keys.iter_mut().zip(part.singles(range.clone())).for_each(|(key, part)| *key = both(*key, part));
                }
            }
            let numbered = (u32::try_from(start).unwrap_or(u32::MAX)..).zip(&keys);
            numbered.filter(|(_, key)| **key != 0).for_each(|(record, key)| visit(record, *key));
        }
    }

    /// All keys of a record in ascending order.
    fn all(&self, record: RecordIndex, keys: &mut Vec<u64>) {
        keys.clear();
        keys.push(0);
        for part in &self.parts {
            part.extend(record, keys);
        }
        keys.sort_unstable();
        keys.dedup();
    }

    /// Whether two records have a key in common.
    pub(super) fn agree(&self, left: RecordIndex, right: RecordIndex) -> bool {
        if !self.is_multiple {
            let left = self.single(left);
            return left.is_some() && left == self.single(right);
        }
        let (mut one, mut other) = (Vec::new(), Vec::new());
        self.all(left, &mut one);
        self.all(right, &mut other);
        one.iter().any(|key| other.binary_search(key).is_ok())
    }

    /// Keys and records, sorted; of the keys only every 2^`thin`-th is kept, which takes whole blocks and never parts
    /// of one.
    pub(super) fn sorted(&self, table: &Table, thin: u32) -> SortedKeys {
        let packing = Packing::of(table.len());
        let kept = |key: u64| key.trailing_zeros() >= thin;
        let mut words: Vec<u64> = Vec::with_capacity(table.len() >> thin);
        if !self.is_multiple {
            self.for_each_single(table.len(), |record, key| {
                words.extend(kept(key).then(|| packing.pack(key, record)));
            });
        } else {
            let mut keys: Vec<u64> = Vec::new();
            for record in 0..u32::try_from(table.len()).unwrap_or(u32::MAX) {
                self.all(record, &mut keys);
                words.extend(keys.iter().filter(|key| kept(**key)).map(|key| packing.pack(*key, record)));
            }
        }
        sort_spread(&mut words, u64::BITS);
        // What words keep of two keys of one record may be the same.
        words.dedup();
        SortedKeys { words, packing }
    }
}

/// The keys of all records under one rule, in order of the keys and then of the records.
pub(super) struct SortedKeys {
    words: Vec<u64>,
    packing: Packing,
}

impl SortedKeys {
    /// The record of one word.
    #[inline]
    pub(super) fn record(&self, word: u64) -> RecordIndex {
        self.packing.number(word)
    }

    /// The words of every key.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[u64]> {
        self.words.chunk_by(|a, b| self.packing.hash(*a) == self.packing.hash(*b))
    }
}

/// Records whose keys are computed together: few enough to stay in the fastest cache.
const RECORDS_TOGETHER: usize = 1024;

/// The rows of a field, the keys of its values, and where those of each value end.
type FieldKeys<'t> = (&'t [u32], Cow<'t, [u64]>, Vec<u32>);

/// The hashed keys of one part, per distinct value.
struct PartKeys<'t> {
    /// Per field: its rows, the keys of its values, and where those of each value end; one key per value (0 for none)
    /// and no ends where a value has one key at most.
    columns: Vec<FieldKeys<'t>>,
    is_multiple: bool,
    either_order: bool,
}

impl<'t> PartKeys<'t> {
    fn of(part: &KeyPart, table: &'t Table) -> Self {
        let mut columns = Vec::new();
        part.for_each_field(&mut |field| {
            let Some(column) = table.column(field) else { return };
            let (keys, ends) = keys_of_values(part.function, column);
            columns.push((column.rows.as_slice(), keys, ends));
        });
        let either_order = part.function == KeyFunction::EitherOrder;
        Self { columns, is_multiple: part.function.is_multiple(), either_order }
    }

    fn keys(&self, column: usize, record: RecordIndex) -> &[u64] {
        let Some((rows, keys, ends)) = self.columns.get(column) else { return &[] };
        let number = rows.get(record as usize).copied().unwrap_or(NULL) as usize;
        let Some(value) = number.checked_sub(1) else { return &[] };
        let end = |value: usize| ends.get(value).map(|end| *end as usize);
        let start = value.checked_sub(1).map_or(Some(0), end);
        start.zip(end(value)).and_then(|(start, end)| keys.get(start..end)).unwrap_or(&[])
    }

    fn single(&self, record: RecordIndex) -> Option<u64> {
        let record = record as usize;
        self.singles(record..record + 1).next().filter(|key| *key != 0)
    }

    /// The only keys of some records, 0 for none.
    fn singles(&self, records: Range<usize>) -> impl Iterator<Item = u64> {
        let mut second = self.either_order.then(|| self.keys_of(1, records.clone()));
        self.keys_of(0, records).map(move |first| match &mut second {
            None => first,
            // A sum does not know the order of its terms.
            Some(second) => match second.next() {
                Some(second) if first != 0 && second != 0 => first.wrapping_add(second),
                _ => 0,
            },
        })
    }

    /// The keys of the values of one column in some records, 0 for none.
    fn keys_of(&self, column: usize, records: Range<usize>) -> impl Iterator<Item = u64> {
        let column = self.columns.get(column);
        let (rows, keys) = column.map_or((&[][..], &[][..]), |(rows, keys, _)| (*rows, keys.as_ref()));
        // The missing value is 0, so it is looked up past the end.
        let key = move |number: &u32| keys.get((*number as usize).wrapping_sub(1)).copied().unwrap_or(0);
        rows.get(records).unwrap_or(&[]).iter().map(key)
    }

    /// Replaces each key so far by its combinations with the keys of this part.
    fn extend(&self, record: RecordIndex, keys: &mut Vec<u64>) {
        let before = std::mem::take(keys);
        if !self.is_multiple {
            keys.extend(
                self.single(record).into_iter().flat_map(|part| before.iter().map(move |key| combine(*key, part))),
            );
            return;
        }
        for part in self.keys(0, record) {
            keys.extend(before.iter().map(|key| combine(*key, *part)));
        }
    }
}

/// The keys of all values of a column, and where those of each end; no ends where a value has one key at most.
fn keys_of_values(function: KeyFunction, column: &Column) -> (Cow<'_, [u64]>, Vec<u32>) {
    if matches!(function, KeyFunction::Folded | KeyFunction::EitherOrder) {
        return (Cow::Borrowed(&column.hashes), Vec::new());
    }
    let mut keys = Vec::with_capacity(column.values.len());
    let mut ends = Vec::new();
    for (number, value) in (1..).zip(&column.values) {
        function.keys(value, &mut keys);
        if function.is_multiple() {
            ends.push(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        } else {
            keys.resize(number, 0);
        }
    }
    (Cow::Owned(keys), ends)
}

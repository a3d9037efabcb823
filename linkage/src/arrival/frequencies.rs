//! How common values are, taken from a table once and kept for the records that come later.
//!
//! A value is known by a 64-bit hash of its folded text: the texts stay in the table. (A hash hides nothing from
//! somebody who can guess texts; the bytes are to be kept like the records themselves.) A chance collision of two
//! hashes makes two rare values look a little commoner, and nothing else.

use super::bytes::{DecodeError, Reader, put_number};
use crate::block::key::hash;
use crate::model::Frequencies;
use crate::rules::{FieldId, RuleSet};
use crate::table::{Column, Table};
use crate::value::Value;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// The first byte of [`FrozenFrequencies::to_bytes`].
const FORMAT: u8 = 1;

/// The frequencies of a table, for values of any later record.
///
/// For every value that a record of that table has, the answer is that of [`Frequencies`], bit for bit. A value that no
/// record has is taken as one that a single record has: the rarest there is, and no rarer. So values met once need not
/// be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrozenFrequencies {
    /// Per field of the rule set; `None` where no level is adjusted by it or no record had a value.
    fields: Vec<Option<FrozenField>>,
}

#[derive(Clone, Debug, PartialEq)]
struct FrozenField {
    /// Records with a value.
    total: u32,
    /// log₂ Σp².
    log2_agreement: f64,
    // Records per hash of a folded text, for those met at least twice. Only ever looked up; written in sorted order,
    // so its order cannot leak.
    counts: HashMap<u64, u32, FixedState>,
}

impl FrozenFrequencies {
    /// Counts the values of a table, for the fields by whose frequency a level is adjusted.
    #[must_use]
    pub fn freeze(rules: &RuleSet, table: &Table) -> Self {
        let counted = Frequencies::count(rules, table);
        let field = |position: usize| {
            let field = FieldId(u16::try_from(position).ok()?);
            let mut levels = rules.comparisons.iter().flat_map(|comparison| &comparison.levels);
            if !levels.any(|level| level.frequency.is_some_and(|(wanted, _)| wanted == field)) {
                return None;
            }
            let (total, counts) = count(table.column(field)?);
            let log2_agreement = counted.log2_agreement(field);
            (total > 0).then_some(FrozenField { total, log2_agreement, counts })
        };
        Self { fields: (0..rules.fields.len()).map(field).collect() }
    }

    /// log₂ of the frequency of a value; minus infinity for a field that was not counted.
    #[must_use]
    pub fn log2(&self, field: FieldId, value: &Value) -> f32 {
        let Some(Some(counted)) = self.fields.get(field.index()) else { return f32::NEG_INFINITY };
        let count = counted.counts.get(&hash(value.folded().as_bytes())).copied().unwrap_or(1);
        let share = f64::from(count) / f64::from(counted.total);
        #[expect(clippy::cast_possible_truncation, reason = "as precise as the frequencies of a run")]
        let log2 = share.log2() as f32;
        log2
    }

    /// log₂ Σp², the probability that two random values agree; 0 for a field that was not counted.
    #[must_use]
    pub fn log2_agreement(&self, field: FieldId) -> f64 {
        self.fields.get(field.index()).and_then(Option::as_ref).map_or(0.0, |counted| counted.log2_agreement)
    }

    /// The frequencies without a value.
    pub(super) fn of_no_values(&self) -> Frequencies {
        let field = |counted: &FrozenField| (Vec::new(), counted.log2_agreement);
        Frequencies::of(self.fields.iter().map(|counted| counted.as_ref().map(field)).collect())
    }

    /// The frequencies of the values of another table.
    pub(super) fn of_table(&self, table: &Table) -> Frequencies {
        let field = |(position, counted): (u16, &Option<FrozenField>)| {
            let (field, counted) = (FieldId(position), counted.as_ref()?);
            let values = &table.column(field)?.values;
            Some((values.iter().map(|value| self.log2(field, value)).collect(), counted.log2_agreement))
        };
        Frequencies::of((0_u16..).zip(&self.fields).map(field).collect())
    }

    /// The frequencies as bytes; equal frequencies give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_number(&mut out, self.fields.len() as u64);
        for counted in &self.fields {
            let Some(counted) = counted else {
                out.push(0);
                continue;
            };
            put_number(&mut out, u64::from(counted.total));
            out.extend(counted.log2_agreement.to_le_bytes());
            let mut counts: Vec<(u64, u32)> = counted.counts.iter().map(|(hash, count)| (*hash, *count)).collect();
            counts.sort_unstable();
            put_number(&mut out, counts.len() as u64);
            for (hash, count) in counts {
                out.extend(hash.to_le_bytes());
                put_number(&mut out, u64::from(count));
            }
        }
        out
    }

    /// The frequencies that were stored.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not what [`FrozenFrequencies::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::of(bytes, FORMAT)?;
        let count = reader.count()?;
        let fields = (0..count).map(|_| read_field(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { fields })
    }
}

/// Records with a value, and records per folded text.
fn count(column: &Column) -> (u32, HashMap<u64, u32, FixedState>) {
    // Folded texts are counted by number first: one hash per distinct text and not per record.
    let mut numbered = vec![0_u32; column.folded.iter().max().map_or(0, |max| *max as usize + 1)];
    let mut total = 0;
    for row in &column.rows {
        let number = (*row as usize).checked_sub(1).and_then(|value| column.folded.get(value));
        if let Some(count) = number.and_then(|number| numbered.get_mut(*number as usize)) {
            *count += 1;
            total += 1;
        }
    }
    let mut counts = HashMap::with_hasher(FixedState::default());
    for (value, number) in column.values.iter().zip(&column.folded) {
        // Taken out, so that a second spelling of the same folded text adds nothing.
        let count = numbered.get_mut(*number as usize).map_or(0, std::mem::take);
        if count >= 2 {
            *counts.entry(hash(value.folded().as_bytes())).or_insert(0) += count;
        }
    }
    (total, counts)
}

fn read_field(reader: &mut Reader<'_>) -> Result<Option<FrozenField>, DecodeError> {
    let total: u32 = reader.number()?;
    if total == 0 {
        return Ok(None);
    }
    let log2_agreement = f64::from_bits(reader.word()?);
    if !(log2_agreement <= 0.0 && log2_agreement.is_finite()) {
        return Err(DecodeError::Malformed("the probability of agreement"));
    }
    let length = reader.count()?;
    let mut counts = HashMap::with_hasher(FixedState::default());
    let mut before = None;
    for _ in 0..length {
        let (hash, count) = (reader.word()?, reader.number::<u32>()?);
        if before.is_some_and(|before| before >= hash) || count < 2 || count > total {
            return Err(DecodeError::Malformed("a count of values"));
        }
        before = Some(hash);
        counts.insert(hash, count);
    }
    Ok(Some(FrozenField { total, log2_agreement, counts }))
}

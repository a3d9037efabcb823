//! A record as comparing sees it: one normalised value per field.

use super::bytes::{DecodeError, Reader, put_number, put_text};
use crate::normalize::{self, Tables};
use crate::rules::{Field, FieldId, RuleSet};
use crate::value::{AddressParts, PartialDate, Parts, Quality, Value};

/// The values of one record, in the order of the fields of one rule set.
///
/// Values made under one rule set and one version of the normalisation tables may be compared with each other; whoever
/// stores the bytes stores that version with them. No raw text is in here beyond what a [`Value`] holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalized {
    values: Box<[Option<Value>]>,
}

/// The first byte of [`Normalized::to_bytes`].
const FORMAT: u8 = 1;

// What one value has, in its first byte; a missing value is 0.
const PRESENT: u8 = 1;
const FOLDED: u8 = 2;
const QUALITY: u8 = 4;
const DATE: u8 = 8;
const ADDRESS: u8 = 16;
const SET: u8 = 24;
const PARTS: u8 = 24;

// Which parts of a date are known.
const MONTH: u8 = 1;
const DAY: u8 = 2;

impl Normalized {
    /// Normalises a record; `text` gives the raw text of a column, empty when the record has none.
    ///
    /// Whole names in one column are split and columns are joined as [`TableBuilder`](crate::table::TableBuilder) does.
    #[must_use]
    pub fn of<'t>(rules: &RuleSet, tables: &Tables, text: &dyn Fn(&str) -> &'t str) -> Self {
        let split = split_names(rules, text);
        let text_of = |name: &String| {
            let known = split.iter().rev().find(|(column, _)| *column == name);
            known.map_or_else(|| text(name), |(_, text)| *text)
        };
        let value = |field: &Field| match field.columns.as_slice() {
            [single] => normalize::normalize(field.kind, text_of(single), tables),
            several => {
                let parts: Vec<&str> = several.iter().map(text_of).filter(|part| !part.is_empty()).collect();
                normalize::normalize(field.kind, &parts.join(" "), tables)
            }
        };
        Self { values: rules.fields.iter().map(value).collect() }
    }

    /// A record of values that are normalised already, one per field.
    #[must_use]
    pub fn of_values(values: Vec<Option<Value>>) -> Self {
        Self { values: values.into() }
    }

    /// The value of a field; `None` when it is missing.
    #[must_use]
    pub fn value(&self, field: FieldId) -> Option<&Value> {
        self.values.get(field.index())?.as_ref()
    }

    /// One value per field.
    #[must_use]
    pub fn values(&self) -> &[Option<Value>] {
        &self.values
    }

    /// The record in a few hundred bytes, for an index to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_number(&mut out, self.values.len() as u64);
        for value in &self.values {
            match value {
                Some(value) => put_value(&mut out, value),
                None => out.push(0),
            }
        }
        out
    }

    /// The record that was stored.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not what [`Normalized::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::of(bytes, FORMAT)?;
        let count = reader.count()?;
        let values = (0..count).map(|_| read_value(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { values })
    }
}

/// Columns whose text is half of a whole name written into one column: `鈴木　花子` and nothing in the second.
fn split_names<'t, 'r>(rules: &'r RuleSet, text: &dyn Fn(&str) -> &'t str) -> Vec<(&'r String, &'t str)> {
    let is_read = |column: &String| rules.fields.iter().any(|field| field.columns.contains(column));
    let mut split = Vec::new();
    for (family, given) in rules.split_joined.iter().filter(|(family, given)| is_read(family) && is_read(given)) {
        if !text(given).is_empty() {
            continue;
        }
        if let Some((first, second)) = text(family).trim().split_once([' ', '\u{3000}']) {
            split.extend([(family, first.trim()), (given, second.trim())]);
        }
    }
    split
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    let parts = match value.parts() {
        Parts::None => 0,
        Parts::Date(_) => DATE,
        Parts::Address(_) => ADDRESS,
        Parts::Set(_) => SET,
    };
    let folded = if value.is_own_key() { 0 } else { FOLDED };
    let quality = if value.quality() == Quality::NONE { 0 } else { QUALITY };
    out.push(PRESENT | folded | quality | parts);
    put_text(out, &value.exact);
    if folded != 0 {
        put_text(out, value.folded());
    }
    if quality != 0 {
        put_number(out, u64::from(value.quality().bits()));
    }
    match value.parts() {
        Parts::None => {}
        Parts::Date(date) => put_date(out, *date),
        Parts::Address(address) => {
            for text in [&address.prefecture, &address.municipality, &address.town, &address.building] {
                put_text(out, text);
            }
            put_number(out, address.numbers.len() as u64);
            address.numbers.iter().for_each(|number| put_number(out, u64::from(*number)));
        }
        Parts::Set(members) => {
            put_number(out, members.len() as u64);
            members.iter().for_each(|member| put_text(out, member));
        }
    }
}

fn put_date(out: &mut Vec<u8>, date: PartialDate) {
    put_number(out, u64::from(date.year));
    out.push(date.month.map_or(0, |_| MONTH) | date.day.map_or(0, |_| DAY));
    out.extend(date.month);
    out.extend(date.day);
}

fn read_value(reader: &mut Reader<'_>) -> Result<Option<Value>, DecodeError> {
    let has = reader.byte()?;
    if has == 0 {
        return Ok(None);
    }
    if has & PRESENT == 0 || has > PRESENT | FOLDED | QUALITY | PARTS {
        return Err(DecodeError::Malformed("the first byte of a value"));
    }
    let exact = reader.text()?;
    let mut value = match has & FOLDED {
        0 => Value::plain(exact),
        _ => match reader.text()? {
            folded if folded == exact => return Err(DecodeError::Malformed("a key that is the text itself")),
            folded => Value::new(exact, folded),
        },
    };
    if has & QUALITY != 0 {
        let quality = Quality::from_bits(reader.number()?).filter(|quality| *quality != Quality::NONE);
        value = value.with_quality(quality.ok_or(DecodeError::Malformed("the quality of a value"))?);
    }
    let parts = match has & PARTS {
        DATE => Parts::Date(read_date(reader)?),
        ADDRESS => Parts::Address(Box::new(read_address(reader)?)),
        SET => {
            let count = reader.count()?;
            Parts::Set((0..count).map(|_| Ok(reader.text()?.into())).collect::<Result<_, _>>()?)
        }
        _ => Parts::None,
    };
    Ok(Some(value.with_parts(parts)))
}

fn read_date(reader: &mut Reader<'_>) -> Result<PartialDate, DecodeError> {
    let year = reader.number()?;
    let known = reader.byte()?;
    if known > MONTH | DAY {
        return Err(DecodeError::Malformed("the parts of a date"));
    }
    let month = if known & MONTH == 0 { None } else { Some(reader.byte()?) };
    let day = if known & DAY == 0 { None } else { Some(reader.byte()?) };
    Ok(PartialDate { year, month, day })
}

fn read_address(reader: &mut Reader<'_>) -> Result<AddressParts, DecodeError> {
    let mut text = || reader.text().map(Box::from);
    let (prefecture, municipality, town, building) = (text()?, text()?, text()?, text()?);
    let count = reader.count()?;
    let numbers = (0..count).map(|_| reader.number()).collect::<Result<_, _>>()?;
    Ok(AddressParts { prefecture, municipality, town, numbers, building })
}

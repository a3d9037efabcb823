//! Birth dates as people write them.
//!
//! Western dates in year-month-day order, era dates in letters, names, squared characters and claims codes, partial
//! dates, and day-month-year where the year stands last. A date that cannot be is kept and flagged, since a keying
//! error still carries evidence. Two-digit western years and month names are not read.

use std::borrow::Cow;

use crate::normalize::era::{ERAS, Era, from_wareki};
use crate::normalize::{Kind, house_number, markers, text, width};
use crate::value::{PartialDate, Parts, Quality, Value};

/// Dates that registration systems write for "unknown": the first and last day of 1900, the zero days of database and
/// spreadsheet clocks, and the end of time.
const SENTINELS: [(u16, u8, u8); 8] = [
    (1, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 1),
    (1900, 12, 31),
    (2999, 12, 31),
    (9999, 12, 31),
    (9999, 99, 99),
];

/// Normalises a date to ISO text, `1948-04-05`, `1948-04` or `1948`.
pub(super) fn date(raw: &str) -> Option<Value> {
    if let Some(date) = iso(raw.as_bytes()) {
        return Some(value(date, Quality::NONE));
    }
    let cleaned = width::clean(raw);
    if markers::is_null(Kind::Date, &cleaned)
        || cleaned.bytes().all(|byte| !byte.is_ascii_alphanumeric() || byte == b'0') && cleaned.is_ascii()
    {
        return None;
    }
    match parse(&cleaned) {
        Some((date, existed)) => {
            let quality = if existed { Quality::NONE } else { Quality::IMPOSSIBLE };
            Some(value(date, quality))
        }
        None => {
            let exact = text::lower(&cleaned);
            Some(Value::plain(exact).with_quality(Quality::UNPARSED))
        }
    }
}

/// `1948-04-05` and `19480405`, the common forms, without a detour.
fn iso(raw: &[u8]) -> Option<PartialDate> {
    let (year, month, day) = match *raw {
        [a, b, c, d, b'-', e, f, b'-', g, h] | [a, b, c, d, e, f, g, h] => ([a, b, c, d], [e, f], [g, h]),
        _ => return None,
    };
    let date = PartialDate {
        year: number(&year)?,
        month: u8::try_from(number(&month)?).ok().filter(|&month| month > 0),
        day: u8::try_from(number(&day)?).ok().filter(|&day| day > 0),
    };
    (date.year > 0).then_some(date)
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u16::from(byte - b'0')))?
    })
}

fn value(date: PartialDate, quality: Quality) -> Value {
    let mut quality = quality;
    if !is_possible(date) {
        quality = quality.with(Quality::IMPOSSIBLE);
    }
    if let PartialDate { year, month: Some(month), day: Some(day) } = date {
        if SENTINELS.contains(&(year, month, day)) {
            quality = quality.with(Quality::PLACEHOLDER).with(Quality::DEFAULT_DATE);
        }
        if matches!((month, day), (1, 1) | (7, 1)) {
            quality = quality.with(Quality::DEFAULT_DATE);
        }
    }
    let exact = iso_text(date);
    Value::plain(exact).with_parts(Parts::Date(date)).with_quality(quality)
}

/// ISO 8601 text; an unknown month before a known day is written `00`.
fn iso_text(date: PartialDate) -> String {
    let mut out = String::with_capacity("1948-04-05".len());
    push_digits(&mut out, date.year, 4);
    if date.month.is_some() || date.day.is_some() {
        out.push('-');
        push_digits(&mut out, date.month.unwrap_or(0).into(), 2);
    }
    if let Some(day) = date.day {
        out.push('-');
        push_digits(&mut out, day.into(), 2);
    }
    out
}

/// The last digits of a number, padded with zeros. By hand, since formatting takes longer than all else in a date.
fn push_digits(out: &mut String, number: u16, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u16.pow(place) % 10;
        out.extend(char::from_digit(digit.into(), 10));
    }
}

/// Whether the calendar has such a day (Gregorian, also before 1582, as ISO 8601 counts).
fn is_possible(date: PartialDate) -> bool {
    let leap = date.year.is_multiple_of(4) && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
    let days = match date.month {
        Some(2) => 28 + u8::from(leap),
        Some(4 | 6 | 9 | 11) => 30,
        Some(1..=12) | None => 31,
        Some(_) => return false,
    };
    date.day.is_none_or(|day| day <= days)
}

/// One run of digits: its value and how many digits it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    value: u64,
    digits: u8,
}

/// The date, and whether its era had such a day.
fn parse(cleaned: &str) -> Option<(PartialDate, bool)> {
    let day_text = without_time(cleaned);
    let (era, rest) = split_era(day_text);
    let (runs, count) = runs(&digits_of_kanji(rest))?;
    let written = match (era, count, runs) {
        (Some(era), _, _) => return era_date(era, count, runs),
        (None, 1, [run, ..]) => return packed(run),
        (None, 2, [year, month, _]) if year.digits == 4 => (year, Some(month), None),
        (None, 2, [month, year, _]) if year.digits == 4 => (year, Some(month), None),
        (None, 3, [year, month, day]) if year.digits == 4 => (year, Some(month), Some(day)),
        (None, 3, [day, month, year]) if year.digits == 4 => {
            // Day first, unless only month first is possible.
            if month.value > 12 && day.value <= 12 {
                (year, Some(day), Some(month))
            } else {
                (year, Some(month), Some(day))
            }
        }
        _ => return None,
    };
    let (year, month, day) = written;
    let year = u16::try_from(year.value).ok().filter(|&year| year > 0)?;
    Some((PartialDate { year, month: short(month)?, day: short(day)? }, true))
}

/// Drops a time of day: `1948-04-05T00:00:00`, `1948/4/5 0:00`.
fn without_time(cleaned: &str) -> &str {
    match cleaned.split_once([' ', 'T', 't']) {
        Some((day, time)) if !day.is_empty() && time.contains(':') => day,
        _ => cleaned,
    }
}

fn split_era(text: &str) -> (Option<&'static Era>, &str) {
    for era in &ERAS {
        if let Some(rest) = text.strip_prefix(era.name).or_else(|| text.strip_prefix(era.short)) {
            return (Some(era), rest);
        }
        if let Some(rest) = text.strip_prefix([era.letter, era.letter.to_ascii_lowercase()]) {
            return (Some(era), rest);
        }
    }
    (None, text)
}

/// Kanji numbers as digits: `二十三年` → `23年`.
fn digits_of_kanji(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(house_number::is_kanji_number) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match house_number::kanji_numeral(rest) {
            Some((number, tail)) => {
                out.push_str(&number.to_string());
                rest = tail;
            }
            None => {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    Cow::Owned(out)
}

/// Up to three runs of digits between separators; `None` where anything else stands in the text.
fn runs(text: &str) -> Option<([Run; 3], usize)> {
    let mut runs = [Run { value: 0, digits: 0 }; 3];
    let mut count = 0_usize;
    let mut is_open = false;
    for c in text.chars() {
        let digit = match c {
            '0'..='9' => c.to_digit(10)?,
            '元' if count == 0 => 1,
            '-' | '/' | '.' | ' ' | ',' | '、' | '年' | '月' | '日' | '生' | '頃' => {
                is_open = false;
                continue;
            }
            _ if width::is_hyphen(c) => {
                is_open = false;
                continue;
            }
            _ => return None,
        };
        if !is_open {
            count += 1;
            is_open = true;
        }
        let run = runs.get_mut(count.checked_sub(1)?)?;
        run.value = run.value.checked_mul(10)?.checked_add(u64::from(digit))?;
        run.digits = run.digits.checked_add(1)?;
    }
    (count > 0).then_some((runs, count))
}

/// Month or day as written; 0 is unknown, more than two digits is no date.
fn short(run: Option<Run>) -> Option<Option<u8>> {
    let Some(run) = run else { return Some(None) };
    if run.digits > 2 {
        return None;
    }
    let number = u8::try_from(run.value).ok()?;
    Some((number > 0).then_some(number))
}

/// A date in one run of digits: `19480405`, `194804`, `1948`, `3230405` (era code), `19480405000000` (HL7).
fn packed(run: Run) -> Option<(PartialDate, bool)> {
    let split = |value: u64| (value / 10_000, value / 100 % 100, value % 100);
    let (year, month, day) = match run.digits {
        14 => split(run.value / 1_000_000),
        12 => split(run.value / 10_000),
        8 => split(run.value),
        7 => {
            let (coded_year, month, day) = split(run.value);
            let era = ERAS.iter().find(|era| u64::from(era.code) == coded_year / 100)?;
            let year = u16::try_from(coded_year % 100).ok().filter(|&year| year > 0)?;
            if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                return None;
            }
            return Some(from_wareki(era, year, u8::try_from(month).ok(), u8::try_from(day).ok()));
        }
        // Six digits may be a two-digit year as well: only a plausible year and month are taken.
        6 if (1800..=2199).contains(&(run.value / 100)) && (1..=12).contains(&(run.value % 100)) => {
            (run.value / 100, run.value % 100, 0)
        }
        4 => (run.value, 0, 0),
        _ => return None,
    };
    let year = u16::try_from(year).ok().filter(|&year| year > 0)?;
    let known = |part: u64| u8::try_from(part).ok().filter(|&part| part > 0);
    Some((PartialDate { year, month: known(month), day: known(day) }, true))
}

fn era_date(era: &Era, count: usize, runs: [Run; 3]) -> Option<(PartialDate, bool)> {
    let [first, second, third] = runs;
    let (year, month, day) = match (count, first.digits) {
        (1, 6) => (first.value / 10_000, known(first.value / 100 % 100)?, known(first.value % 100)?),
        (1, 4) => (first.value / 100, known(first.value % 100)?, None),
        (1, 1 | 2) => (first.value, None, None),
        (2, 1 | 2) => (first.value, short(Some(second))?, None),
        (3, 1 | 2) => (first.value, short(Some(second))?, short(Some(third))?),
        _ => return None,
    };
    let year = u16::try_from(year).ok().filter(|&year| year > 0)?;
    Some(from_wareki(era, year, month, day))
}

fn known(part: u64) -> Option<Option<u8>> {
    let part = u8::try_from(part).ok()?;
    Some((part > 0).then_some(part))
}

#[cfg(test)]
mod tests;

//! Times of FHIR and of a consent document: which instants and days a text means.
//!
//! A FHIR `dateTime` is as exact as it is written: a year, a month, a day, a second, a fraction. The end of a `Period` is
//! included with all of its last unit (FHIR R4, data types, Period), where ours ends before an instant. A date has no zone, so the
//! caller's holds; a time has its own. Rules count whole seconds and records have days, so anything finer is refused.

use super::element::Element;
use super::error::{FhirRefusal, FhirRejection};
use crate::document::RecordDays;
use crate::rule::Second;
use directory::{Date, Instant, Offset, Period};
use serde_json::{Map, Value};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// From a first day to a last, as a year, a month or a day is written.
fn days_of(text: &str) -> Option<(Date, Date)> {
    let date = |text: String| text.parse::<Date>().ok();
    match text.len() {
        4 => Some((date(format!("{text}-01-01"))?, date(format!("{text}-12-31"))?)),
        7 => {
            let first = date(format!("{text}-01"))?;
            let last = (28..=31).rev().find_map(|day| Date::new(first.year(), first.month(), day))?;
            Some((first, last))
        }
        10 => date(text.to_owned()).map(|day| (day, day)),
        _ => None,
    }
}

/// The first instant that a text means, and the one after the last.
fn span_of(text: &str, zone: Offset) -> Option<(Instant, Instant)> {
    if let Some((first, last)) = days_of(text) {
        return Some((first.start_instant(zone), last.next()?.start_instant(zone)));
    }
    // The parser takes more than FHIR does: a space or a small letter for `T`, and digits beyond the microsecond.
    let (_, time) = text.split_once('T')?;
    let fraction = time.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let unit = 10_i64.pow(u32::try_from(6_usize.checked_sub(digits)?).ok()?);
    let first: Instant = text.parse().ok()?;
    Some((first, first.plus_micros(unit)))
}

/// When a consent was signed. A bare date means the beginning of that day.
pub(super) fn signed_of(element: &Element<'_>, zone: Offset) -> Result<Instant, FhirRejection> {
    let text = element.text()?;
    let is_day = text.len() >= 10;
    let (first, _) =
        span_of(text, zone).filter(|_| is_day).ok_or_else(|| element.malformed("a day, or a time with a zone"))?;
    Ok(first)
}

/// A `Period` in which a provision holds.
pub(super) fn period_of(element: &Element<'_>, zone: Offset) -> Result<Period, FhirRejection> {
    let members = element.members(&["start", "end"])?;
    let span = |end: &Element<'_>| {
        let span = span_of(end.text()?, zone);
        span.ok_or_else(|| end.malformed("a date, or a time with a zone and at most six digits of a second"))
    };
    let start = members.get("start").as_ref().map(span).transpose()?;
    let end = members.get("end").as_ref().map(span).transpose()?;
    if start.is_none() && end.is_none() {
        return Err(element.malformed("a period with a start or an end"));
    }
    let from = start.map_or(Instant::MIN, |(first, _)| first);
    let until = end.map_or(Instant::FOREVER, |(_, after)| after);
    let period = Period::new(from, until).map_err(|_| element.malformed("a period that ends after its start"))?;
    let is_whole = Second::exactly(from).is_some() && Second::exactly(until).is_some();
    let reason = "a rule holds for whole seconds between 1970 and 2106";
    if is_whole { Ok(period) } else { Err(element.inexpressible(reason)) }
}

/// A `Period` that data are from.
pub(super) fn record_days_of(element: &Element<'_>) -> Result<RecordDays, FhirRejection> {
    let members = element.members(&["start", "end"])?;
    let days = |end: &Element<'_>| {
        let days = days_of(end.text()?);
        days.ok_or_else(|| end.inexpressible("records are told apart by their days, so a date belongs here"))
    };
    let first = members.get("start").as_ref().map(days).transpose()?.map(|(first, _)| first);
    let last = members.get("end").as_ref().map(days).transpose()?.map(|(_, last)| last);
    match (first, last) {
        (None, None) => Err(element.malformed("a period with a start or an end")),
        (Some(first), Some(last)) if last < first => Err(element.malformed("a period that ends after its start")),
        (first, last) => Ok(RecordDays::Between(first, last)),
    }
}

/// When a consent was signed, as FHIR writes it.
pub(super) fn signed_text(signed: Instant) -> Result<String, FhirRefusal> {
    let what = "that it was signed outside the years 1 to 9999";
    signed.date(Offset::UTC).map(|_| signed.to_string()).ok_or(FhirRefusal::Unsayable { provision: 0, what })
}

/// The `Period` of a provision, its end in the second before ours.
pub(super) fn period_json(period: Period, provision: u16) -> Result<Value, FhirRefusal> {
    let refused = |what| FhirRefusal::Unsayable { provision, what };
    let (from, until) = (period.from(), period.until());
    if Second::exactly(from).is_none() || Second::exactly(until).is_none() {
        return Err(refused("a period that is not of whole seconds between 1970 and 2106"));
    }
    if period == Period::ALWAYS {
        return Err(refused("a period without start and end"));
    }
    let mut json = Map::new();
    if from != Instant::MIN {
        json.insert("start".to_owned(), from.to_string().into());
    }
    if until != Instant::FOREVER {
        json.insert("end".to_owned(), until.plus_micros(-MICROS_PER_SECOND).to_string().into());
    }
    Ok(json.into())
}

/// The `Period` that data are from; none for any.
pub(super) fn record_days_json(days: RecordDays, provision: u16) -> Result<Option<Value>, FhirRefusal> {
    let refused = |what| FhirRefusal::Unsayable { provision, what };
    match days {
        RecordDays::Any => Ok(None),
        RecordDays::Within(_) => Err(refused("an age of data that is counted back from today")),
        RecordDays::Between(None, None) => Err(refused("days of data without a first and a last")),
        RecordDays::Between(Some(first), Some(last)) if last < first => {
            Err(refused("days of data of which the last is before the first"))
        }
        RecordDays::Between(first, last) => {
            let ends = [("start", first), ("end", last)].into_iter();
            let said = ends.filter_map(|(name, day)| Some((name.to_owned(), Value::from(day?.to_string()))));
            Ok(Some(said.collect::<Map<_, _>>().into()))
        }
    }
}

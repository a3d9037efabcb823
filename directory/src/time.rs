//! Instants, calendar dates, and the one place where a date becomes an interval of time.
//!
//! An instant is microseconds since 1970 in UTC; a calendar date is a day of somebody's calendar and has no instant until
//! a zone is given. Zones are fixed offsets: Japan has had no summer time since 1951, before any record of a network.
//! There is no clock here; whoever needs the present gets it as a parameter.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// A moment: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(i64);

/// A day of the calendar, year 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// How far a zone is east of Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    minutes_east: i16,
}

/// A half-open interval of time that is never empty: from the first instant until, but without, the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Period {
    from: Instant,
    until: Instant,
}

/// Two instants that choose one answer: what was known then about that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The moment that is asked about.
    pub valid: Instant,
    /// What was recorded up to and with this moment is known.
    pub recorded: Instant,
}

/// Why a text or a number is not a time. It is never a birth date, so the message may hold it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    /// Not as RFC 3339 wants it.
    #[error("`{text}` is not a time such as `2026-04-01T09:30:00+09:00`")]
    Instant {
        /// What was given.
        text: String,
    },
    /// Not as `YYYY-MM-DD`, or no day of the calendar.
    #[error("`{text}` is not a date such as `2026-04-01`")]
    Date {
        /// What was given.
        text: String,
    },
    /// The end is not after the start.
    #[error("the period from {from} until {until} is empty")]
    Period {
        /// The start.
        from: Instant,
        /// The end.
        until: Instant,
    },
}

impl Instant {
    /// Before everything.
    pub const MIN: Self = Self(i64::MIN);
    /// The end of a period that has no end; no period holds it.
    pub const FOREVER: Self = Self(i64::MAX);

    /// An instant by its microseconds since 1970 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by some microseconds, or earlier when negative; at most [`Instant::FOREVER`].
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds after another instant, negative when before it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day that a calendar in this zone shows; none outside the years 1 to 9999.
    #[must_use]
    pub fn date(self, zone: Offset) -> Option<Date> {
        Date::from_days(self.0.saturating_add(zone.micros()).div_euclid(MICROS_PER_DAY))
    }
}

impl Offset {
    /// Greenwich.
    pub const UTC: Self = Self { minutes_east: 0 };
    /// All of Japan.
    pub const TOKYO: Self = Self { minutes_east: 9 * 60 };

    /// A zone by its minutes east of Greenwich; none from a day on.
    #[must_use]
    pub const fn from_minutes(minutes_east: i16) -> Option<Self> {
        if -1440 < minutes_east && minutes_east < 1440 { Some(Self { minutes_east }) } else { None }
    }

    fn micros(self) -> i64 {
        i64::from(self.minutes_east) * 60 * MICROS_PER_SECOND
    }
}

impl Date {
    /// A day that the calendar has; none otherwise.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let has_year = (1..=9999).contains(&year);
        (has_year && day >= 1 && day <= days_of_month(year, month)?).then_some(Self { year, month, day })
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i32 {
        // Years begin in March here, so that the leap day is the last of its year.
        let (year, month) = (i32::from(self.year), i32::from(self.month));
        let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let before_month = (153 * months + 2) / 5;
        let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        before_year + before_month + i32::from(self.day) - 1 - DAYS_TO_1970
    }

    /// The day this many days after 1970-01-01; none outside the years 1 to 9999.
    #[must_use]
    pub fn from_days(days: i64) -> Option<Self> {
        let days = i32::try_from(days).ok()?.checked_add(DAYS_TO_1970)?;
        let (cycle, day) = (days.div_euclid(DAYS_PER_400_YEARS), days.rem_euclid(DAYS_PER_400_YEARS));
        // The last day of a cycle, of four years, is the leap day that the plain quotient would call a new year.
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let months = (5 * day + 2) / 153;
        let day_of_month = day - (153 * months + 2) / 5 + 1;
        let (month, carry) = if months < 10 { (months + 3, 0) } else { (months - 9, 1) };
        let year = cycle.checked_mul(400)?.checked_add(year + carry)?;
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day_of_month).ok()?)
    }

    /// The day after; none after the last of the year 9999.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::from_days(i64::from(self.days()) + 1)
    }

    /// The first instant of the day in a zone.
    #[must_use]
    pub fn start_instant(self, zone: Offset) -> Instant {
        Instant(i64::from(self.days()) * MICROS_PER_DAY - zone.micros())
    }
}

/// Days from the first of March of the year 0 to 1970-01-01.
const DAYS_TO_1970: i32 = 719_468;
const DAYS_PER_400_YEARS: i32 = 146_097;

fn days_of_month(year: u16, month: u8) -> Option<u8> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

impl Period {
    /// All time.
    pub const ALWAYS: Self = Self { from: Instant::MIN, until: Instant::FOREVER };

    /// A period that holds at least one instant.
    ///
    /// # Errors
    /// [`InvalidTime::Period`] when the end is not after the start.
    pub fn new(from: Instant, until: Instant) -> Result<Self, InvalidTime> {
        if from < until { Ok(Self { from, until }) } else { Err(InvalidTime::Period { from, until }) }
    }

    /// From an instant on, without an end. From [`Instant::FOREVER`] there is none, so it starts just before.
    #[must_use]
    pub fn since(from: Instant) -> Self {
        Self { from: from.min(Instant(i64::MAX - 1)), until: Instant::FOREVER }
    }

    /// The days from the first to the last, both included, as a calendar in a zone counts them; without a last day
    /// there is no end. This is the one place where dates become instants.
    ///
    /// # Errors
    /// [`InvalidTime::Period`] when the last day is before the first.
    pub fn of_days(first: Date, last: Option<Date>, zone: Offset) -> Result<Self, InvalidTime> {
        let end_of = |last: Date| last.start_instant(zone).plus_micros(MICROS_PER_DAY);
        Self::new(first.start_instant(zone), last.map_or(Instant::FOREVER, end_of))
    }

    /// The first instant.
    #[must_use]
    pub fn from(self) -> Instant {
        self.from
    }

    /// The instant after the last; [`Instant::FOREVER`] when there is no end.
    #[must_use]
    pub fn until(self) -> Instant {
        self.until
    }

    /// Whether an instant is in it.
    #[must_use]
    pub fn contains(self, instant: Instant) -> bool {
        self.from <= instant && instant < self.until
    }

    /// What two periods share; none when they share nothing.
    #[must_use]
    pub fn shared_with(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.until.min(other.until)).ok()
    }
}

impl AsOf {
    /// What is known at an instant about that instant.
    #[must_use]
    pub fn now(instant: Instant) -> Self {
        Self { valid: instant, recorded: instant }
    }

    /// All that has been recorded about an instant.
    #[must_use]
    pub fn known(valid: Instant) -> Self {
        Self { valid, recorded: Instant::FOREVER }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    /// Hides the day: it may be a birth date, and those do not belong into a log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(..)")
    }
}

impl FromStr for Date {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        date_of(text.as_bytes()).ok_or_else(|| InvalidTime::Date { text: text.to_owned() })
    }
}

impl Serialize for Date {
    /// Days since 1970: small in a row. An answer writes the text itself.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.days())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let days = i32::deserialize(deserializer)?;
        Self::from_days(i64::from(days)).ok_or_else(|| serde::de::Error::custom("a day outside the years 1 to 9999"))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (from, until) = <(Instant, Instant)>::deserialize(deserializer)?;
        Self::new(from, until).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Instant {
    /// As RFC 3339 in UTC, with as many digits of the second as are needed. Outside the years 1 to 9999 the number of
    /// microseconds stands instead: no such instant comes from a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(date) = self.date(Offset::UTC) else { return write!(f, "{}us", self.0) };
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        write!(f, "{date}T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if fraction % 1000 != 0 {
            write!(f, ".{fraction:06}")?;
        } else if fraction != 0 {
            write!(f, ".{:03}", fraction / 1000)?;
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.from, self.until)
    }
}

impl FromStr for Instant {
    type Err = InvalidTime;

    /// Reads RFC 3339: `T` and `Z` in either case, any offset, digits beyond the microsecond cut off. A leap second
    /// counts as the second before it.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        instant_of(text.as_bytes()).ok_or_else(|| InvalidTime::Instant { text: text.to_owned() })
    }
}

fn instant_of(text: &[u8]) -> Option<Instant> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = date_of(date)?;
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = rest else { return None };
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = rest.split_at_checked(digits)?;
            (micros_of(digits)?, rest)
        }
        rest => (0, rest),
    };
    let zone = match rest {
        [b'Z' | b'z'] => Offset::UTC,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = i16::try_from(hours * 60 + minutes).ok()?;
            Offset::from_minutes(if *sign == b'-' { -east } else { east })?
        }
        _ => return None,
    };
    let seconds = i64::from(hour * 3600 + minute * 60 + second.min(59));
    Some(date.start_instant(zone).plus_micros(seconds * MICROS_PER_SECOND + fraction))
}

/// `YYYY-MM-DD`.
fn date_of(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let (year, month, day) = (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

/// A few digits as a number.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// The digits after the point of a second; none when there is no digit.
fn micros_of(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    Some(padded.take(6).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests;

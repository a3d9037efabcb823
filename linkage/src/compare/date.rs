//! Measures of two calendar dates, perhaps partial.
//!
//! A measure that needs a part (month, day) that one date does not know gives `None`: it cannot be said.

use crate::value::PartialDate;

use super::{Measure, flag};

/// Years by which a date of one era is off when it is read in another, or a year of an era as a western one.
///
/// Shōwa and Heisei 63, Shōwa and Taishō 14, Meiji and Shōwa 58, Meiji and Taishō 44, Heisei and Reiwa 30, Taishō and
/// Heisei 77; a Shōwa year keyed as 19YY 25, a Heisei year keyed as 20YY 12.
const ERA_SLIPS: [u16; 8] = [12, 14, 25, 30, 44, 58, 63, 77];

/// The number of a measure of dates; `None` for other measures, and where a part that it needs is unknown.
pub(crate) fn measure(measure: Measure, left: PartialDate, right: PartialDate) -> Option<f64> {
    let years = left.year.abs_diff(right.year);
    let months = || Some((left.month?, right.month?));
    let days = || Some((left.day?, right.day?));
    match measure {
        Measure::SameYear => Some(flag(years == 0)),
        Measure::SameYearMonth => months().map(|(l, r)| flag(years == 0 && l == r)),
        Measure::SameYearDay => days().map(|(l, r)| flag(years == 0 && l == r)),
        Measure::SameMonthDay => Some(flag(same(months()?) && same(days()?))),
        Measure::EraSlip => Some(flag(same(months()?) && same(days()?) && ERA_SLIPS.contains(&years))),
        Measure::DayMonthSwapped => {
            let ((l_month, r_month), (l_day, r_day)) = (months()?, days()?);
            Some(flag(years == 0 && l_month == r_day && l_day == r_month && l_month != l_day))
        }
        Measure::PartialDateMatch => {
            let partial = months().is_none() || days().is_none();
            Some(flag(partial && years == 0 && months().is_none_or(same) && days().is_none_or(same)))
        }
        Measure::YearsApart => Some(match (day_number(left), day_number(right)) {
            (Some(l), Some(r)) => f64::from(l.abs_diff(r)) / 365.25,
            _ => f64::from(years),
        }),
        Measure::DateDigits => Some(f64::from(digit_edits(digits(left)?, digits(right)?))),
        Measure::DateTransposed => Some(flag(transposed(digits(left)?, digits(right)?))),
        _ => None,
    }
}

fn same((left, right): (u8, u8)) -> bool {
    left == right
}

/// Days since 1 March of year 0 (Gregorian); impossible days such as 30 February count on.
fn day_number(date: PartialDate) -> Option<i32> {
    let (month, day) = (i32::from(date.month?), i32::from(date.day?));
    // Years begin in March, so that the leap day is the last of its year.
    let months = i32::from(date.year) * 12 + month - 3;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // From March on, five months have 153 days: 31, 30, 31, 30, 31.
    Some(year * 365 + leap_days + (153 * month + 2) / 5 + day)
}

/// The digits of `yyyymmdd`; parts that are too large for their digits lose the front ones.
fn digits(date: PartialDate) -> Option<[u8; 8]> {
    let (year, month, day) = (date.year, u16::from(date.month?), u16::from(date.day?));
    let digit = |number: u16, place: u16| u8::try_from(number / place % 10).unwrap_or(0);
    Some([
        digit(year, 1000),
        digit(year, 100),
        digit(year, 10),
        digit(year, 1),
        digit(month, 10),
        digit(month, 1),
        digit(day, 10),
        digit(day, 1),
    ])
}

/// Whether two different neighbouring digits are swapped and all others equal.
fn transposed(left: [u8; 8], right: [u8; 8]) -> bool {
    let mut swapped = left;
    let Some(at) = left.iter().zip(&right).position(|(l, r)| l != r) else { return false };
    if at + 1 >= swapped.len() {
        return false;
    }
    swapped.swap(at, at + 1);
    swapped == right
}

/// Edit distance of eight digits, neighbours swapped counting 1 (optimal string alignment).
#[expect(clippy::indexing_slicing, reason = "indices run from 0 to 8 over arrays of 8 and 9")]
fn digit_edits(left: [u8; 8], right: [u8; 8]) -> u8 {
    if left == right {
        return 0;
    }
    let mut rows = [[0_u8; 9]; 9];
    for at in 0..=8_u8 {
        rows[usize::from(at)][0] = at;
        rows[0][usize::from(at)] = at;
    }
    for i in 1..=8 {
        for j in 1..=8 {
            let substituted = rows[i - 1][j - 1] + u8::from(left[i - 1] != right[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[8][8]
}

//! The five eras of the Japanese calendar since 1868, and the slips that people make with them.
//!
//! An era is data: a new one is a new line. Dates before 1868-01-25 are not converted, and the lunisolar calendar that
//! was in force until the end of 1872 is not computed: year, month and day are taken as written.

use crate::value::PartialDate;

/// One era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// Name, `昭和`.
    pub name: &'static str,
    /// First character of the name, as forms print it: `昭`.
    pub short: char,
    /// Letter, `S`.
    pub letter: char,
    /// Code of claims files: 1 for 明治 to 5 for 令和.
    pub code: u8,
    /// First day: year, month, day.
    pub first: (u16, u8, u8),
    /// Last day, `None` for the present era. 1912-07-30 and 1926-12-25 belong to both their eras.
    pub last: Option<(u16, u8, u8)>,
    /// Western year of year n is n + offset.
    pub offset: u16,
}

/// The eras, oldest first.
pub const ERAS: [Era; 5] = [
    era("明治", '明', 'M', 1, (1868, 1, 25), Some((1912, 7, 30))),
    era("大正", '大', 'T', 2, (1912, 7, 30), Some((1926, 12, 25))),
    era("昭和", '昭', 'S', 3, (1926, 12, 25), Some((1989, 1, 7))),
    era("平成", '平', 'H', 4, (1989, 1, 8), Some((2019, 4, 30))),
    era("令和", '令', 'R', 5, (2019, 5, 1), None),
];

const fn era(
    name: &'static str,
    short: char,
    letter: char,
    code: u8,
    first: (u16, u8, u8),
    last: Option<(u16, u8, u8)>,
) -> Era {
    Era { name, short, letter, code, first, last, offset: first.0 - 1 }
}

/// A way to get the year wrong by a fixed number of years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Difference in years between the right and the wrong date, in either direction.
    pub years: u16,
    /// What was mistaken for what.
    pub kind: &'static str,
}

/// The slips: another era with the same year number, or an era year keyed as the last two digits of a western year.
pub const SLIPS: [Slip; 8] = [
    Slip { years: 63, kind: "S-H" },
    Slip { years: 14, kind: "T-S" },
    Slip { years: 58, kind: "M-S" },
    Slip { years: 44, kind: "M-T" },
    Slip { years: 30, kind: "H-R" },
    Slip { years: 77, kind: "T-H" },
    Slip { years: 25, kind: "S-19YY" },
    Slip { years: 12, kind: "H-20YY" },
];

/// The slip that explains a difference of that many years, if one does.
#[must_use]
pub fn slip_of(years: u16) -> Option<Slip> {
    SLIPS.iter().copied().find(|slip| slip.years == years)
}

/// A date in era years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wareki {
    /// The era.
    pub era: Era,
    /// Year of the era, from 1.
    pub year: u16,
    /// Month, `None` when unknown.
    pub month: Option<u8>,
    /// Day, `None` when unknown.
    pub day: Option<u8>,
}

/// The date in era years, `None` before 1868-01-25. On a day of two eras the later one is given; an unknown month or
/// day counts as the last of its year or month, so `1989` is 平成元年.
#[must_use]
pub fn to_wareki(date: PartialDate) -> Option<Wareki> {
    let day = (date.year, date.month.unwrap_or(12), date.day.unwrap_or(31));
    let era = ERAS.iter().rev().copied().find(|era| era.first <= day)?;
    Some(Wareki { era, year: date.year.checked_sub(era.offset)?, month: date.month, day: date.day })
}

/// The western date of an era date, and whether such a day existed. Days before the first or after the last of the era
/// (昭和64年3月1日) are printed on real cards: they are mapped on, with `false`.
#[must_use]
pub fn from_wareki(era: &Era, year: u16, month: Option<u8>, day: Option<u8>) -> (PartialDate, bool) {
    let date = PartialDate { year: era.offset.saturating_add(year), month, day };
    let first = (date.year, month.unwrap_or(1), day.unwrap_or(1));
    let last = (date.year, month.unwrap_or(12), day.unwrap_or(31));
    let existed = year > 0 && last >= era.first && era.last.is_none_or(|end| first <= end);
    (date, existed)
}

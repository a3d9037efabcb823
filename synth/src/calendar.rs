//! Days and Japanese eras.
//!
//! Just enough calendar for a generator: days are counted, dates are proleptic Gregorian, eras are five constants.
//! Nothing here asks what day it is.

/// Days since 1970-01-01.
pub(crate) type Day = i32;

/// A calendar date; as a registered value it may be one that never existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
}

/// First days of the eras and what to subtract from the western year, latest first.
const ERAS: [(Date, char, i32); 5] = [
    (Date { year: 2019, month: 5, day: 1 }, 'R', 2018),
    (Date { year: 1989, month: 1, day: 8 }, 'H', 1988),
    (Date { year: 1926, month: 12, day: 25 }, 'S', 1925),
    (Date { year: 1912, month: 7, day: 30 }, 'T', 1911),
    (Date { year: 1868, month: 1, day: 25 }, 'M', 1867),
];

impl Date {
    pub(crate) const fn new(year: i32, month: i32, day: i32) -> Self {
        Self { year, month, day }
    }

    /// The day count of this date (the algorithm counts years from March, so that the leap day comes last).
    pub(crate) const fn to_day(self) -> Day {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let century = year.div_euclid(400);
        let year_of_century = year - century * 400;
        let month = (self.month + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        let day_of_century = year_of_century * 365 + year_of_century / 4 - year_of_century / 100 + day_of_year;
        century * 146_097 + day_of_century - 719_468
    }

    pub(crate) const fn from_day(day: Day) -> Self {
        let shifted = day + 719_468;
        let century = shifted.div_euclid(146_097);
        let day_of_century = shifted - century * 146_097;
        let year_of_century =
            (day_of_century - day_of_century / 1_460 + day_of_century / 36_524 - day_of_century / 146_096) / 365;
        let day_of_year = day_of_century - (365 * year_of_century + year_of_century / 4 - year_of_century / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_century + century * 400 + if month <= 2 { 1 } else { 0 };
        Self { year, month, day }
    }

    /// Era letter and year of the era: 1948 is `('S', 23)`.
    pub(crate) fn era(self) -> (char, i32) {
        let key = (self.year, self.month, self.day);
        for (first, letter, offset) in ERAS {
            if key >= (first.year, first.month, first.day) {
                return (letter, self.year - offset);
            }
        }
        ('M', self.year - 1867)
    }
}

/// The first day of a year.
pub(crate) const fn new_year(year: i32) -> Day {
    Date::new(year, 1, 1).to_day()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(Date::new(1970, 1, 1).to_day(), 0);
        assert_eq!(Date::new(2000, 3, 1).to_day(), 11_017);
        for day in (new_year(1890)..new_year(2030)).step_by(13) {
            assert_eq!(Date::from_day(day).to_day(), day);
        }
    }

    #[track_caller]
    fn check(date: Date, expected: (char, i32)) {
        assert_eq!(date.era(), expected);
    }

    #[test]
    fn eras_change_on_their_day() {
        check(Date::new(1912, 7, 29), ('M', 45));
        check(Date::new(1912, 7, 30), ('T', 1));
        check(Date::new(1926, 12, 24), ('T', 15));
        check(Date::new(1926, 12, 25), ('S', 1));
        check(Date::new(1989, 1, 7), ('S', 64));
        check(Date::new(1989, 1, 8), ('H', 1));
        check(Date::new(2019, 4, 30), ('H', 31));
        check(Date::new(2019, 5, 1), ('R', 1));
    }
}

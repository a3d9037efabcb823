//! Instants and dates against known values and against a calendar that counts day by day.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn check_instant(text: &str, expected: Option<&str>) {
    let found = text.parse::<Instant>();
    assert_eq!(found.map(|instant| instant.to_string()).ok().as_deref(), expected);
}

#[test]
fn instants_are_rfc_3339() {
    check_instant("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z"));
    check_instant("2026-04-01T09:30:00+09:00", Some("2026-04-01T00:30:00Z"));
    check_instant("2026-04-01T00:00:00.5+09:00", Some("2026-03-31T15:00:00.500Z"));
    check_instant("2026-04-01 00:00:00-00:30", Some("2026-04-01T00:30:00Z"));
    check_instant("1969-12-31t23:59:59.999999z", Some("1969-12-31T23:59:59.999999Z"));
    check_instant("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z"));
    check_instant("2026-04-01T00:00:00.1234567Z", Some("2026-04-01T00:00:00.123456Z"));
    check_instant("2026-02-29T00:00:00Z", None);
    check_instant("2026-04-01T24:00:00Z", None);
    check_instant("2026-04-01T00:60:00Z", None);
    check_instant("2026-04-01T00:00:61Z", None);
    check_instant("2026-04-01T00:00:00.Z", None);
    check_instant("2026-04-01T00:00:00", None);
    check_instant("2026-04-01T00:00:00+24:00", None);
    check_instant("2026-04-01T00:00:00+0900", None);
    check_instant("2026-04-01T00:00:00+09:60", None);
    check_instant("2026-04-01T00:00:00ZZ", None);
    check_instant("+026-04-01T00:00:00Z", None);
    check_instant("2026-04-01", None);
    check_instant("", None);
    check_instant("二〇二六年四月一日", None);
}

#[test]
fn instants_count_microseconds() {
    let micros = |text: &str| text.parse::<Instant>().unwrap().micros();
    assert_eq!(micros("1970-01-01T00:00:00.000001Z"), 1);
    assert_eq!(micros("1970-01-01T09:00:00+09:00"), 0);
    assert_eq!(micros("2001-09-09T01:46:40Z"), 1_000_000_000_000_000);
    assert_eq!(Instant::MIN.to_string(), "-9223372036854775808us");
    assert_eq!(Instant::FOREVER.to_string(), "9223372036854775807us");
    assert_eq!(Instant::FOREVER.plus_micros(1), Instant::FOREVER);
}

#[track_caller]
fn check_date(text: &str, days: Option<i32>) {
    let found = text.parse::<Date>();
    assert_eq!(found.clone().map(Date::days).ok(), days);
    if let Ok(date) = found {
        assert_eq!(date.to_string(), text);
    }
}

#[test]
fn dates_are_days_of_the_calendar() {
    check_date("1970-01-01", Some(0));
    check_date("1969-12-31", Some(-1));
    check_date("2000-02-29", Some(11_016));
    check_date("2000-03-01", Some(11_017));
    check_date("2026-04-01", Some(20_544));
    check_date("0001-01-01", Some(-719_162));
    check_date("9999-12-31", Some(2_932_896));
    check_date("1900-02-29", None);
    check_date("2024-02-30", None);
    check_date("2024-13-01", None);
    check_date("2024-00-01", None);
    check_date("2024-01-00", None);
    check_date("0000-01-01", None);
    check_date("2024-1-1", None);
    check_date("2024/01/01", None);
    assert_eq!(Date::from_days(2_932_897), None);
    assert_eq!(Date::from_days(-719_163), None);
    assert_eq!(Date::from_days(i64::MAX), None);
    assert_eq!(Date::from_days(i64::from(i32::MAX)), None);
    assert_eq!(Date::from_days(i64::from(i32::MIN)), None);
}

/// Every day of the calendar follows the one before it: the arithmetic against plain counting.
#[test]
fn days_follow_each_other() {
    let (mut year, mut month, mut day) = (1, 1, 1);
    for days in -719_162..=2_932_896 {
        let date = Date::from_days(days).unwrap();
        assert_eq!((date.year(), date.month(), date.day()), (year, month, day));
        assert_eq!(i64::from(date.days()), days);
        day += 1;
        if Date::new(year, month, day).is_none() {
            (month, day) = (month + 1, 1);
        }
        if month == 13 {
            (year, month) = (year + 1, 1);
        }
    }
}

#[test]
fn dates_become_periods_in_one_place() {
    let date = |text: &str| text.parse::<Date>().unwrap();
    let period = |first, last: Option<&str>, zone| {
        Period::of_days(date(first), last.map(date), zone).map(|period| format!("{period:?}"))
    };
    let day = period("2026-04-01", Some("2026-04-01"), Offset::TOKYO);
    assert_eq!(day.as_deref(), Ok("[2026-03-31T15:00:00Z, 2026-04-01T15:00:00Z)"));
    let year = period("2026-04-01", Some("2027-03-31"), Offset::UTC);
    assert_eq!(year.as_deref(), Ok("[2026-04-01T00:00:00Z, 2027-04-01T00:00:00Z)"));
    let open = period("2026-04-01", None, Offset::UTC);
    assert_eq!(open.as_deref(), Ok("[2026-04-01T00:00:00Z, 9223372036854775807us)"));
    assert!(period("2026-04-02", Some("2026-04-01"), Offset::UTC).is_err());
    assert_eq!(date("9999-12-31").next(), None);
    assert_eq!(Offset::from_minutes(540), Some(Offset::TOKYO));
    assert_eq!(Offset::from_minutes(1440), None);
}

#[test]
fn a_period_holds_its_start_and_not_its_end() {
    let at = Instant::from_micros;
    let period = Period::new(at(1), at(3)).unwrap();
    assert_eq!([0, 1, 2, 3].map(|micros| period.contains(at(micros))), [false, true, true, false]);
    assert!(Period::new(at(3), at(3)).is_err());
    assert_eq!(period.shared_with(Period::since(at(2))), Period::new(at(2), at(3)).ok());
    assert_eq!(period.shared_with(Period::since(at(3))), None);
    assert!(Period::ALWAYS.contains(Instant::MIN));
    assert!(!Period::ALWAYS.contains(Instant::FOREVER));
    assert!(Period::since(Instant::FOREVER).from() < Instant::FOREVER);
}

#[test]
fn a_date_does_not_reach_a_log_line() {
    assert_eq!(format!("{:?}", Date::new(1950, 1, 2)), "Some(Date(..))");
}

proptest! {
    #[test]
    fn instants_are_read_as_they_are_written(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
        let instant = Instant::from_micros(micros);
        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
    }

    #[test]
    fn an_instant_is_on_its_date(micros in -62_135_500_000_000_000_i64..253_402_200_000_000_000, minutes in -720_i16..=840) {
        let (instant, zone) = (Instant::from_micros(micros), Offset::from_minutes(minutes).unwrap());
        let date = instant.date(zone).unwrap();
        prop_assert!(Period::of_days(date, Some(date), zone).unwrap().contains(instant));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}|[0-9T:.+Z-]{0,30}") {
        let _ = text.parse::<Instant>();
        let _ = text.parse::<Date>();
    }
}

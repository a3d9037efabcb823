//! Dates in every form that is read, and those that are kept as text.

use super::*;

#[track_caller]
fn check(raw: &str, expected: &str, quality: Quality) {
    let value = date(raw).unwrap_or_else(|| panic!("{raw:?} is null"));
    assert_eq!(&*value.exact, expected, "{raw:?}");
    assert_eq!(value.quality(), quality, "{raw:?}");
    assert_eq!(date(expected).unwrap().exact, value.exact, "{raw:?} again");
}

#[test]
fn full_dates() {
    for raw in [
        "1948-04-05",
        "19480405",
        "1948/4/5",
        "1948.4.5",
        "1948年4月5日",
        "１９４８年４月５日",
        "1948－4－5",
        " 1948-04-05 ",
        "1948 4 5",
        "05/04/1948",
        "5.4.1948",
        "1948-04-05T00:00:00",
        "1948/4/5 0:00",
        "19480405000000",
        "194804050000",
        "S23.4.5",
        "s23/4/5",
        "S230405",
        "3230405",
        "昭和23年4月5日",
        "昭和２３年４月５日",
        "昭23.4.5",
        "㍼23.4.5",
        "㍼23年4月5日生",
        "昭和二十三年四月五日",
        "昭和 23年 4月 5日",
    ] {
        check(raw, "1948-04-05", Quality::NONE);
    }
    check("4/25/1948", "1948-04-25", Quality::NONE);
    check("昭和元年12月25日", "1926-12-25", Quality::NONE);
    check("㋿1.5.1", "2019-05-01", Quality::NONE);
    check("H31.4.30", "2019-04-30", Quality::NONE);
}

#[test]
fn partial_dates() {
    for raw in ["1948-04", "194804", "1948年4月", "04/1948", "S23.4", "昭和23年4月", "1948-04-00", "19480400", "S2304"]
    {
        check(raw, "1948-04", Quality::NONE);
    }
    for raw in ["1948", "1948年", "S23", "㍼23", "昭和23年", "1948-00-00", "19480000", "昭和23年頃"] {
        check(raw, "1948", Quality::NONE);
    }
    check("1948-00-05", "1948-00-05", Quality::NONE);
}

#[test]
fn days_that_never_were() {
    check("S64.3.1", "1989-03-01", Quality::IMPOSSIBLE);
    check("S64.1.8", "1989-01-08", Quality::IMPOSSIBLE);
    check("S64.1.7", "1989-01-07", Quality::NONE);
    check("S64", "1989", Quality::NONE);
    check("S65", "1990", Quality::IMPOSSIBLE);
    check("H1.1.7", "1989-01-07", Quality::IMPOSSIBLE);
    check("H31.5.1", "2019-05-01", Quality::IMPOSSIBLE);
    check("1850-04-82", "1850-04-82", Quality::IMPOSSIBLE);
    check("1948-13-05", "1948-13-05", Quality::IMPOSSIBLE);
    check("1900-02-29", "1900-02-29", Quality::IMPOSSIBLE);
    check("2000-02-29", "2000-02-29", Quality::NONE);
    check("1948-04-31", "1948-04-31", Quality::IMPOSSIBLE);
}

#[test]
fn defaults_and_sentinels() {
    let sentinel = Quality::PLACEHOLDER.with(Quality::DEFAULT_DATE);
    check("1900-01-01", "1900-01-01", sentinel);
    check("M33.1.1", "1900-01-01", sentinel);
    check("1900-12-31", "1900-12-31", sentinel);
    check("9999-99-99", "9999-99-99", sentinel.with(Quality::IMPOSSIBLE));
    check("1935-01-01", "1935-01-01", Quality::DEFAULT_DATE);
    check("1935-07-01", "1935-07-01", Quality::DEFAULT_DATE);
    check("1935-12-31", "1935-12-31", Quality::NONE);
}

#[test]
fn texts_that_are_no_dates() {
    for raw in [
        "48/4/5",
        "5 April 1948",
        "23.4.5",
        "480405",
        "S0.1.1",
        "abc",
        "1948-4-5-6",
        "S23.4.5.6",
        "H123",
        "1948-123-1",
        "7230405",
    ] {
        let value = date(raw).unwrap_or_else(|| panic!("{raw:?} is null"));
        assert_eq!((value.quality(), value.parts()), (Quality::UNPARSED, &Parts::None), "{raw:?}");
    }
    for raw in ["", "-", "不明", "不詳", "0000-00-00", "00000000", "0", "unknown", "NULL"] {
        assert_eq!(date(raw), None, "{raw:?}");
    }
}

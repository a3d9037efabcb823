use super::*;

#[track_caller]
fn check(raw: &str, expected: &str, quality: Quality) {
    let value = date(raw).unwrap_or_else(|| panic!("{raw:?} is null"));
    assert_eq!(&*value.exact, expected, "{raw:?}");
    assert_eq!(value.quality, quality, "{raw:?}");
    assert_eq!(date(expected).unwrap().exact, value.exact, "{raw:?} again");
}

#[test]
fn western_dates() {
    for raw in [
        "1948-04-05",
        "19480405",
        "1948/4/5",
        "1948.4.5",
        "1948年4月5日",
        "１９４８年４月５日",
        "05/04/1948",
        "4/25/1948",
    ] {
        let expected = if raw == "4/25/1948" { "1948-04-25" } else { "1948-04-05" };
        check(raw, expected, Quality::NONE);
    }
    check("1948-04", "1948-04", Quality::NONE);
    check("1948", "1948", Quality::NONE);
}

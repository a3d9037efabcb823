//! The parser of dates: western, era years, partial, and whatever else is typed into a date field.
//!
//! Any text gives a value or null, and a value is its own normal form. Month and day are never more than two digits,
//! also when the date cannot be.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linkage::normalize::{Kind, Tables, normalize};
use linkage::value::{Parts, Quality};

fuzz_target!(|text: &str| {
    let tables = Tables::empty();
    let Some(value) = normalize(Kind::Date, text, &tables) else { return };
    assert!(!value.exact.is_empty());
    let again = normalize(Kind::Date, &value.exact, &tables).expect("a value is not null");
    assert_eq!((&again.exact, again.folded()), (&value.exact, value.folded()), "{text:?}");
    match *value.parts() {
        Parts::Date(date) => {
            assert!(date.year <= 9999);
            assert!(date.month.is_none_or(|month| month <= 99) && date.day.is_none_or(|day| day <= 99), "{date:?}");
            let cannot_be = date.month.is_some_and(|month| !(1..=12).contains(&month))
                || date.day.is_some_and(|day| !(1..=31).contains(&day));
            assert!(!cannot_be || value.quality().has(Quality::IMPOSSIBLE), "{text:?} {date:?} {:?}", value.quality());
        }
        _ => assert!(value.quality().has(Quality::UNPARSED), "{text:?} {value:?}"),
    }
});

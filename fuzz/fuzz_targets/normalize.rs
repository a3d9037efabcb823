//! Normalisation of every kind of field, with the tables that are shipped.
//!
//! The first byte chooses the kind. Any text gives a value or null; a value is its own normal form, so a record that
//! passes through twice is the same record.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use linkage::normalize::{Kind, TableSources, Tables, normalize};

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let read = |name: &str| {
        let path = format!("{}/../matching-rules/normalize/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    TABLES.get_or_init(|| {
        let (kanji_fold, municipalities) = (read("kanji_fold.tsv"), read("municipalities.tsv"));
        let sources = TableSources { kanji_fold: &kanji_fold, municipalities: &municipalities };
        Tables::parse(&sources).expect("the tables that are shipped are well formed")
    })
}

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let kind = Kind::ALL[usize::from(choice) % Kind::ALL.len()];
    let Some(value) = normalize(kind, text, tables()) else { return };
    assert!(!value.exact.is_empty(), "{kind:?} {text:?}");
    let again = normalize(kind, &value.exact, tables());
    let again = again.unwrap_or_else(|| panic!("{kind:?} {text:?} gives {value:?}, and that gives null"));
    assert_eq!((&again.exact, again.folded()), (&value.exact, value.folded()), "{kind:?} {text:?}");
});

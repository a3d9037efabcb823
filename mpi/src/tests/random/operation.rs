//! What can happen in a random history; numbers choose among what there is when it happens.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(in crate::tests) enum Operation {
    /// A record of a place arrives, saying what some person says, perhaps with an older time.
    Arrive {
        place: u8,
        person: u8,
        variant: u8,
        is_older: bool,
    },
    Merge(u16, u16),
    Unmerge(u16),
    Link(u16, u16),
    Unlink(u16),
    KeepApart(u16, u16),
    Decide {
        task: u16,
        decision: u8,
    },
    UndoDecision(u16),
    Erase(u16),
}

pub(in crate::tests) fn any(places: u8) -> impl Strategy<Value = Operation> {
    let pair = || (proptest::num::u16::ANY, proptest::num::u16::ANY);
    prop_oneof![
        10 => (0..places, 0..7_u8, 0..4_u8, proptest::bool::weighted(0.15))
            .prop_map(|(place, person, variant, is_older)| Operation::Arrive { place, person, variant, is_older }),
        2 => pair().prop_map(|(one, other)| Operation::Merge(one, other)),
        2 => proptest::num::u16::ANY.prop_map(Operation::Unmerge),
        1 => pair().prop_map(|(record, to)| Operation::Link(record, to)),
        1 => proptest::num::u16::ANY.prop_map(Operation::Unlink),
        1 => pair().prop_map(|(one, other)| Operation::KeepApart(one, other)),
        4 => (proptest::num::u16::ANY, 0..5_u8).prop_map(|(task, decision)| Operation::Decide { task, decision }),
        1 => proptest::num::u16::ANY.prop_map(Operation::UndoDecision),
        1 => proptest::num::u16::ANY.prop_map(Operation::Erase),
    ]
}

/// What persons say of themselves, each in some variants that one person may well have.
const PEOPLE: [&str; 7] = [
    "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222",
    "糸賀 太郎 イトガ タロウ M 1981-12-24 島根県出雲市今市町5-6 0853-55-6666",
    "錦織 次郎 ニシコオリ ジロウ M 1940-01-09 島根県大田市大田町7 0854-77-8888",
    "石飛 一郎 イシトビ イチロウ M 1955-08-15 島根県松江市西川津町1-2-3 0852-11-2222",
    "糸賀 太郎 イトガ タロウ M 1981-12-14 島根県出雲市今市町5-6 0853-55-6667",
    "周藤 美咲 スドウ ミサキ F 2001-03-30 島根県雲南市三刀屋町9 0854-99-1111",
    "錦織 花子 ニシコオリ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-33-4444",
];

pub(super) fn line(person: u8, variant: u8) -> String {
    let line = PEOPLE[usize::from(person) % PEOPLE.len()];
    match variant {
        1 => line.replace("町", "町大字"),
        2 => line.split(' ').take(6).collect::<Vec<_>>().join(" "),
        3 => line.replace("05 ", "06 ").replace("24 ", "25 "),
        _ => line.to_owned(),
    }
}

//! Measures of two addresses, part by part.
//!
//! A part that one address leaves out (the prefecture, often the municipality) contradicts nothing; a part that a
//! measure is about gives `None` when it is missing. Whether two spellings name one town is settled before, by
//! normalisation: here parts are equal or not.

use crate::value::AddressParts;

use super::{Measure, flag};

/// The number of a measure of addresses; `None` for other measures, and where a part that it needs is missing.
pub(super) fn measure(measure: Measure, left: &AddressParts, right: &AddressParts) -> Option<f64> {
    match measure {
        Measure::SameMunicipality => same_municipality(left, right).map(flag),
        Measure::SameTown => same_town(left, right).map(flag),
        Measure::SameNumbers => same_numbers(left, right).map(flag),
        Measure::SameAddress => Some(flag(same_town(left, right)? && same_numbers(left, right)?)),
        _ => None,
    }
}

fn same_municipality(left: &AddressParts, right: &AddressParts) -> Option<bool> {
    if left.municipality.is_empty() || right.municipality.is_empty() {
        return None;
    }
    // 府中市 lies in Tokyo and in Hiroshima.
    Some(left.municipality == right.municipality && agree(&left.prefecture, &right.prefecture))
}

fn same_town(left: &AddressParts, right: &AddressParts) -> Option<bool> {
    if left.town.is_empty() || right.town.is_empty() {
        return None;
    }
    Some(
        left.town == right.town
            && agree(&left.municipality, &right.municipality)
            && agree(&left.prefecture, &right.prefecture),
    )
}

/// Equal, or not known on one side.
fn agree(left: &str, right: &str) -> bool {
    left.is_empty() || right.is_empty() || left == right
}

/// Equal numbers; numbers that only one side has must stand in the building text of the other: `10-201` is room 201
/// of the house that is also written `10 メゾン北堀201号室`.
fn same_numbers(left: &AddressParts, right: &AddressParts) -> Option<bool> {
    if left.numbers.is_empty() || right.numbers.is_empty() {
        return None;
    }
    let (short, long) = if left.numbers.len() <= right.numbers.len() { (left, right) } else { (right, left) };
    let Some(room) = long.numbers.strip_prefix(&*short.numbers) else { return Some(false) };
    Some(room.is_empty() || room.iter().all(|number| stands_in(*number, &short.building)))
}

/// Whether a number stands in a text as a run of digits of its own.
fn stands_in(number: u32, text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_digit()).any(|run| run.parse() == Ok(number))
}

//! Homes, phone numbers and insurance numbers.

use crate::data::{Tables, Town};
use crate::person::{Cover, CoverKind, Home, Phone};
use crate::random::Stream;

/// Regions of the `jp_10k` columns, about as many postcodes as that dataset has at a million records.
pub(crate) const REGIONS_JP10K: u16 = 35;

/// Employers of a region: people of one employer share insurer and symbol.
const EMPLOYERS: u64 = 20_000;

/// A home anywhere in a region.
pub(crate) fn home(stream: &mut Stream, region: u16) -> Home {
    let town = Tables::get().town_weights.draw(stream);
    home_in(stream, region, town)
}

/// A home in a given town.
pub(crate) fn home_in(stream: &mut Stream, region: u16, town: usize) -> Home {
    let number = |stream: &mut Stream, limit| u16::try_from(stream.below(limit) + 1).unwrap_or(1);
    let numbers = match stream.weighted(&[30, 45, 25]) {
        0 => [number(stream, 6), number(stream, 30), number(stream, 25)],
        1 => [0, number(stream, 2_500), number(stream, 9)],
        _ => [0, number(stream, 2_500), 0],
    };
    let (building, room) = if stream.percent(25) {
        let floor = number(stream, 8);
        (number(stream, 40), floor * 100 + number(stream, 12))
    } else {
        (0, 0)
    };
    Home { region, town, numbers, building, room }
}

/// A new home after a move: six in ten stay in the municipality, nine in ten in the region.
pub(crate) fn next_home(stream: &mut Stream, old: Home, regions: u16) -> Home {
    let towns = &Tables::get().towns;
    let same_municipality = |town: usize| {
        let municipality = |place: usize| towns.get(place).map(|town: &Town| town.municipality_place);
        municipality(town) == municipality(old.town)
    };
    if stream.percent(60) {
        let mut next = home(stream, old.region);
        for _ in 0..40 {
            if same_municipality(next.town) {
                break;
            }
            next = home(stream, old.region);
        }
        return next;
    }
    let region = if stream.percent(75) { old.region } else { region(stream, regions) };
    home(stream, region)
}

pub(crate) fn region(stream: &mut Stream, regions: u16) -> u16 {
    u16::try_from(stream.below(u64::from(regions))).unwrap_or(0)
}

pub(crate) fn municipality(home: Home) -> usize {
    Tables::get().towns.get(home.town).map_or(0, |town| town.municipality_place)
}

/// The postcode of a home; other regions have the codes of Shimane shifted by a stride of their own.
pub(crate) fn postcode(home: Home) -> u32 {
    let own: u32 = Tables::get().towns.get(home.town).and_then(|town| town.postcode.parse().ok()).unwrap_or(6_900_000);
    (own + u32::from(home.region) * 277_777) % 10_000_000
}

/// A number on land: the area follows from the postcode (Shimane: 0850 to 0859), six digits are free.
pub(crate) fn landline(stream: &mut Stream, home: Home) -> Phone {
    let area = if home.region == 0 {
        850 + u64::from(postcode(home) / 1_000 % 10)
    } else {
        200 + u64::from(home.region) * 17 % 600 + u64::from(postcode(home) % 10)
    };
    Phone(area * 1_000_000 + 200_000 + stream.below(800_000))
}

pub(crate) fn mobile(stream: &mut Stream) -> Phone {
    Phone(stream.pick(&[90, 80, 70]) * 100_000_000 + 10_000_000 + stream.below(90_000_000))
}

/// Insurance through work.
pub(crate) fn employment(stream: &mut Stream) -> Cover {
    // An employer belongs to one insurer: 協会けんぽ half, 組合 a third, 共済 the rest.
    let employer = u32::try_from(stream.below(EMPLOYERS)).unwrap_or(0);
    let insurer = match employer % 6 {
        0..=2 => 132_001,
        3..=4 => 613_001 + employer / 6 % 40,
        _ => 3_132_001 + employer / 6 % 4 * 100_000 + employer / 24 % 3,
    };
    let symbol = 1_000 + employer * 37 % 9_000 + if employer.is_multiple_of(3) { 21_040_000 } else { 0 };
    Cover {
        kind: CoverKind::Employment,
        insurer: with_check_digit(insurer),
        symbol,
        number: 1 + stream.small(999_999),
        branch: 0,
    }
}

/// Insurance of the municipality of a home.
pub(crate) fn municipal(stream: &mut Stream, home: Home) -> Cover {
    let municipality = u32::try_from(municipality(home)).unwrap_or(0);
    let prefecture = if home.region == 0 { 32 } else { 33 + u32::from(home.region) % 14 };
    Cover {
        kind: CoverKind::Municipal,
        insurer: with_check_digit(prefecture * 1_000 + 1 + municipality),
        symbol: 1 + stream.small(99),
        number: 1_000_000 + stream.small(9_000_000),
        branch: 0,
    }
}

/// Insurance from the 75th birthday on.
pub(crate) fn late_elderly(stream: &mut Stream, home: Home) -> Cover {
    let municipality = u32::try_from(municipality(home)).unwrap_or(0);
    let prefecture = if home.region == 0 { 32 } else { 33 + u32::from(home.region) % 14 };
    Cover {
        kind: CoverKind::LateElderly,
        insurer: with_check_digit(3_900_000 + prefecture * 1_000 + 201 + municipality),
        symbol: 0,
        number: stream.small(99_999_999),
        branch: 0,
    }
}

/// Appends the check digit: products with 2, 1, 2 … from the right, their digits added, up to the next ten.
pub(crate) fn with_check_digit(body: u32) -> u32 {
    let (mut rest, mut factor, mut sum) = (body, 2, 0);
    while rest > 0 {
        let product = rest % 10 * factor;
        sum += product / 10 + product % 10;
        rest /= 10;
        factor = 3 - factor;
    }
    body * 10 + (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: u32, expected: u32) {
        assert_eq!(with_check_digit(body), expected);
    }

    #[test]
    fn check_digits_are_those_published() {
        check(3_312_001, 33_120_015);
        check(113_001, 1_130_012);
        check(132_001, 1_320_019);
        check(32_001, 320_010);
        check(13_805, 138_057);
    }

    #[test]
    fn regions_have_postcodes_of_their_own() {
        let mut stream = Stream::new(1, crate::random::Kind::Household, 1);
        let home = home(&mut stream, 0);
        let elsewhere = Home { region: 3, ..home };
        assert_ne!(postcode(home), postcode(elsewhere));
        assert!((6_840_000..7_000_000).contains(&postcode(home)));
    }
}

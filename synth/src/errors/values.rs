//! Errors in dates, sex, addresses and numbers.

use super::{ErrorKind, Sheet};
use crate::data::Tables;
use crate::random::Stream;
use crate::registration::entry::{ADDRESS_PARTS, Field};

/// Years between the same year number in two eras, and between an era year and a western one; by how often they are
/// mixed up (assumption: 昭和 and 平成 most).
const ERA_SLIPS: [(i32, u32); 7] = [(63, 40), (14, 15), (30, 20), (58, 3), (44, 3), (25, 12), (12, 7)];

/// No birth date is later than this, whatever the slip.
const YEAR_MAX: i32 = 2025;
const YEAR_MIN: i32 = 1890;

pub(super) fn birth_date(sheet: &mut Sheet, stream: &mut Stream) {
    let value = sheet.entry.get(Field::BirthDate).to_owned();
    let mut parts = value.split('-').filter_map(|part| part.parse::<i32>().ok());
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (kind, year, month, day) = match stream.weighted(&[30, 40, 10, 10, 10]) {
        0 => (ErrorKind::EraSlip, era_slip(year, stream), month, day),
        1 => {
            let step = if stream.percent(50) { 1 } else { -1 };
            match stream.weighted(&[30, 25, 45]) {
                0 => (ErrorKind::DigitSlip, year + step * stream.pick(&[1, 1, 10]), month, day),
                1 => (ErrorKind::DigitSlip, year, (month + step + 11) % 12 + 1, day),
                _ => (ErrorKind::DigitSlip, year, month, (day + step - 1).rem_euclid(28) + 1),
            }
        }
        2 if day <= 12 && day != month => (ErrorKind::DayMonth, year, day, month),
        3 if (month, day) != (1, 1) => (ErrorKind::DefaultDate, year, 1, 1),
        _ => {
            let swapped = day % 10 * 10 + day / 10;
            let day = if (1..=28).contains(&swapped) && swapped != day { swapped } else { day % 28 + 1 };
            (ErrorKind::Transposed, year, month, day)
        }
    };
    sheet.replace(Field::BirthDate, kind, &format!("{year:04}-{month:02}-{day:02}"));
}

/// The year moved by one of the slips that stays possible.
pub(crate) fn era_slip(year: i32, stream: &mut Stream) -> i32 {
    let weights = ERA_SLIPS.map(|(_, weight)| weight);
    for _ in 0..20 {
        let (slip, _) = ERA_SLIPS.get(stream.weighted(&weights)).copied().unwrap_or((63, 1));
        let moved = if stream.percent(50) { year + slip } else { year - slip };
        if (YEAR_MIN..=YEAR_MAX).contains(&moved) {
            return moved;
        }
    }
    year - 14
}

pub(super) fn sex(sheet: &mut Sheet, stream: &mut Stream) {
    if stream.percent(50) {
        sheet.replace(Field::Sex, ErrorKind::SexUnknown, "U");
        return;
    }
    let other = if sheet.entry.get(Field::Sex) == "F" { "M" } else { "F" };
    sheet.replace(Field::Sex, ErrorKind::SexFlipped, other);
}

pub(super) fn address(sheet: &mut Sheet, stream: &mut Stream) {
    let value = sheet.entry.get(Field::Address).to_owned();
    let parts: Vec<&str> = value.split(ADDRESS_PARTS).collect();
    let [town, numbers, building] = parts.as_slice() else { return };
    let kind = stream.weighted(&[40, 40, 20]);
    if kind == 0
        && let Some(former) = former_name(town)
    {
        sheet.replace(Field::Address, ErrorKind::FormerMunicipality, &format!("{former}|{numbers}|{building}"));
    } else if kind == 1 && !building.is_empty() {
        sheet.replace(Field::Address, ErrorKind::BuildingDropped, &format!("{town}|{numbers}|"));
    } else {
        let (numbers, kind) = slip(numbers, stream);
        sheet.replace(Field::Address, kind, &format!("{town}|{numbers}|{building}"));
    }
}

/// Municipality and town as they were called before the mergers.
pub(crate) fn former_name(town: &str) -> Option<String> {
    let row = Tables::get()
        .towns
        .iter()
        .find(|row| town.strip_prefix(row.municipality).is_some_and(|rest| rest == row.town) && row.former.is_some())?;
    let (prefix, former) = row.former?;
    Some([former, row.town.strip_prefix(prefix).unwrap_or_default()].concat())
}

/// One digit wrong.
pub(super) fn digit(sheet: &mut Sheet, field: Field, stream: &mut Stream) {
    let value = sheet.entry.get(field).to_owned();
    let (text, kind) = slip(&value, stream);
    sheet.replace(field, kind, &text);
}

/// Two neighbouring digits exchanged, or one replaced by the next.
fn slip(value: &str, stream: &mut Stream) -> (String, ErrorKind) {
    let mut characters: Vec<char> = value.chars().collect();
    let digits: Vec<usize> =
        characters.iter().enumerate().filter(|(_, character)| character.is_ascii_digit()).map(|(at, _)| at).collect();
    // The first digits are the area or the block: clerks know them. The slip falls into the second half.
    let half = digits.len() / 2;
    let Some(&place) = digits.get(half + stream.place(digits.len() - half)) else {
        return (value.to_owned(), ErrorKind::DigitSlip);
    };
    let exchange = place > 0
        && characters
            .get(place - 1)
            .is_some_and(|before| before.is_ascii_digit() && characters.get(place) != Some(before));
    if exchange && stream.percent(40) {
        characters.swap(place - 1, place);
        return (characters.into_iter().collect(), ErrorKind::Transposed);
    }
    if let Some(character) = characters.get_mut(place) {
        let digit = character.to_digit(10).unwrap_or(0);
        *character = char::from_digit((digit + 1 + stream.small(8)) % 10, 10).unwrap_or('0');
    }
    (characters.into_iter().collect(), ErrorKind::DigitSlip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Kind;

    #[test]
    fn era_slips_stay_possible() {
        for year in 1915..=2025 {
            let moved = era_slip(year, &mut Stream::new(2, Kind::FieldErrors, 1));
            assert!((YEAR_MIN..=YEAR_MAX).contains(&moved) && moved != year, "{year} {moved}");
        }
    }

    #[test]
    fn merged_towns_have_a_former_name() {
        let towns = &Tables::get().towns;
        let merged =
            towns.iter().find(|town| town.municipality == "出雲市" && town.town.starts_with("斐川町")).unwrap();
        let former = former_name(&[merged.municipality, merged.town].concat()).unwrap();
        assert!(former.starts_with("簸川郡斐川町大字"), "{former}");
        assert_eq!(former_name("松江市北堀町"), None);
    }

    #[test]
    fn a_slip_changes_one_or_two_late_digits() {
        for id in 0..200 {
            let mut stream = Stream::new(3, Kind::FieldErrors, id);
            let (text, _) = slip("0852-22-5111", &mut stream);
            assert_eq!(text.len(), 12);
            assert!(text != "0852-22-5111" && text.starts_with("0852-"), "{text}");
        }
    }

    #[test]
    fn birth_dates_go_wrong_in_every_way() {
        let mut kinds = std::collections::BTreeSet::new();
        for id in 0..500 {
            let mut sheet = Sheet::default();
            sheet.entry.set(Field::BirthDate, "1948-04-05");
            birth_date(&mut sheet, &mut Stream::new(4, Kind::FieldErrors, id));
            kinds.insert(sheet.labels.first().unwrap().kind);
        }
        assert_eq!(kinds.len(), 5, "{kinds:?}");
    }
}

//! Writes a value the way an institution does: dates, phones, addresses, kana width.
//!
//! Styles lose nothing that a good normalisation cannot bring back; what is lost for good is an error.

use std::fmt::Write as _;

use crate::calendar::Date;
use crate::institution::{AddressStyle, DateStyle, Habits, PhoneStyle};
use crate::registration::entry::{ADDRESS_PARTS, Field};
use crate::settings::Columns;

/// Appends the value of a field in the institution's way.
pub(crate) fn write(out: &mut String, field: Field, value: &str, habits: &Habits, columns: Columns) {
    match field {
        Field::FamilyKana | Field::GivenKana => write_kana(out, value, habits),
        Field::BirthDate => write_date(out, value, habits.date),
        Field::Phone => write_phone(out, value, habits.phone),
        Field::Address => write_address(out, value, habits),
        Field::Postcode if habits.postcode_hyphen => write_postcode(out, value),
        Field::InsurerNo if columns == Columns::Jp10k && value.len() == 6 => {
            out.push_str("00");
            out.push_str(value);
        }
        Field::InsuredSymbol if columns == Columns::Jp10k => out.extend(last_characters(value, 4)),
        Field::InsuredNo if columns == Columns::Jp10k && !value.is_empty() => {
            (value.len()..7).for_each(|_| out.push('0'));
            out.push_str(value);
        }
        Field::InsuredSymbol | Field::InsuredNo if habits.wide_insurance => write_wide(out, value),
        _ => out.push_str(value),
    }
}

fn last_characters(value: &str, count: usize) -> impl Iterator<Item = char> {
    value.chars().skip(value.chars().count().saturating_sub(count))
}

fn write_wide(out: &mut String, value: &str) {
    for character in value.chars() {
        out.push(match character {
            '0'..='9' => char::from_u32(u32::from(character) - u32::from('0') + u32::from('０')).unwrap_or(character),
            '-' => '－',
            _ => character,
        });
    }
}

fn write_postcode(out: &mut String, value: &str) {
    for (place, character) in value.chars().enumerate() {
        if place == 3 {
            out.push('-');
        }
        out.push(character);
    }
}

fn write_date(out: &mut String, value: &str, style: DateStyle) {
    let mut parts = value.split('-').map(str::parse::<i32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else {
        out.push_str(value);
        return;
    };
    let date = Date::new(year, month, day);
    let _ = match style {
        DateStyle::Iso => write!(out, "{value}"),
        DateStyle::Compact => write!(out, "{year:04}{month:02}{day:02}"),
        DateStyle::Slashes => write!(out, "{year:04}/{month:02}/{day:02}"),
        DateStyle::Wareki => {
            let (letter, year) = date.era();
            write!(out, "{letter}{year}.{month}.{day}")
        }
    };
}

fn write_phone(out: &mut String, value: &str, style: PhoneStyle) {
    match style {
        PhoneStyle::Hyphens => out.push_str(value),
        PhoneStyle::Digits => out.extend(value.chars().filter(|character| *character != '-')),
        PhoneStyle::ZeroLost => {
            let digits = value.strip_prefix('0').unwrap_or(value);
            out.extend(digits.chars().filter(|character| *character != '-'));
        }
        PhoneStyle::Wide => write_wide(out, value),
        PhoneStyle::Brackets => {
            let mut brackets = ['(', ')'].into_iter();
            out.extend(value.chars().map(|character| match character {
                '-' => brackets.next().unwrap_or(character),
                _ => character,
            }));
        }
    }
}

fn write_address(out: &mut String, value: &str, habits: &Habits) {
    let mut parts = value.split(ADDRESS_PARTS);
    let town = parts.next().unwrap_or_default();
    if town.is_empty() {
        return;
    }
    if habits.with_prefecture {
        out.push_str("島根県");
    }
    out.push_str(town);
    write_numbers(out, parts.next().unwrap_or_default(), habits.address);
    let building = parts.next().unwrap_or_default();
    if !building.is_empty() {
        out.push(if habits.address == AddressStyle::Wide { '\u{3000}' } else { ' ' });
        out.push_str(building);
    }
}

fn write_numbers(out: &mut String, numbers: &str, style: AddressStyle) {
    match style {
        AddressStyle::Hyphens => out.push_str(numbers),
        AddressStyle::Wide => write_wide(out, numbers),
        AddressStyle::Units | AddressStyle::KanjiUnits => {
            let units: &[&str] = match numbers.matches('-').count() {
                0 => &["番地"],
                1 => &["番地", ""],
                _ => &["丁目", "番", "号"],
            };
            for (number, unit) in numbers.split('-').zip(units) {
                match number.parse() {
                    Ok(chome) if *unit == "丁目" && style == AddressStyle::KanjiUnits => {
                        out.push_str(kanji_digit(chome))
                    }
                    _ => out.push_str(number),
                }
                out.push_str(unit);
            }
        }
    }
}

fn kanji_digit(number: usize) -> &'static str {
    const DIGITS: [&str; 10] = ["〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    DIGITS.get(number).copied().unwrap_or("十")
}

fn write_kana(out: &mut String, value: &str, habits: &Habits) {
    for character in value.chars() {
        let character = if habits.small_kana_large { large_kana(character) } else { character };
        if habits.half_width_kana {
            write_half_width(out, character);
        } else {
            out.push(character);
        }
    }
}

/// The large form of a small kana.
pub(crate) fn large_kana(character: char) -> char {
    const SMALL: &str = "ァィゥェォッャュョ";
    const LARGE: &str = "アイウエオツヤユヨ";
    let place = SMALL.chars().position(|small| small == character);
    place.and_then(|place| LARGE.chars().nth(place)).unwrap_or(character)
}

/// Half-width kana; a voicing mark becomes a character of its own.
fn write_half_width(out: &mut String, character: char) {
    const FULL: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォッャュョー";
    const HALF: &str = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｯｬｭｮｰ";
    let half = |character: char| {
        let place = FULL.chars().position(|full| full == character)?;
        HALF.chars().nth(place)
    };
    if let Some(plain) = half(character) {
        out.push(plain);
    } else if let Some((base, mark)) = split_voiced(character) {
        out.push(half(base).unwrap_or(base));
        out.push(mark);
    } else {
        out.push(if character == '\u{3000}' { ' ' } else { character });
    }
}

/// The unvoiced kana and its half-width mark.
fn split_voiced(character: char) -> Option<(char, char)> {
    const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボヴ";
    const PLAIN: &str = "カキクケコサシスセソタチツテトハヒフヘホウ";
    const HALF_VOICED: &str = "パピプペポ";
    const HALF_PLAIN: &str = "ハヒフヘホ";
    let find = |from: &str, to: &str| from.chars().position(|kana| kana == character).and_then(|at| to.chars().nth(at));
    find(VOICED, PLAIN).map(|base| (base, 'ﾞ')).or_else(|| find(HALF_VOICED, HALF_PLAIN).map(|base| (base, 'ﾟ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: Field, value: &str, habits: &Habits, expected: &str) {
        let mut out = String::new();
        write(&mut out, field, value, habits, Columns::Person);
        assert_eq!(out, expected);
    }

    #[test]
    fn dates() {
        let style = |date| Habits { date, ..Habits::plain() };
        check(Field::BirthDate, "1948-04-05", &style(DateStyle::Wareki), "S23.4.5");
        check(Field::BirthDate, "1948-04-05", &style(DateStyle::Compact), "19480405");
        check(Field::BirthDate, "1948-04-05", &style(DateStyle::Slashes), "1948/04/05");
        check(Field::BirthDate, "", &style(DateStyle::Wareki), "");
    }

    #[test]
    fn phones() {
        let style = |phone| Habits { phone, ..Habits::plain() };
        check(Field::Phone, "0852-22-5111", &style(PhoneStyle::Hyphens), "0852-22-5111");
        check(Field::Phone, "0852-22-5111", &style(PhoneStyle::Brackets), "0852(22)5111");
        check(Field::Phone, "0852-22-5111", &style(PhoneStyle::Wide), "０８５２－２２－５１１１");
        check(Field::Phone, "0852-22-5111", &style(PhoneStyle::ZeroLost), "852225111");
    }

    #[test]
    fn addresses() {
        let style = |address| Habits { address, ..Habits::plain() };
        let value = "松江市北堀町|1-2-3|メゾン北堀201号";
        check(Field::Address, value, &style(AddressStyle::Units), "島根県松江市北堀町1丁目2番3号 メゾン北堀201号");
        check(
            Field::Address,
            value,
            &style(AddressStyle::KanjiUnits),
            "島根県松江市北堀町一丁目2番3号 メゾン北堀201号",
        );
        check(Field::Address, value, &style(AddressStyle::Wide), "島根県松江市北堀町１－２－３　メゾン北堀201号");
        check(Field::Address, "松江市西川津町|1060|", &style(AddressStyle::Units), "島根県松江市西川津町1060番地");
        check(Field::Address, "出雲市塩冶町|89-1|", &style(AddressStyle::Units), "島根県出雲市塩冶町89番地1");
        check(Field::Address, "", &style(AddressStyle::Units), "");
    }

    #[test]
    fn kana() {
        let half = Habits { half_width_kana: true, ..Habits::plain() };
        check(Field::FamilyKana, "ワタナベ", &half, "ﾜﾀﾅﾍﾞ");
        check(Field::GivenKana, "シュンペイ", &half, "ｼｭﾝﾍﾟｲ");
        let large = Habits { small_kana_large: true, ..Habits::plain() };
        check(Field::GivenKana, "ショウイチ", &large, "シヨウイチ");
    }
}

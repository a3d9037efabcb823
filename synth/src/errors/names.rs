//! Errors in names: kanji and readings.

use super::{ErrorKind, Sheet};
use crate::data::{Spelled, Tables};
use crate::institution::{Charset, Habits};
use crate::names::standard_of;
use crate::random::Stream;
use crate::registration::entry::Field;
use crate::style::large_kana;

/// Whose name it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) female: bool,
    pub(super) foreign: bool,
}

/// One error in a name in kanji. A kind that does not apply passes on to the next likelier one.
pub(super) fn kanji(sheet: &mut Sheet, field: Field, context: Context, stream: &mut Stream) {
    let value = sheet.entry.get(field).to_owned();
    let family = field == Field::FamilyKanji;
    // Variant to standard, placeholder, homophone, look-alike, typing.
    let shares = if family { [55, 20, 15, 5, 5] } else { [25, 15, 60, 0, 0] };
    let kind = if context.foreign { 4 } else { stream.weighted(&shares) };
    let changed = match kind {
        0 => variant(&value, family, stream),
        1 => lost_glyph(&value).map(|text| (text, ErrorKind::GlyphLost)),
        2 => None,
        3 => look_alike(&value, stream),
        _ => Some((typing(&value, neighbour(&value), stream), ErrorKind::Typing)),
    };
    let changed = changed
        .or_else(|| homophone(sheet, field, context, stream).map(|text| (text, ErrorKind::Homophone)))
        .or_else(|| look_alike(&value, stream))
        .unwrap_or_else(|| (typing(&value, neighbour(&value), stream), ErrorKind::Typing));
    sheet.replace(field, changed.1, &changed.0);
}

/// A variant becomes the standard character; a name without variants gets one, if its characters have any.
fn variant(value: &str, family: bool, stream: &mut Stream) -> Option<(String, ErrorKind)> {
    if value.chars().any(|character| standard_of(character).is_some()) {
        let text = value.chars().map(|character| standard_of(character).unwrap_or(character)).collect();
        return Some((text, ErrorKind::VariantToStandard));
    }
    let tables = Tables::get();
    let variants = if family { &tables.family_variants } else { &tables.given_variants };
    let fitting: Vec<_> = variants.iter().filter(|variant| value.contains(variant.standard)).collect();
    let chosen = fitting.get(stream.place(fitting.len()))?;
    let mut buffer = [0; 4];
    let text = value.replacen(chosen.standard, chosen.variant.encode_utf8(&mut buffer), 1);
    Some((text, ErrorKind::StandardToVariant))
}

fn lost_glyph(value: &str) -> Option<String> {
    let outside = |character: char| Tables::get().outside.iter().any(|(other, _)| *other == character);
    value
        .chars()
        .any(outside)
        .then(|| value.chars().map(|character| if outside(character) { '■' } else { character }).collect())
}

/// Another spelling that is read the same.
fn homophone(sheet: &Sheet, field: Field, context: Context, stream: &mut Stream) -> Option<String> {
    let tables = Tables::get();
    let value = sheet.entry.get(field);
    let others: Vec<Spelled> = if field == Field::FamilyKanji {
        let reading = sheet.entry.get(Field::FamilyKana);
        tables.surnames.homophones(reading).filter(|row| row.0 != value).collect()
    } else {
        let reading = sheet.entry.get(Field::GivenKana);
        tables.given(context.female).homophones(reading).filter(|row| row.0 != value).collect()
    };
    // A clerk who mistypes mostly keeps one of the characters.
    let near: Vec<Spelled> =
        others.iter().filter(|row| row.0.chars().any(|character| value.contains(character))).copied().collect();
    let from = if !near.is_empty() && stream.percent(60) { near } else { others };
    (!from.is_empty()).then(|| stream.pick(&from).0.to_owned())
}

fn look_alike(value: &str, stream: &mut Stream) -> Option<(String, ErrorKind)> {
    let other = |character: char| {
        Tables::get().look_alikes.iter().find_map(|&(left, right)| match character {
            _ if character == left => Some(right),
            _ if character == right => Some(left),
            _ => None,
        })
    };
    let places: Vec<usize> = value
        .chars()
        .enumerate()
        .filter(|(_, character)| other(*character).is_some())
        .map(|(place, _)| place)
        .collect();
    let chosen = *places.get(stream.place(places.len()))?;
    let swap = |(place, character)| if place == chosen { other(character).unwrap_or(character) } else { character };
    Some((value.chars().enumerate().map(swap).collect(), ErrorKind::LookAlike))
}

/// What a slip of the keys puts into a name in kanji or romaji.
fn neighbour(value: &str) -> char {
    if value.is_ascii() { 'E' } else { '子' }
}

/// A character lost, exchanged with its neighbour, replaced, or added; a text that is not empty always changes.
fn typing(value: &str, replacement: char, stream: &mut Stream) -> String {
    let mut characters: Vec<char> = value.chars().collect();
    if characters.is_empty() {
        return String::new();
    }
    let place = stream.place(characters.len());
    let neighbour = if place == 0 { 1 } else { place - 1 };
    let differs = |at: usize, other: Option<&char>| other.is_some() && characters.get(at) != other;
    match stream.small(4) {
        0 if characters.len() > 1 => {
            characters.remove(place);
        }
        1 if differs(place, characters.get(neighbour)) => characters.swap(place, neighbour),
        2 if differs(place, Some(&replacement)) => {
            if let Some(character) = characters.get_mut(place) {
                *character = replacement;
            }
        }
        _ => characters.insert(place, replacement),
    }
    characters.into_iter().collect()
}

/// One error in a reading.
pub(super) fn kana(sheet: &mut Sheet, field: Field, context: Context, stream: &mut Stream) {
    let value = sheet.entry.get(field).to_owned();
    let changed = match stream.weighted(&[45, 23, 14, 8, 10]) {
        0 => other_reading(sheet, field, context, stream).map(|text| (text, ErrorKind::ReadingGuessed)),
        1 => Some((spelling(&value), ErrorKind::KanaSpelling)),
        2 => voicing(&value, stream).map(|text| (text, ErrorKind::Voicing)),
        3 => Some((long_vowel(&value), ErrorKind::LongVowel)),
        _ => None,
    };
    let changed = changed.filter(|(text, _)| *text != value).unwrap_or_else(|| {
        let replacement = stream.pick(&['ア', 'イ', 'ウ', 'カ', 'キ', 'シ', 'タ', 'ト', 'ナ', 'ノ', 'ミ', 'ラ', 'ン']);
        (typing(&value, replacement, stream), ErrorKind::Typing)
    });
    sheet.replace(field, changed.1, &changed.0);
}

fn other_reading(sheet: &Sheet, field: Field, context: Context, stream: &mut Stream) -> Option<String> {
    let tables = Tables::get();
    let value = sheet.entry.get(field);
    let others: Vec<Spelled> = if field == Field::FamilyKana {
        let spelled = sheet.entry.get(Field::FamilyKanji);
        tables.surnames.rows.iter().filter(|row| row.0 == spelled && row.1 != value).copied().collect()
    } else {
        let spelled = sheet.entry.get(Field::GivenKanji);
        tables.given(context.female).readings(spelled).filter(|row| row.1 != value).collect()
    };
    (!others.is_empty()).then(|| stream.pick(&others).1.to_owned())
}

/// Small kana large; the old kana by their everyday ones.
fn spelling(value: &str) -> String {
    value
        .chars()
        .map(|character| match character {
            'ヂ' => 'ジ',
            'ヅ' => 'ズ',
            'ヲ' => 'オ',
            'ズ' if !value.contains('ヅ') => 'ヅ',
            _ => large_kana(character),
        })
        .collect()
}

/// A voicing mark lost or added.
fn voicing(value: &str, stream: &mut Stream) -> Option<String> {
    const PLAIN: &str = "カキクケコサシスセソタチツテトハヒフヘホ";
    const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ";
    let other = |character: char| {
        let find =
            |from: &str, to: &str| from.chars().position(|kana| kana == character).and_then(|at| to.chars().nth(at));
        find(PLAIN, VOICED).or_else(|| find(VOICED, PLAIN))
    };
    let places: Vec<usize> = value
        .chars()
        .enumerate()
        .filter(|(_, character)| other(*character).is_some())
        .map(|(place, _)| place)
        .collect();
    let chosen = *places.get(stream.place(places.len()))?;
    let swap = |(place, character)| if place == chosen { other(character).unwrap_or(character) } else { character };
    Some(value.chars().enumerate().map(swap).collect())
}

/// オオ and オウ, a long mark, or nothing.
fn long_vowel(value: &str) -> String {
    if value.contains("オオ") {
        return value.replacen("オオ", "オウ", 1);
    }
    match value.char_indices().skip(1).find(|(_, character)| matches!(character, 'ウ' | 'ー')) {
        Some((_, 'ウ')) => value.replacen('ウ', "ー", 1),
        Some((_, 'ー')) => value.replacen('ー', "", 1),
        _ => value.to_owned(),
    }
}

/// What a system of a smaller character set makes of a name, when it cannot hold all of it.
pub(super) fn held_by(value: &str, habits: &Habits) -> Option<(String, ErrorKind)> {
    let outside = &Tables::get().outside;
    let lost = |character: char| {
        outside.iter().any(|(other, cp932)| *other == character && (habits.charset == Charset::JisX0208 || !cp932))
    };
    if !value.chars().any(lost) {
        return None;
    }
    let (glyph, kind) = match habits.lost_glyph {
        Some(glyph) => (Some(glyph), ErrorKind::GlyphLost),
        None => (None, ErrorKind::VariantToStandard),
    };
    let held = |character: char| match glyph {
        _ if !lost(character) => character,
        Some(glyph) => glyph,
        None => standard_of(character).unwrap_or('■'),
    };
    Some((value.chars().map(held).collect(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Kind;

    #[track_caller]
    fn check(changed: &str, expected: &str) {
        assert_eq!(changed, expected);
    }

    #[test]
    fn readings_go_wrong_in_known_ways() {
        check(&spelling("ショウイチ"), "シヨウイチ");
        check(&spelling("チヅコ"), "チズコ");
        check(&spelling("カズオ"), "カヅオ");
        check(&long_vowel("オオノ"), "オウノ");
        check(&long_vowel("ユウコ"), "ユーコ");
        check(&long_vowel("タナカ"), "タナカ");
    }

    #[test]
    fn a_smaller_charset_loses_what_it_cannot_hold() {
        let habits = |charset, lost_glyph| Habits { charset, lost_glyph, ..Habits::plain() };
        let held = |value, charset, glyph| held_by(value, &habits(charset, glyph)).map(|(text, _)| text);
        assert_eq!(held("髙橋", Charset::JisX0208, Some('■')).as_deref(), Some("■橋"));
        assert_eq!(held("髙橋", Charset::JisX0208, None).as_deref(), Some("高橋"));
        assert_eq!(held("髙橋", Charset::Cp932, Some('■')), None);
        assert_eq!(held("𠮷田", Charset::Cp932, Some('〓')).as_deref(), Some("〓田"));
        assert_eq!(held("渡邉", Charset::JisX0208, Some('■')), None);
    }

    #[test]
    fn every_name_error_changes_the_name() {
        let context = Context { female: false, foreign: false };
        for id in 0..500 {
            let mut stream = Stream::new(1, Kind::FieldErrors, id);
            let mut sheet = Sheet::default();
            for (field, value) in [
                (Field::FamilyKanji, "渡邉"),
                (Field::GivenKanji, "健一"),
                (Field::FamilyKana, "ワタナベ"),
                (Field::GivenKana, "ケンイチ"),
            ] {
                sheet.entry.set(field, value);
            }
            kanji(&mut sheet, Field::FamilyKanji, context, &mut stream);
            kanji(&mut sheet, Field::GivenKanji, context, &mut stream);
            kana(&mut sheet, Field::GivenKana, context, &mut stream);
            assert_eq!(sheet.labels.len(), 3, "{:?}", sheet.labels);
        }
    }
}
